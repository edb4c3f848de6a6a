"""`tidegate up`, whole: the shipped sandbox and the controller as processes, on loopback."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import psutil
import pytest

from controller.adapters.clock import SystemClock
from controller.cli.up import Ending, Options, Signals, run

PATIENCE_SECONDS = 90.0


class Running:
    """One `tidegate up` in a directory of its own."""

    def __init__(self, directory: Path, *words: str) -> None:
        self._directory = directory
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "PYTEST_"))}
        command = [sys.executable, "-m", "controller", "up", *words]
        self.process = subprocess.Popen(
            command, cwd=directory, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []

    def until(self, pattern: str) -> str:
        """The first line from here that matches; fails when the output ends before."""
        output: IO[str] | None = self.process.stdout
        assert output is not None
        for line in output:
            self.lines.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"no line matched {pattern}:\n{''.join(self.lines)}")

    def tidegate(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "controller", *words]
        return subprocess.run(command, cwd=self._directory, capture_output=True, text=True, timeout=60, check=False)

    @property
    def sandbox_file(self) -> dict[str, Any]:
        return dict(json.loads((self._directory / ".tidegate" / "sandbox.json").read_text()))

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=10)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGTERM)
    if running.process.stdout is not None:
        running.process.stdout.close()


def test_it_brings_a_version_live_survives_a_killed_controller_and_leaves_nothing(up: Running, tmp_path: Path) -> None:
    line = up.until("^live: ")
    assert re.fullmatch(r"live: dev develop-[0-9a-f]{7} [0-9a-f]{40} in \d+\.\d s\n", line)
    up.until("Ctrl-C ends everything")
    told = up.sandbox_file
    assert set(told) == {"api", "dashboard", "token", "github", "slack", "aws", "balancers", "pids"}
    assert set(told["github"]) == {"api", "git", "webhook_secret"}
    assert httpx.get(told["slack"], trust_env=False).status_code == 200
    assert set(told["balancers"]) == {"dev", "staging", "prod"}
    assert told["api"] == f"{told['dashboard']}/api/v1"
    family = psutil.Process(up.process.pid).children(recursive=True)

    second = subprocess.run(
        [sys.executable, "-m", "controller", "up"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert "another `tidegate up`" in second.stderr

    os.kill(told["pids"]["controller"], signal.SIGKILL)
    up.until("the controller ended .* starting it again")
    assert up.tidegate("watch", "dev", "--wait", "0").returncode == 0
    assert up.sandbox_file["pids"]["controller"] != told["pids"]["controller"]

    family += psutil.Process(up.process.pid).children(recursive=True)
    assert up.end(signal.SIGINT) == 0
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert gone
    assert alive == []
    assert not (tmp_path / ".tidegate" / "sandbox.json").exists()
    assert up.tidegate("status").returncode == 3


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = min(server.getsockname()[1], 65_530)
        assert run(Options(tmp_path / "state", port=port), SystemClock()) == 1
    assert f"--port {port}" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_a_sandbox_that_cant_start_shows_its_last_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    options = Options(tmp_path / "state", modules=("no_such_module", "controller"))
    assert run(options, SystemClock()) == 1
    told = capsys.readouterr().err
    assert "the sandbox could not start (exit code 1)" in told
    assert "No module named no_such_module" in told
    assert signal.getsignal(signal.SIGINT) is before


def test_the_first_signal_ends_and_the_second_hurries() -> None:
    with Signals() as signals:
        with pytest.raises(Ending):
            signal.raise_signal(signal.SIGTERM)
        assert not signals.is_urgent()
        signal.raise_signal(signal.SIGINT)
        assert signals.is_urgent()


def test_a_signal_that_comes_while_it_ends_does_not_interrupt_the_end() -> None:
    with Signals() as signals:
        signals.begin_end()
        signal.raise_signal(signal.SIGINT)
        assert signals.is_urgent()
