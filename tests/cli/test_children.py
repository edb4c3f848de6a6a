"""Processes that end when their parent does, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from controller.adapters.clock import SystemClock
from controller.cli.children import Child, leashed

STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\nsignal.pause()\n"
PATIENCE_SECONDS = 20.0


def a_module(directory: Path, text: str) -> dict[str, str]:
    """Variables under which a module of this text can be run as `told`."""
    (directory / "told.py").write_text(text)
    return {"PYTHONPATH": str(directory), "PATH": os.environ["PATH"]}


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """The parent starts it as `up` does, prints its id, and is killed without a chance to do anything."""
    variables = a_module(tmp_path, "import signal\nsignal.pause()\n")
    parent_program = (
        "import subprocess, sys, signal\n"
        f"child = subprocess.Popen({leashed('told')!r}, stdin=subprocess.PIPE, stdout=sys.stdout)\n"
        "print(child.pid, flush=True)\n"
        "signal.pause()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_program], stdout=subprocess.PIPE, env=variables)
    assert parent.stdout is not None
    int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    # The child holds the other end of this pipe: it closes when the child is gone.
    assert parent.stdout.read() == b""
    parent.stdout.close()


def test_a_child_that_ends_by_itself_leaves_its_last_words(tmp_path: Path) -> None:
    variables = a_module(tmp_path, "import sys\nprint('first')\nsys.exit('no luck')\n")
    child = Child("child", leashed("told"), variables, tmp_path / "child.log")
    child.start()
    assert child.ended_within(PATIENCE_SECONDS, SystemClock())
    assert child.exit_code == 1
    assert child.last_words() == "  first\n  no luck" or child.last_words() == "  no luck\n  first"


def test_a_child_that_ignores_sigterm_can_be_killed(tmp_path: Path) -> None:
    clock, log = SystemClock(), tmp_path / "child.log"
    child = Child("child", leashed("told"), a_module(tmp_path, STUBBORN), log)
    child.start()
    while "deaf" not in child.last_words():
        clock.sleep(0.02)
    child.signal(signal.SIGTERM)
    assert not child.ended_within(0.2, clock)
    assert not child.ended_within(PATIENCE_SECONDS, clock, is_urgent=lambda: True)
    child.signal(signal.SIGKILL)
    assert child.ended_within(PATIENCE_SECONDS, clock)


def test_what_lies_about_in_the_working_directory_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger')\n")
    (tmp_path / "lib").mkdir()
    variables = a_module(tmp_path / "lib", "import json\nprint('fine')\n")
    child = Child("child", leashed("told"), variables, tmp_path / "child.log")
    child.start()
    assert child.ended_within(PATIENCE_SECONDS, SystemClock())
    assert (child.exit_code, child.last_words()) == (0, "  fine")
