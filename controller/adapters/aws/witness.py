"""`ports.Witness`: all that AWS says of a failure, each part by itself.

Tasks that stopped are shown for an hour or so; the newest 100 of a service's events, and alarms for 30 days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from controller.adapters.aws.alarms import AlarmBoard
from controller.adapters.aws.batches import batched
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import (
    DESCRIBE_ALARM_HISTORY,
    DESCRIBE_SERVICES,
    DESCRIBE_TARGET_GROUPS,
    DESCRIBE_TARGET_HEALTH,
    DESCRIBE_TASKS,
    GET_LOG_EVENTS,
    LIST_TASKS,
    Call,
)
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.groups import Groups
from controller.adapters.aws.log_tail import LogTail
from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.tasks import EcsServices
from controller.adapters.aws.wire import alarms as alarm_wire
from controller.adapters.aws.wire import groups as group_wire
from controller.adapters.aws.wire import services as service_wire
from controller.adapters.aws.wire import stopped as wire
from controller.domain.errors import TidegateError, Transient
from controller.domain.evidence import (
    AlarmEvidence,
    Scene,
    ServiceEvent,
    SlotEvidence,
    StoppedTasks,
    Target,
    Testimony,
    Unread,
)
from controller.domain.names import log_group, slot_name
from controller.domain.ports import Clock
from controller.domain.slot import Slot

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TaskTypeDef

BATCH = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html: tasks in one call."""

MOST_TASKS = 300
"""A crash loop stops hundreds in an hour; so many of them are told from each other."""

WITH_LOGS = 3
"""Kinds of stopped tasks whose last log lines are fetched."""

MOST_CHANGES = 10
"""Of one alarm, the newest."""

LONGEST_WHY = 300

LONGEST_SECONDS = 20.0
"""No question begins later than this: what is written down must still be under the pass's lease."""

Found = TypeVar("Found")


