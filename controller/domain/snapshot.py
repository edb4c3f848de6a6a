"""The picture that one pass decides on: what was asked for, and nothing that was not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.checks import CheckAnswer
from controller.domain.manifest import Route
from controller.domain.slot import Slot, Weights


class Evidence(StrEnum):
    """What `decide` may ask for; `loop/observe.py` fetches what was asked and says so in `Snapshot.has`."""

    SERVICES = "services"  # slots, counts, rollouts, listener rules of the file's services
    TARGETS = "targets"  # target health and target group settings of their slots
    DEFINITIONS = "definitions"  # which contents are registered already
    SMOKE = "smoke"  # answers of the idle slots through their test rules
    VERIFY = "verify"  # answers of the environment from outside
    FAILURES = "failures"  # why tasks of the idle slots stopped


class Rollout(StrEnum):
    """State of the ECS deployment that carries the slot's present task definition."""

    NONE = "none"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True)
class GroupSettings:
    """What a target group is set to. Seconds are whole, as ELBv2 has them."""

    port: int
    path: str
    interval_seconds: int
    timeout_seconds: int
    healthy: int
    unhealthy: int
    deregistration_delay_seconds: int


@dataclass(frozen=True)
class GroupView:
    """`settings` and the counts are None when only the services were asked for."""

    arn: str
    settings: GroupSettings | None = None
    healthy: int | None = None
    unhealthy: int | None = None
    complaints: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class SlotView:
    """One slot as AWS shows it. `content` is the digest that its task definition is tagged with, None when it has
    none."""

    exists: bool
    definition: str | None = None
    content: str | None = None
    desired: int = 0
    running: int = 0
    pending: int = 0
    rollout: Rollout = Rollout.NONE
    rollout_text: str = ""
    failed_tasks: int = 0
    group: GroupView | None = None


@dataclass(frozen=True)
class RuleView:
    """One listener rule; `weights` holds a number for each of our slots, `actions` everything, as opaque JSON.

    `header` is the value a test rule asks for, None for a public rule. `made_by` is the id of the deployment that made
    the rule, None where its tags don't say. `paths` and `hosts` are what it asks for; `conditions` all of that, as
    opaque JSON. `behind` names our other services whose public rules ask for the same requests, and are asked first:
    this rule gets none of them.
    """

    arn: str
    priority: int
    weights: Weights
    actions: str
    header: str | None = None
    made_by: str | None = None
    paths: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    conditions: str = ""
    behind: frozenset[str] = frozenset()

    def asks_for(self, route: Route) -> bool:
        return self.paths == frozenset(route.path) and self.hosts == frozenset(route.host)

    def orphans_before(self, named: Collection[str]) -> tuple[str, ...]:
        """The services that get this rule's requests although the file, whose services are `named`, knows them no
        more."""
        return tuple(sorted(self.behind - set(named)))


@dataclass(frozen=True)
class ServiceView:
    """Both slots of one service and its two rules; None: there is no such rule."""

    slots: Mapping[Slot, SlotView]
    rule: RuleView | None
    test_rule: RuleView | None
    routed: bool

    @property
    def serving(self) -> tuple[Slot, ...]:
        """Slots with traffic. The rule's weights are the truth; a service without a route is where its tasks are."""
        if self.routed:
            return tuple(slot for slot in Slot if self.rule is not None and self.rule.weights.get(slot, 0) > 0)
        return tuple(slot for slot in Slot if self.slots[slot].desired > 0)

    @property
    def live(self) -> Slot | None:
        """The only slot with traffic, or None when there is none; ask `is_split` first."""
        return self.serving[0] if len(self.serving) == 1 else None

    @property
    def is_cut_off(self) -> bool:
        """Tasks run, and no rule leads to them: somebody removed it, or the picture lacks it."""
        return self.routed and self.rule is None and any(view.desired > 0 for view in self.slots.values())

    @property
    def is_split(self) -> bool:
        return len(self.serving) > 1


@dataclass(frozen=True)
class TaskFailure:
    """Why a task stopped: AWS's words, the exit code if there is one, its last log lines, and what it means for
    people."""

    task: str
    stopped_reason: str
    exit_code: int | None
    explanation: str
    counts: bool
    log_lines: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Resolved:
    """What a revision's images stand for: service → `repository@sha256:…`, and for the others a sentence that says
    what is missing, together for those that wait for the same."""

    images: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """`definitions` maps content digests to ARNs. `elapsed` is the time that passed since the last look, by a clock
    that
    never jumps, capped at twice the time that was meant to pass."""

    taken_at: datetime
    elapsed: timedelta = field(default=timedelta(0))
    has: frozenset[Evidence] = field(default=frozenset())
    services: Mapping[str, ServiceView] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    smoke: tuple[CheckAnswer, ...] = field(default=())
    verify: tuple[CheckAnswer, ...] = field(default=())
    failures: Mapping[str, tuple[TaskFailure, ...]] = field(default_factory=dict)
