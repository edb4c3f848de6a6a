"""`tidegate backup` and `tidegate restore` as processes: what they print, and how they end."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from controller.store import Store
from tests.support.database import MovedClock


def tidegate(directory: Path, *words: str, state: str = "state") -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    return subprocess.run(
        [sys.executable, "-m", "controller", *words],
        cwd=directory,
        env=kept | {"TIDEGATE_STATE_DIR": str(directory / state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A directory with a migrated database, and a backup of it."""
    assert tidegate(tmp_path, "migrate").returncode == 0
    assert tidegate(tmp_path, "backup", "kept").returncode == 0
    return tmp_path


def test_a_backup_is_said_to_hold_secrets_and_is_restored_elsewhere(kept: Path) -> None:
    told = tidegate(kept, "backup", "second").stdout
    assert "0 deployments" in told and "keep it as you keep passwords" in told
    assert stat.S_IMODE((kept / "second").stat().st_mode) == 0o600
    done = tidegate(kept, "restore", "second", state="elsewhere")
    assert done.returncode == 0, done.stderr
    assert "0 deployments" in done.stdout and "held" not in done.stdout
    assert (kept / "elsewhere" / "tidegate.db").is_file()


def test_with_json_standard_output_is_one_document(kept: Path) -> None:
    made = json.loads(tidegate(kept, "backup", "second", "--json").stdout)
    done = json.loads(tidegate(kept, "restore", "second", "--json", state="elsewhere").stdout)
    assert set(made) == {"taken_at", "rows", "bytes", "sha256"}
    assert (done["rows"], done["taken_at"]) == (made["rows"], made["taken_at"])
    assert done["ended"] == done["held"] == []


def test_a_backup_is_taken_beside_a_running_controller_and_not_restored_under_it(kept: Path) -> None:
    url = f"sqlite:///{kept / 'state' / 'tidegate.db'}"
    store = Store(url, MovedClock())
    try:
        beside, under = tidegate(kept, "backup", "beside"), tidegate(kept, "restore", "kept", "--replace")
    finally:
        store.close()
    assert beside.returncode == 0, beside.stderr
    assert under.returncode == 1 and "is in use by" in under.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("backup", "kept"), 1, "never replaces"),
        (("backup",), 2, "FILE"),
        (("backup", "nowhere/kept"), 1, "nowhere"),
        (("restore", "nowhere"), 1, "nowhere"),
        (("restore", "damaged"), 1, "not whole"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_refused_is_a_sentence(kept: Path, words: tuple[str, ...], code: int, told: str) -> None:
    (kept / "damaged").write_bytes((kept / "kept").read_bytes()[:-9])
    done = tidegate(kept, *words)
    assert done.returncode == code
    assert told in done.stderr and "Traceback" not in done.stderr and done.stdout == ""


def test_rows_are_lost_only_when_that_is_said(kept: Path) -> None:
    store = Store(f"sqlite:///{kept / 'state' / 'tidegate.db'}", MovedClock())
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    store.close()
    refused, done = tidegate(kept, "restore", "kept"), tidegate(kept, "restore", "kept", "--replace")
    assert refused.returncode == 1 and "--replace" in refused.stderr
    assert done.returncode == 0, done.stderr


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", sorted(set(re.findall(r"(?:\$ |exec \S+ |`)tidegate ([a-z]+)", PAGE))))
def test_every_verb_of_the_operations_page_is_one(tmp_path: Path, words: str) -> None:
    done = tidegate(tmp_path, words, "--help")
    assert done.returncode == 0, done.stderr


def test_the_operations_page_names_the_options_that_there_are(tmp_path: Path) -> None:
    assert "`--replace`" in PAGE and "--replace" in tidegate(tmp_path, "restore", "--help").stdout
