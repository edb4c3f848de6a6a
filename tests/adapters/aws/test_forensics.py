"""Why tasks stopped, with their last words."""

from __future__ import annotations

import pytest

from controller.adapters.aws.forensics import SHOWN, WITH_LOGS
from controller.adapters.aws.log_tail import LINES
from controller.domain.errors import Transient
from controller.domain.slot import Slot
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import Rig

CRASH = Script(ends_after_seconds=1.0, exit_code=1, log_lines=tuple(f"line {number}" for number in range(30)))


def crashing(rig: Rig, script: Script = CRASH) -> None:
    rig.sandbox.runtime.script("captioncraft-backend", script)
    rig.run(rig.content())
    rig.clock.run_until(lambda: rig.service()["deployments"][0]["rolloutState"] == "FAILED")
    rig.world.calls.clear()


def test_a_crash_is_explained_with_its_last_lines(rig: Rig) -> None:
    crashing(rig)
    newest = rig.cloud.looks.failures("backend", Slot.BLUE)[0]
    assert newest.exit_code == 1
    assert newest.counts
    assert "last log lines" in newest.explanation
    assert newest.log_lines == tuple(f"line {number}" for number in range(10, 30))
    assert len(newest.log_lines) == LINES


def test_newest_first_and_not_too_many(rig: Rig) -> None:
    crashing(rig)
    failures = rig.cloud.looks.failures("backend", Slot.BLUE)
    shown = rig.sandbox.ecs.describe_tasks(cluster="dev", tasks=[each.task for each in failures])["tasks"]
    stopped = {task["taskArn"]: task["stoppedAt"] for task in shown}
    assert [stopped[each.task] for each in failures] == sorted(stopped.values(), reverse=True)
    assert 3 <= len(failures) <= SHOWN
    assert len(rig.calls("GetLogEvents")) == WITH_LOGS


def test_tasks_of_an_earlier_version_are_not_held_against_this_one(rig: Rig) -> None:
    crashing(rig)
    second = rig.content(tag="v2")
    rig.sandbox.runtime.script(second.image.split("@")[1], Script())
    rig.run(second)
    rig.clock.advance(60)
    assert [each for each in rig.cloud.looks.failures("backend", Slot.BLUE) if each.counts] == []


def test_a_missing_image_needs_no_log(rig: Rig) -> None:
    content = rig.content()
    missing = content.image.split("@")[0] + "@sha256:" + "0" * 64
    rig.run(rig.content(image=missing))
    rig.clock.run_until(lambda: rig.service()["deployments"][0]["rolloutState"] == "FAILED")
    rig.world.calls.clear()
    newest = rig.cloud.looks.failures("backend", Slot.BLUE)[0]
    assert (newest.exit_code, newest.log_lines) == (None, ())
    assert "no such image" in newest.explanation
    assert rig.calls("GetLogEvents") == []


def test_a_log_group_that_is_gone_leaves_the_explanation(rig: Rig) -> None:
    crashing(rig)
    rig.sandbox.logs.delete_log_group(logGroupName="/ecs/captioncraft-dev/backend")
    newest = rig.cloud.looks.failures("backend", Slot.BLUE)[0]
    assert (newest.exit_code, newest.log_lines) == (1, ())


def test_a_log_that_may_not_be_read_leaves_the_explanation(rig: Rig) -> None:
    crashing(rig)
    rig.world.faults.add(Fault(kind="denied", operation="GetLogEvents"))
    newest = rig.cloud.looks.failures("backend", Slot.BLUE)[0]
    assert (newest.exit_code, newest.log_lines) == (1, ())


def test_a_slot_that_is_not_there_has_no_failures(rig: Rig) -> None:
    assert rig.cloud.looks.failures("backend", Slot.GREEN) == ()


def test_what_cannot_be_read_is_an_error(rig: Rig) -> None:
    crashing(rig)
    rig.world.faults.add(Fault(kind="throttle", operation="DescribeTasks"))
    with pytest.raises(Transient):
        rig.cloud.looks.failures("backend", Slot.BLUE)
