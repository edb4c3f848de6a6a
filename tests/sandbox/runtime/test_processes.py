"""Tasks that are processes: what they see, how they end, and that none is left over."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.clock import LoopClock
from sandbox.images import Image, ImageConfig, ImageStore
from sandbox.runtime import ledger
from sandbox.runtime.addresses import Addresses
from sandbox.runtime.processes import ProcessRuntime
from sandbox.world.ports import (
    ContainerLaunch,
    Endpoint,
    ProbeAnswer,
    ProbeRequest,
    Target,
    TaskLaunch,
    Usage,
)

SERVER = b"""
import http.server, os, signal, socketserver, sys, time
mode = sys.argv[1] if len(sys.argv) > 1 else ""
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(5)
        self.send_response(204 if self.path == "/health" else 404)
        self.end_headers()
    def log_message(self, *args):
        pass
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
socketserver.TCPServer.allow_reuse_address = True
server = socketserver.TCPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
print("up", os.environ["HOST"], os.environ["PORT"], flush=True)
server.serve_forever()
"""


@dataclass
class Events:
    """What the world would be told."""

    started_at: dict[str, Mapping[int, Endpoint]] = field(default_factory=dict)
    ends: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def started(self, task_id: str, endpoints: Mapping[int, Endpoint]) -> None:
        self.started_at[task_id] = endpoints
        self.changed.set()

    def exited(self, task_id: str, exit_code: int | None, reason: str = "") -> None:
        self.ends[task_id] = (exit_code, reason)
        self.changed.set()

    def log(self, task_id: str, line: str, container: str = "") -> None:
        self.lines.append(line)
        self.changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self.changed.clear()
            await self.changed.wait()


class NoCarrier:
    def target_added(self, target: Target) -> None: ...
    def target_gone(self, target: Target) -> None: ...
    def when_idle(self, target: Target, callback: Callable[[], None]) -> None: ...


class Rig:
    def __init__(self, directory: Path) -> None:
        self.images = ImageStore(directory / "images")
        self.events = Events()
        self.runtime = ProcessRuntime(LoopClock(), self.images, NoCarrier(), directory)
        self.runtime.attach(self.events)

    def image(self, *command: str, **config: Any) -> Image:
        files = {"server.py": (0o100644, SERVER), "here/__init__.py": (0o100644, b"")}
        return self.images.add(files, ImageConfig(command or ("python", "server.py"), {"FROM_IMAGE": "1"}, **config))

    def launch(self, image: Image | None, *command: str, **given: Any) -> str:
        """Start a task of one container; its output and end are in `events`."""
        settings: dict[str, Any] = {"environment": {}, "ports": (8000,), **given}
        digest = image.digest if image else "sha256:missing"
        container = ContainerLaunch(
            name="app",
            image=f"registry/app@{digest}",
            repository="app",
            digest=digest,
            command=command,
            entry_point=(),
            environment=settings["environment"],
            ports=settings["ports"],
        )
        task_id = f"{len(self.events.started_at) + len(self.events.ends):032x}"
        self.runtime.start(
            TaskLaunch(
                task_id=task_id,
                arn=f"arn:{task_id}",
                cluster="dev",
                family="app",
                group="service:app",
                account="1",
                region="eu-west-1",
                private_address="10.0.0.1",
                containers=(container,),
                stop_timeout_seconds=1,
            )
        )
        return task_id

    async def run(self, *command: str, **given: Any) -> tuple[int | None, list[str]]:
        """Run a task to its end: exit code and output."""
        task = self.launch(self.image(), *command, **given)
        await self.events.until(lambda: task in self.events.ends)
        return self.events.ends[task][0], self.events.lines

    async def serving(self, *command: str) -> tuple[str, Endpoint]:
        """A task that has said that it is up."""
        task = self.launch(self.image(), *command)
        await self.events.until(lambda: bool(self.events.lines) and task in self.events.started_at)
        return task, self.events.started_at[task][8000]

    async def probe(self, endpoint: Endpoint, path: str = "/health", timeout_seconds: float = 2.0) -> ProbeAnswer:
        answer: asyncio.Future[ProbeAnswer] = asyncio.get_running_loop().create_future()
        request = ProbeRequest(Target("group", "10.0.0.1", 8000), endpoint, path, timeout_seconds)
        self.runtime.probe(request, answer.set_result)
        return await answer


def play(directory: Path, scenario: Callable[[Rig], Awaitable[None]]) -> None:
    """Run a scenario; afterwards no process of it may be left."""

    async def run() -> list[int]:
        async with asyncio.timeout(15):
            rig = Rig(directory)
            try:
                await scenario(rig)
            finally:
                pids = [*rig.runtime.pids, rig.runtime._reaper.pid]
                await rig.runtime.close()
        return pids

    assert [pid for pid in asyncio.run(run()) if psutil.pid_exists(pid)] == []


def python(code: str) -> tuple[str, ...]:
    return ("python", "-c", code)


def test_a_task_listens_where_its_endpoint_says(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        _, endpoint = await rig.serving()
        assert endpoint.host.startswith("127.")
        assert rig.events.lines == [f"up {endpoint.host} {endpoint.port}"]
        assert await rig.probe(endpoint) == ProbeAnswer(204)

    play(tmp_path, scenario)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="what processes use is read where Linux tells it")
def test_what_a_task_uses_is_measured(tmp_path: Path) -> None:
    """Of processors nothing is known before it is asked a second time."""

    async def scenario(rig: Rig) -> None:
        task, _ = await rig.serving()
        first, again = rig.runtime.usage(task), rig.runtime.usage(task)
        assert (first.cores, again.cores >= 0.0) == (0.0, True)
        assert 1.0 < first.mebibytes < 500.0
        assert rig.runtime.usage("nobody") == Usage()

    play(tmp_path, scenario)


def test_no_two_tasks_are_told_to_listen_in_the_same_place() -> None:
    addresses = Addresses()
    first, second = addresses.take((8000, 9000)), addresses.take((8000,))
    assert len({*first.values(), *second.values()}) == 3
    addresses.give(first)


def test_an_address_that_is_taken_is_passed_over() -> None:
    probe = Addresses(7).take((8000,))[8000]
    with socket.create_server((probe.host, probe.port)):
        assert Addresses(7).take((8000,))[8000] != probe


def test_a_task_sees_its_image_and_its_own_environment_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-sandbox")

    async def scenario(rig: Rig) -> None:
        code = "import os, here; print(here.__file__); print(*sorted(os.environ)); print(os.environ['GIVEN'])"
        _, lines = await rig.run(*python(code), environment={"GIVEN": "yes", "HOST": "0.0.0.0"})
        image = rig.image()
        assert lines[0] == str(image.directory / "here" / "__init__.py")
        assert set(lines[1].split()) - {"LC_CTYPE", "PYTHONUNBUFFERED", "__CF_USER_TEXT_ENCODING"} == {
            "FROM_IMAGE", "GIVEN", "HOME", "HOST", "LANG", "PATH", "PORT"
        }  # fmt: skip
        assert lines[2] == "yes"

    play(tmp_path, scenario)


def test_a_task_cannot_be_made_to_listen_beyond_this_machine(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        _, lines = await rig.run(*python("import os; print(os.environ['HOST'])"), environment={"HOST": "0.0.0.0"})
        assert lines[0].startswith("127.")

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("raise SystemExit(0)", 0),
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", 137),
        ("import os; os.kill(os.getpid(), 11)", 139),
    ],
)
def test_exit_codes_are_those_of_a_container(tmp_path: Path, code: str, exit_code: int) -> None:
    async def scenario(rig: Rig) -> None:
        assert (await rig.run(*python(code)))[0] == exit_code

    play(tmp_path, scenario)


def test_output_comes_as_lines_also_the_last_one_without_an_end(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        code = "import sys; print('one'); print('\\u00e4', file=sys.stderr); print('x' * 100000); print('last', end='')"
        _, lines = await rig.run(*python(code))
        assert lines == ["one", "ä", "x" * 100000, "last"]

    play(tmp_path, scenario)


def test_a_task_is_asked_to_stop_and_killed_when_it_does_not(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        polite, _ = await rig.serving()
        rig.runtime.stop(polite, 10)
        await rig.events.until(lambda: polite in rig.events.ends)
        assert rig.events.ends[polite] == (143, "")
        rig.events.lines.clear()
        stubborn, _ = await rig.serving("python", "server.py", "stubborn")
        rig.runtime.stop(stubborn, 0.1)
        await rig.events.until(lambda: stubborn in rig.events.ends)
        assert rig.events.ends[stubborn] == (137, "")

    play(tmp_path, scenario)


def test_a_task_that_is_stopped_before_it_runs_still_ends(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        task = rig.launch(rig.image())
        rig.runtime.stop(task, 0.2)
        await rig.events.until(lambda: task in rig.events.ends)
        assert rig.events.ends[task][0] in (143, 137)

    play(tmp_path, scenario)


def test_what_a_task_has_started_ends_with_it(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        code = (
            "import subprocess, sys;"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(child.pid)"
        )
        _, lines = await rig.run(*python(code))
        # SIGKILL has been sent by now; how soon the kernel is done with it is not ours to say.
        children = [psutil.Process(int(lines[0]))] if psutil.pid_exists(int(lines[0])) else []
        assert psutil.wait_procs(children, timeout=5)[1] == []

    play(tmp_path, scenario)


def test_a_task_ends_when_an_essential_container_ends(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        image = rig.image()

        def container(name: str, code: str, *, essential: bool) -> ContainerLaunch:
            return ContainerLaunch(name, name, "app", image.digest, python(code), (), {}, (), essential)

        waits = "import time; time.sleep(60)"
        launch = TaskLaunch(
            task_id="1",
            arn="arn:1",
            cluster="dev",
            family="app",
            group="service:app",
            account="1",
            region="eu-west-1",
            private_address="10.0.0.1",
            containers=(
                container("sidecar", waits, essential=False),
                container("brief", "raise SystemExit(7)", essential=False),
                container("main", "import time; time.sleep(0.3); raise SystemExit(3)", essential=True),
            ),
            stop_timeout_seconds=1,
        )
        rig.runtime.start(launch)
        await rig.events.until(lambda: "1" in rig.events.ends)
        assert rig.events.ends["1"] == (3, "")

    play(tmp_path, scenario)


def test_a_task_that_no_process_can_be_made_for_is_reported(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        task = rig.launch(rig.image(), environment={"BAD": "\0"})
        await rig.events.until(lambda: task in rig.events.ends)
        code, reason = rig.events.ends[task]
        assert code is None
        assert reason.startswith("CannotStartContainerError: ")

    play(tmp_path, scenario)


def test_a_missing_image_cannot_be_pulled(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        task = rig.launch(None)
        await rig.events.until(lambda: task in rig.events.ends)
        code, reason = rig.events.ends[task]
        assert code is None
        assert reason.startswith("CannotPullContainerError: registry/app@sha256:missing")

    play(tmp_path, scenario)


def test_an_image_for_another_processor_says_so_and_ends(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        task = rig.launch(rig.image(architectures=("ARM64",)))
        await rig.events.until(lambda: task in rig.events.ends)
        assert rig.events.ends[task][0] == 255
        assert [line.partition(": ")[2] for line in rig.events.lines] == ["exec format error"]

    play(tmp_path, scenario)


@pytest.mark.parametrize(("command", "code"), [("/nowhere/to/be/found", 127), ("server.py", 126)])
def test_a_command_that_is_no_program_fails_as_in_a_container(tmp_path: Path, command: str, code: int) -> None:
    async def scenario(rig: Rig) -> None:
        found = command if command.startswith("/") else str(rig.image().directory / command)
        assert (await rig.run(found))[0] == code
        assert rig.events.lines[0].startswith(f"exec {found}: ")

    play(tmp_path, scenario)


def test_probes_say_what_came_back(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        async def rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH\r\n")
            writer.close()

        _, endpoint = await rig.serving()
        server = await asyncio.start_server(rubbish, "127.0.0.1", 0)
        odd = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
        assert await rig.probe(endpoint, "/other") == ProbeAnswer(404)
        assert await rig.probe(endpoint, "/slow", timeout_seconds=0.1) == ProbeAnswer(None, "timeout")
        assert await rig.probe(Endpoint("127.0.0.1", 1)) == ProbeAnswer(None, "refused")
        assert await rig.probe(odd) == ProbeAnswer(None, "malformed")
        server.close()

    play(tmp_path, scenario)


PARENT = """
import asyncio, os, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.sandbox.runtime.test_processes import Rig
async def main():
    rig = Rig(Path({state!r}))
    code = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    for _ in range(3):
        rig.launch(rig.image(), "python", "-c", code)
        before = len(rig.events.lines)
        await rig.events.until(lambda: len(rig.events.lines) > before)
    print(*rig.runtime.pids, *rig.events.lines, rig.runtime._reaper.pid, flush=True)
    if {with_reaper!r} == "no reaper":
        os.kill(rig.runtime._reaper.pid, 9)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def a_killed_sandbox(state: Path, with_reaper: str) -> list[int]:
    """Start a sandbox with three tasks that each have a child, kill -9 it; all process ids, the reaper's last."""
    root = str(Path(__file__).parents[3])
    code = PARENT.format(root=root, state=str(state), with_reaper=with_reaper)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        os.kill(parent.pid, signal.SIGKILL)
    assert len(pids) == 7
    return pids


