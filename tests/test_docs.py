"""What the pages say exists."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import MEASURED
from controller.adapters.clock import SystemClock
from controller.cli.main import Parts, build
from controller.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "environments").glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def links(page: Path) -> list[str]:
    """Targets of links within the repository, without their anchors."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [target.split("#")[0] for target in found if not re.match(r"[a-z]+:|#", target)]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = [target for target in links(page) if not (page.parent / target).exists()]
    assert lost == []


def commands() -> list[list[str]]:
    shown = re.findall(r"^\$ tidegate (.+?)(?:\s+#.*)?$", README, re.MULTILINE)
    return [line.split() for line in shown]


def test_the_readme_shows_commands() -> None:
    assert len(commands()) >= 5


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_of_the_readme_is_one(words: list[str]) -> None:
    app = build(Parts(serve=print, migrate=print, back_up=print, restore=print, clock=SystemClock, examine=list))
    verbs = words[: 2 if words[0] == "sandbox" else 1]
    told = CliRunner().invoke(app, [*verbs, "--help"])
    assert told.exit_code == 0, told.output
    options = [word for word in words if word.startswith("--")]
    assert [option for option in options if option not in told.output] == []


def test_every_setting_is_in_the_readme_and_nothing_else() -> None:
    told = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", README))
    assert told == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


MEASURES = re.compile(r"python -m benchmarks ([a-z]+)|\bbenchmarks/([a-z_]+)\.py")
TELLING = sorted([*PAGES, *(ROOT / "controller").rglob("*.py"), ROOT / "Makefile"])


def test_every_benchmark_that_is_named_is_one() -> None:
    found = {name for file in TELLING for each in MEASURES.findall(file.read_text(encoding="utf-8")) for name in each}
    known = {*MEASURED, "balancer", "kills", "__main__"}
    assert len(found) > 5 and {name for name in found if name} - known == set()
