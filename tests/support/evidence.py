"""What was known of a failure: of a backend that crashes in green."""

from controller.domain.alarms import AlarmState
from controller.domain.evidence import (
    AlarmChange,
    AlarmEvidence,
    ContainerEnd,
    FailureEvidence,
    HookEvidence,
    ServiceEvent,
    SlotEvidence,
    StoppedTasks,
    Target,
    Unread,
)
from controller.domain.metrics import Finding, Result
from controller.domain.slot import Slot
from tests.support.builders import NOON

CRASHED = StoppedTasks(
    times=4,
    task="3f2a",
    stopped_at=NOON,
    stop_code="EssentialContainerExited",
    reason="Essential container in task exited",
    containers=(ContainerEnd("backend", 1),),
    explanation="The program ended with an error at start",
    counts=True,
    lines=("begin", '{"event": "cannot start", "reason": "no table"}'),
)
GREEN = SlotEvidence(
    service="backend",
    slot=Slot.GREEN,
    is_blamed=True,
    stopped=(CRASHED,),
    targets=(Target("10.0.0.1:8000", "unhealthy", "Target.FailedHealthChecks", "Health checks failed"),),
    events=(ServiceEvent(NOON, "deployment failed: tasks failed to start.", 2),),
    unread=(Unread("backend green: service events", "the environment's role lacks ecs:DescribeServices"),),
)
RANG = AlarmEvidence("dev-5xx", (AlarmChange(NOON, AlarmState.RINGING, "25 > 1"),), 1.0, (25.0,))
FOUND = FailureEvidence(
    deployment="dev-2",
    about="dev-2",
    step=9,
    gathered_at=NOON,
    slots=(GREEN,),
    alarms=(RANG,),
    findings=(Finding("backend", "errors", Result.FAILED, "5.00% failed", 0.05, 0.01, 600, 1),),
    hooks=(HookEvidence("before backend", "exit code 3", 3, ("no lock",)),),
)
