"""Scripted tasks keep to their script, to the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import Script, ScriptedRuntime, sick_after
from sandbox.world.ports import ContainerLaunch, Endpoint, ProbeAnswer, ProbeRequest, Target, TaskLaunch

IMAGE = ContainerLaunch("web", "web:1", "web", "sha256:1", (), (), {}, (8000,))
LAUNCH = TaskLaunch("t1", "arn", "dev", "web", "service:web", "1", "eu-west-1", "10.0.0.1", (IMAGE,), 5.0)
TARGET = Target("arn:group", "10.0.0.1", 8000, "t1")


class Heard:
    """What a runtime reports, with the time."""

    def __init__(self, clock: VirtualClock) -> None:
        self.said: list[tuple[float, str, object]] = []
        self._clock = clock

    def started(self, task_id: str, endpoints: Mapping[int, Endpoint]) -> None:
        self.said.append((self._clock.monotonic(), "started", dict(endpoints)))

    def exited(self, task_id: str, exit_code: int | None, reason: str = "") -> None:
        self.said.append((self._clock.monotonic(), "exited", reason or exit_code))

    def log(self, task_id: str, line: str, container: str = "") -> None:
        self.said.append((self._clock.monotonic(), "log", line))


class Rig:
    def __init__(self, script: Script) -> None:
        self.clock = VirtualClock()
        self.runtime = ScriptedRuntime(self.clock, script)
        self.heard = Heard(self.clock)
        self.runtime.attach(self.heard)

    def probe(self) -> ProbeAnswer:
        answers: list[ProbeAnswer] = []
        self.runtime.probe(ProbeRequest(TARGET, Endpoint("10.0.0.1", 8000), "/health", 2.0), answers.append)
        assert answers == []
        self.clock.run_until(lambda: bool(answers))
        return answers[0]


def test_a_task_starts_writes_and_crashes_on_time() -> None:
    rig = Rig(Script(start_seconds=1, ends_after_seconds=4, exit_code=3, log_lines=("hello",)))
    rig.runtime.start(LAUNCH)
    rig.clock.advance(10)
    address = {8000: Endpoint("10.0.0.1", 8000)}
    assert rig.heard.said == [(1, "started", address), (1, "log", "hello"), (5, "exited", 3)]
    assert rig.runtime.running == []


def test_a_task_that_cannot_start_says_why() -> None:
    rig = Rig(Script(start_failure="CannotStartContainerError: no such file"))
    rig.runtime.start(LAUNCH)
    rig.clock.advance(1)
    assert rig.heard.said == [(0.5, "exited", "CannotStartContainerError: no such file")]


@pytest.mark.parametrize(("stop_seconds", "expected"), [(2, (12, "exited", 143)), (60, (15, "exited", 137))])
def test_a_stop_is_sigterm_and_then_sigkill(stop_seconds: float, expected: tuple[float, str, int]) -> None:
    rig = Rig(Script(start_seconds=0, stop_seconds=stop_seconds))
    rig.runtime.start(LAUNCH)
    rig.clock.advance(10)
    rig.runtime.stop("t1", 5.0)
    rig.runtime.stop("t1", 5.0)
    rig.runtime.stop("unknown", 5.0)
    rig.clock.advance(100)
    assert rig.heard.said[1:] == [expected]


def test_a_stop_before_the_start_means_it_never_ran() -> None:
    rig = Rig(Script(start_seconds=5))
    rig.runtime.start(LAUNCH)
    rig.runtime.stop("t1", 5.0)
    rig.clock.advance(10)
    assert rig.heard.said == [(0, "exited", None)]


def test_health_follows_age_once_it_has_booted() -> None:
    rig = Rig(Script(start_seconds=0, boot_seconds=2, health=sick_after(10, 503)))
    rig.runtime.start(LAUNCH)
    rig.clock.advance(1)
    assert rig.probe() == ProbeAnswer(None, "refused")
    rig.clock.advance(4)
    assert rig.probe() == ProbeAnswer(200)
    rig.clock.advance(10)
    assert rig.probe() == ProbeAnswer(503)


def test_a_slow_task_times_out() -> None:
    rig = Rig(Script(start_seconds=0, boot_seconds=0, latency_seconds=9))
    rig.runtime.start(LAUNCH)
    rig.clock.advance(1)
    assert rig.probe() == ProbeAnswer(None, "timeout")
    assert rig.clock.monotonic() == 3


def test_an_error_rate_is_kept_exactly_and_evenly() -> None:
    rig = Rig(Script(start_seconds=0, boot_seconds=0, error_rate=0.3))
    rig.runtime.start(LAUNCH)
    rig.clock.advance(1)
    statuses = [rig.runtime.respond(TARGET).status for _ in range(100)]
    assert statuses.count(500) == 30
    assert all(statuses[index : index + 10].count(500) == 3 for index in range(0, 100, 10))


def test_nobody_answers_where_nothing_runs() -> None:
    rig = Rig(Script())
    assert rig.runtime.respond(TARGET).status == 502


def test_scripts_are_chosen_by_digest_then_repository_then_default() -> None:
    rig = Rig(Script(start_seconds=0, boot_seconds=0, body="default"))
    rig.runtime.script("web", Script(start_seconds=0, boot_seconds=0, body="repository"))
    rig.runtime.script("sha256:1", Script(start_seconds=0, boot_seconds=0, body="digest"))
    other = replace(IMAGE, digest="sha256:2")
    third = replace(IMAGE, repository="api", digest="sha256:3")
    for task_id, image in (("t1", IMAGE), ("t2", other), ("t3", third)):
        rig.runtime.start(replace(LAUNCH, task_id=task_id, containers=(image,)))
    rig.clock.advance(1)
    bodies = [rig.runtime.respond(replace(TARGET, task_id=f"t{number}")).body for number in (1, 2, 3)]
    assert bodies == ["digest", "repository", "default"]


def test_a_target_is_idle_after_its_last_request_and_never_once_gone() -> None:
    rig = Rig(Script(start_seconds=0, drain_seconds=3))
    rig.runtime.start(LAUNCH)
    rig.clock.advance(1)
    idle: list[float] = []
    rig.runtime.when_idle(TARGET, lambda: idle.append(rig.clock.monotonic()))
    rig.clock.advance(5)
    assert idle == [4]
    rig.runtime.when_idle(TARGET, lambda: idle.append(rig.clock.monotonic()))
    rig.runtime.target_gone(TARGET)
    rig.clock.advance(5)
    assert idle == [4]