class AwsWitness:
    def __init__(
        self, caller: Caller, owner: Owner, foundation: FoundationReader, groups: Groups, clock: Clock
    ) -> None:
        self._caller, self._owner, self._foundation, self._groups = caller, owner, foundation, groups
        self._services = EcsServices(caller, owner)
        self._log, self._board = LogTail(caller), AlarmBoard(caller)
        self._clock = clock

    def tell(self, scenes: Sequence[Scene], alarms: Mapping[str, datetime]) -> Testimony:
        until = self._clock.monotonic() + LONGEST_SECONDS
        slots = tuple(self._slot(scene, until) for scene in scenes)
        reading = Reading(self._clock, until)
        found = [self._alarm(name, after, reading) for name, after in alarms.items()]
        return Testimony(slots, tuple(each for each in found if each is not None), tuple(reading.unread))

    def _slot(self, scene: Scene, until: float) -> SlotEvidence:
        """Stopped tasks first: they are what AWS forgets."""
        reading = Reading(self._clock, until, f"{scene.service} {scene.slot}: ")
        stopped: tuple[StoppedTasks, ...] = ()
        if scene.is_blamed:
            stopped = reading.of("stopped tasks", DESCRIBE_TASKS, partial(self._stopped, scene, reading), stopped)
        targets = self._targets(scene, reading) if scene.routed else ()
        events = self._events(scene, reading) if scene.is_blamed else ()
        lines = self._running(scene, reading) if scene.is_blamed and not any(each.lines for each in stopped) else ()
        told = targets if scene.is_blamed else tuple(target for target in targets if target.is_ill)
        return SlotEvidence(
            scene.service, scene.slot, scene.is_blamed, stopped, told, events, lines, tuple(reading.unread)
        )

    def _alarm(self, name: str, after: datetime, reading: Reading) -> AlarmEvidence | None:
        def read() -> AlarmEvidence | None:
            items = list(islice(self._board.history(name, after), MOST_CHANGES))
            return alarm_wire.evidence(name, items) if items else None

        return reading.of(f"what alarm {name} did", DESCRIBE_ALARM_HISTORY, read, None)

    def _stopped(self, scene: Scene, reading: Reading) -> tuple[StoppedTasks, ...]:
        tasks = self._tasks(scene, "STOPPED", reading)
        ended = wire.ended(tasks, scene.definition, scene.since)
        alike = wire.alike(ended)
        told: list[StoppedTasks] = []
        for tasks in alike:
            is_read = sum(bool(each.lines) for each in told) < WITH_LOGS and wire.has_run(tasks[0])
            lines = self._lines(scene, tasks[0]["taskArn"], reading) if is_read else ()
            told.append(wire.stopped(tasks, lines))
        return tuple(sorted(told, key=lambda each: not each.counts))

    def _running(self, scene: Scene, reading: Reading) -> tuple[str, ...]:
        """What a task says that has not stopped: where requests fail, it may know why."""
        arns = self._listed(scene, "RUNNING", reading)
        return self._lines(scene, min(arns), reading) if arns else ()

    def _tasks(self, scene: Scene, status: wire.Status, reading: Reading) -> list[TaskTypeDef]:
        arns = self._listed(scene, status, reading)
        about = f"{status.lower()} tasks of {self._name(scene)}"

        def read() -> list[TaskTypeDef]:
            cluster = self._foundation.read().cluster
            return [
                task
                for batch in batched(arns, BATCH)
                for task in self._caller.read(DESCRIBE_TASKS({"cluster": cluster, "tasks": batch}), about)["tasks"]
            ]

        return reading.of(about, DESCRIBE_TASKS, read, []) if arns else []

    def _listed(self, scene: Scene, status: wire.Status, reading: Reading) -> list[str]:
        name = self._name(scene)
        about = f"the list of {status.lower()} tasks of {name}"

        def read() -> list[str]:
            asked = LIST_TASKS(wire.listed(self._foundation.read().cluster, name, status))
            pages = self._caller.pages(asked, about)
            return list(islice((arn for page in pages for arn in page["taskArns"]), MOST_TASKS))

        return reading.of(about, LIST_TASKS, read, [])

    def _lines(self, scene: Scene, task: str, reading: Reading) -> tuple[str, ...]:
        group = log_group(self._owner.place, scene.service)
        about = f"the log of task {wire.short(task)}"
        return reading.of(about, GET_LOG_EVENTS, lambda: self._log.lines(group, scene.service, task), ())

    def _targets(self, scene: Scene, reading: Reading) -> tuple[Target, ...]:
        groups: dict[Slot, str] = reading.of(
            f"the target groups of {scene.service}",
            DESCRIBE_TARGET_GROUPS,
            lambda: self._groups.arns(scene.service),
            {},
        )
        arn = groups.get(scene.slot)

        def read(arn: str) -> tuple[Target, ...]:
            asked = DESCRIBE_TARGET_HEALTH({"TargetGroupArn": arn})
            return group_wire.targets(self._caller.read(asked, arn)["TargetHealthDescriptions"])

        return reading.of("target health", DESCRIBE_TARGET_HEALTH, lambda: read(arn), ()) if arn else ()

    def _events(self, scene: Scene, reading: Reading) -> tuple[ServiceEvent, ...]:
        name = self._name(scene)

        def read() -> tuple[ServiceEvent, ...]:
            shown = self._services.active(self._foundation.read().cluster, [name]).get(name)
            return service_wire.events(shown, scene.since) if shown is not None else ()

        return reading.of("service events", DESCRIBE_SERVICES, read, ())

    def _name(self, scene: Scene) -> str:
        return slot_name(self._owner.place, scene.service, scene.slot)


class Reading:
    """Reads parts, and remembers which could not be read, whatever the error: it costs that part, and never the pass,
    which may be about to bring traffic home. `place` stands before the name of each part."""

    def __init__(self, clock: Clock, until: float, place: str = "") -> None:
        self._clock, self._until, self._place = clock, until, place
        self.unread: list[Unread] = []

    def of(self, what: str, call: Call[Any, Any], read: Callable[[], Found], otherwise: Found) -> Found:
        if self._clock.monotonic() >= self._until:
            self._note(what, "AWS takes too long to answer")
            return otherwise
        try:
            return read()
        except TidegateError as error:
            rights = ", ".join(grant.action for grant in call.grants)
            lacks = f"the environment's role lacks {rights} (docs/reference/iam-policy.md)"
            why = lacks if error.code == "aws.denied" else str(error)
            self._note(what, why, isinstance(error, Transient))
        except Exception as error:  # noqa: BLE001 - an answer in a shape that nobody knows yet, a vendor's own error
            self._note(what, f"AWS's answer is not understood: {type(error).__name__} {error}")
        return otherwise

    def _note(self, what: str, why: str, may_pass: bool = False) -> None:
        why = why if len(why) <= LONGEST_WHY else f"{why[:LONGEST_WHY]}…"
        self.unread.append(Unread(f"{self._place}{what}", why, may_pass))
