"""The five minutes of the README, command by command, as a new user types them."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIDEGATE = Path(sys.executable).with_name("tidegate")
PATIENCE_SECONDS = 60
MAY_SAY_NO = ("tidegate watch", "tidegate explain", "tidegate sandbox traffic")
"""Their exit codes say how it went, and two of the versions are meant to fail."""


def commands() -> list[str]:
    """What the README tells to type after `make up`, without its comments."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^\$ (tidegate .+?)(?:\s+#.*)?$", readme, re.MULTILINE)


@contextmanager
def up(directory: Path) -> Iterator[list[str]]:
    """`tidegate up` until the first version is live; the lines that it printed."""
    with subprocess.Popen(
        [TIDEGATE, "up"], cwd=directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        overdue = threading.Timer(PATIENCE_SECONDS, process.kill)
        overdue.start()
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("live: dev "):
                break
        overdue.cancel()
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
        reader.start()
        try:
            yield lines
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE_SECONDS) == 0, "".join(lines)
            reader.join()


def test_the_five_minutes_of_the_readme_go_as_they_are_told(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{TIDEGATE.parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    told = []
    with up(tmp_path) as lines:
        assert any(line.startswith("live: dev ") for line in lines), "".join(lines)
        for command in commands():
            done = subprocess.run(
                shlex.split(command),
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
            told.append(f"$ {command}\n{done.stdout}{done.stderr}")
            allowed = {0, 1} if command.startswith(MAY_SAY_NO) else {0}
            assert done.returncode in allowed, "\n".join(told)
    assert "succeeded" in "".join(told), "\n".join(told)
    assert "(analysis.failed)" in shown(told, "dev-4"), "\n".join(told)


def shown(told: list[str], deployment: str) -> str:
    return next(each for each in told if each.startswith(f"$ tidegate show {deployment}\n"))
