"""The picture that one pass decides on: what was asked for, and nothing that was not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from controller.domain.alarms import Alarms
from controller.domain.capacity import Capacity
from controller.domain.checks import CheckAnswer
from controller.domain.commit_checks import CommitCheck
from controller.domain.electorate import UNSEEN, Electorate
from controller.domain.evidence import FailureEvidence
from controller.domain.hooks import Run
from controller.domain.manifest import Route
from controller.domain.metrics import Readings
from controller.domain.reason import Reason
from controller.domain.scaling import ScalingView
from controller.domain.scans import Scan
from controller.domain.series import Groups
from controller.domain.slot import Slot, Weights
from controller.domain.soak import Soaked
from controller.domain.standing import Standing
from controller.domain.switch import ArmedSwitch


class Evidence(StrEnum):
    """What `decide` may ask for; `loop/observe.py` fetches what was asked and says so in `Snapshot.has`."""

    SERVICES = "services"  # slots, counts, rollouts, listener rules of the file's services
    TARGETS = "targets"  # target health and target group settings of their slots
    DEFINITIONS = "definitions"  # which contents are registered already
    SMOKE = "smoke"  # answers of the idle slots through their test rules
    VERIFY = "verify"  # answers of the environment from outside
    FAILURES = "failures"  # why tasks of the idle slots stopped
    HOOK = "hook"  # the task of a hook, and whether its command has run already
    SWITCHES = "switches"  # the dead-man's switches of the services whose traffic is shared
    METRICS = "metrics"  # what CloudWatch counted of both slots since the traffic first rose
    SCALING = "scaling"  # how the numbers of tasks in both slots move by themselves
    ALARMS = "alarms"  # the alarms that watch, with what they did since the traffic first rose
    STANDING = "standing"  # the alarms that stand at all times, and the dashboard
    CHECKS = "checks"  # GitHub's checks of the commit
    SCANS = "scans"  # ECR's scans of the images
    SOAK = "soak"  # how long the version has been healthy elsewhere
    PEOPLE = "people"  # who may approve, and who made what is to be approved
    FORENSICS = "forensics"  # all that AWS knows of a failure; it is only written down


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
class DefinitionView:
    """What a task definition says of what Tidegate declares, AWS's defaults filled in.

    `image`, `command` and what follows are of the container that has the service's name; None and empty where there is
    none. `command` is empty where the image's own runs. `references` are ARNs and names of parameters; the values of
    `environment` may be secrets that somebody put there by hand: they are compared, and never shown or stored.
    """

    containers: tuple[str, ...]
    cpu: int
    memory: int
    architecture: str
    execution_role: str
    task_role: str | None
    image: str | None = None
    command: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    stop_timeout_seconds: int = 30
    environment: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ServiceSettings:
    """What an ECS service is set to, AWS's defaults filled in; lists without an order are sorted.

    `breaker` says in words what its circuit breaker does, `capacity` what its tasks run on. `targets` are the
    container, the port and the ARN of each target group that its tasks are in.
    """

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    public_ip: bool
    capacity: str
    platform: str
    targets: tuple[tuple[str, int, str], ...]
    minimum_percent: int
    maximum_percent: int
    breaker: str
    grace_seconds: int


@dataclass(frozen=True)
class SlotView:
    """One slot as AWS shows it. `content` is the digest that its task definition is tagged with, None when it has
    none. `runs` is what that definition really says: tags can be copied. `scaling` is None where the slot has none, and
    where it was not asked for."""

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
    capacity: Capacity = field(default=Capacity())
    scaling: ScalingView | None = None
    runs: DefinitionView | None = None
    settings: ServiceSettings | None = None


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

    @cached_property
    def serving(self) -> tuple[Slot, ...]:
        """Slots with traffic. The rule's weights are the truth; a service without a route is where its tasks are, and
        while it is asleep where it scales."""
        if self.routed:
            return tuple(slot for slot in Slot if self.rule is not None and self.rule.weights.get(slot, 0) > 0)
        with_tasks = tuple(slot for slot in Slot if self.slots[slot].desired > 0)
        return with_tasks or tuple(slot for slot in Slot if self.slots[slot].scaling is not None)

    @property
    def live(self) -> Slot | None:
        """The only slot with traffic, or None when there is none; ask `is_split` first."""
        return self.serving[0] if len(self.serving) == 1 else None

    @property
    def idle(self) -> Slot:
        """Where a new version goes: a service that is new starts in blue, unless blue holds something and green
        doesn't."""
        if self.live:
            return self.live.other
        return Slot.GREEN if self.slots[Slot.BLUE].desired > self.slots[Slot.GREEN].desired else Slot.BLUE

    @property
    def is_cut_off(self) -> bool:
        """Tasks run, and no rule leads to them: somebody removed it, or the picture lacks it."""
        return self.routed and self.rule is None and any(view.desired > 0 for view in self.slots.values())

    @property
    def is_split(self) -> bool:
        return len(self.serving) > 1

    @property
    def groups(self) -> Groups:
        return {slot: view.group.arn for slot, view in self.slots.items() if view.group is not None}

    @property
    def filled(self) -> Slot | None:
        """The only slot that is to run tasks; None where both are, or neither."""
        found = [slot for slot in Slot if self.slots[slot].desired > 0]
        return found[0] if len(found) == 1 else None

    @property
    def is_moved_by_hand(self) -> bool:
        """The traffic is not where the tasks are, or in both slots, and nothing of ours moves it."""
        return self.is_split or (self.live is not None and self.filled is self.live.other)


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
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class TaskView:
    """A one-off task as AWS shows it. `exit_codes` are those of its containers, all of them essential; None: it never
    ran. `failure` says why it has not done what it was started for."""

    task: str
    is_stopping: bool = False
    is_stopped: bool = False
    exit_codes: tuple[int | None, ...] = ()
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    failure: TaskFailure | None = None

    @property
    def has_succeeded(self) -> bool:
        return self.is_stopped and bool(self.exit_codes) and all(code == 0 for code in self.exit_codes)