def test_no_task_outlives_a_sandbox_that_is_killed(tmp_path: Path) -> None:
    pids = a_killed_sandbox(tmp_path, "with reaper")
    _, left = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)
    assert left == []
    assert list(tmp_path.glob("*.ledger")) == []


def test_what_even_the_reaper_missed_is_cleared_at_the_next_start(tmp_path: Path) -> None:
    *pids, _ = a_killed_sandbox(tmp_path, "no reaper")
    children = [psutil.Process(pid) for pid in pids[3:]]

    async def scenario(rig: Rig) -> None:
        assert psutil.wait_procs(children, timeout=5)[1] == []

    play(tmp_path, scenario)
    assert list(tmp_path.glob("*.ledger")) == []


def test_a_process_that_only_has_an_old_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        path = tmp_path / "tasks-1.ledger"
        path.write_text(f"= 1 long-ago\n+ {stranger.pid} long-ago\n+ {stranger.pid}")
        assert ledger.clear(path) == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_second_sandbox_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        (tmp_path / "tasks-1.ledger").write_text(f"= {other.pid} {ledger.started(other.pid)}\n")

        async def start() -> None:
            Rig(tmp_path)

        with pytest.raises(FileExistsError, match="already runs"):
            asyncio.run(start())
        other.kill()