@dataclass(frozen=True)
class HookView:
    """What is known about the hook of the step with this number: its task, and the run that did the same before it."""

    step: int
    task: TaskView | None = None
    earlier: Run | None = None


@dataclass(frozen=True)
class Resolved:
    """What a revision's images stand for: service → `repository@sha256:…`, and for the others a sentence that says
    what is missing, together for those that wait for the same."""

    images: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """`definitions` maps content digests to ARNs. `elapsed` is the time that passed since the last look, by a clock
    that never jumps, capped at twice the time that was meant to pass. `switches` has only services that have one, or
    says why they could not be read: what watches the traffic goes on without them, what raises it does not. So does
    `standing`. `deaf` says why the alarms could not be read: then there are none in the picture.
    `gathered` is only to be written down. `checks`, `scans` of each image, and `electorate` say why where they could
    not be read; `soaked` has only environments that ever ran this version."""

    taken_at: datetime
    elapsed: timedelta = field(default=timedelta(0))
    has: frozenset[Evidence] = field(default=frozenset())
    services: Mapping[str, ServiceView] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    smoke: tuple[CheckAnswer, ...] = field(default=())
    verify: tuple[CheckAnswer, ...] = field(default=())
    failures: Mapping[str, tuple[TaskFailure, ...]] = field(default_factory=dict)
    alarms: Alarms = field(default_factory=dict)
    deaf: Reason | None = None
    hook: HookView | None = None
    switches: Mapping[str, ArmedSwitch] | Reason = field(default_factory=dict)
    readings: Readings = field(default_factory=Readings)
    standing: Standing | Reason = field(default_factory=Standing)
    gathered: FailureEvidence | None = None
    checks: tuple[CommitCheck, ...] | Reason = ()
    scans: Mapping[str, Scan | Reason] = field(default_factory=dict)
    soaked: Mapping[str, Soaked] = field(default_factory=dict)
    electorate: Electorate | Reason = UNSEEN

    @property
    def groups(self) -> Mapping[str, Groups]:
        return {name: view.groups for name, view in self.services.items()}
