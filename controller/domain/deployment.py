"""One attempt to carry out one plan; it keeps its history, and its id while it turns back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.approval import Vote
from controller.domain.content import Content
from controller.domain.hooks import Run, unrun
from controller.domain.manifest import EnvironmentFile, Service
from controller.domain.metrics import Finding
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.domain.scaling import Bounds, Scaling, bounds_now, scaling_of
from controller.domain.secret import Secret
from controller.domain.slot import Sides, Slot
from controller.domain.states import PHASES, VERBS, Shown, state_of
from controller.domain.step import Step, StepKind, StepState
from controller.domain.undo import UndoRecord
from controller.domain.verdict import Judged


class Phase(StrEnum):
    WAITING = "waiting"  # its gates are not all open
    RUNNING = "running"  # its steps are carried out, in order
    SUCCEEDED = "succeeded"  # settled; the old slot may still be warm
    ROLLING_BACK = "rolling_back"  # traffic goes home, then tasks
    ROLLED_BACK = "rolled_back"  # what was live before is live again
    FAILED = "failed"  # there was nothing to go back to, or nothing had changed
    SUPERSEDED = "superseded"  # a newer revision took its place before it started
    REJECTED = "rejected"  # a person, or a rule, said no
    EXPIRED = "expired"  # a gate's time was over
    ABORTED = "aborted"  # a person stopped it; traffic is home, unless it could not go there

    @property
    def words(self) -> str:
        """Those of every page, terminal and message: `turning back`."""
        return PHASES[self].text

    @property
    def said(self) -> str:
        """For sentences: `is turning back`, `has failed`."""
        return f"{VERBS.get(self, 'is')} {self.words}"


MAY_FOLLOW: Mapping[Phase, frozenset[Phase]] = {
    Phase.WAITING: frozenset(
        {Phase.RUNNING, Phase.SUCCEEDED, Phase.SUPERSEDED, Phase.REJECTED, Phase.EXPIRED, Phase.ABORTED}
    ),
    Phase.RUNNING: frozenset({Phase.SUCCEEDED, Phase.ROLLING_BACK, Phase.ABORTED}),
    Phase.ROLLING_BACK: frozenset({Phase.ROLLED_BACK, Phase.FAILED, Phase.ABORTED}),
    Phase.SUCCEEDED: frozenset(),
    Phase.ROLLED_BACK: frozenset(),
    Phase.FAILED: frozenset(),
    Phase.SUPERSEDED: frozenset(),
    Phase.REJECTED: frozenset(),
    Phase.EXPIRED: frozenset(),
    Phase.ABORTED: frozenset(),
}
"""Every move there is. Waiting succeeds at once when nothing rolls; what runs is aborted where it stands only when its
rows were restored and the world has gone on, and what turns back when it can't get home."""

IN_FLIGHT = frozenset({Phase.RUNNING, Phase.ROLLING_BACK})
FINAL = frozenset(phase for phase, following in MAY_FOLLOW.items() if not following)


HANDING_OVER = timedelta(minutes=5)
"""So long whoever is next waits for scaling to be handed over."""

WAKING = timedelta(minutes=5)
"""So long after the clock has let tasks run again they may still be starting."""


RUNNING = "deployment.running"
"""The code of the reason of what runs, as long as nothing else is to be said of it."""

RESTART_ORDERED = "restart.ordered"
"""The code of what makes a deployment that restarts what is live."""


class Kind(StrEnum):
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    CORRECT = "correct"  # what is live is made again as its file declares it
    PRUNE = "prune"


@dataclass(frozen=True)
class Rolling:
    """One service that a plan moves: the content digest that was live (None: new or unknown), and the content to come.

    `is_new`: no slot of it is live. `is_warm`: the idle slot runs the content already, on what the file says, with a
    healthy task at least.
    """

    service: str
    was: str | None
    content: Content
    count: int
    routed: bool
    is_new: bool = False
    is_warm: bool = False


@dataclass(frozen=True)
class Plan:
    """The steps that turn what is live into a sealed revision. `digest` is what an approval binds to; `counts` are the
    tasks that services are to run which don't roll, and run another number. `unrun` are services with a new `before`
    that is not run."""

    digest: str
    rolling: tuple[Rolling, ...]
    steps: tuple[Step, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    unrun: tuple[str, ...] = field(default=())

    def beside(self, file: EnvironmentFile, live: EnvironmentFile | None) -> "Plan":
        """The same plan, of this file, while that one is live."""
        return replace(self, unrun=unrun(file, live, [rolling.service for rolling in self.rolling]))

    def of(self, service: str) -> Rolling:
        return next(rolling for rolling in self.rolling if rolling.service == service)


@dataclass(frozen=True)
class Asked:
    """People are asked to approve this plan, since then by the database's clock; by the controller's where GitHub
    was away. `could` are those who might give an approval that was lacking at the last look; None: nobody could
    tell."""

    plan: Plan
    since: datetime
    could: tuple[Person, ...] | None = None


@dataclass(frozen=True)
class Pause:
    """Nothing rises until somebody resumes; after `limit` of `observed` time the deployment turns back by itself."""

    actor: str
    reason: Reason
    since: datetime
    limit: timedelta
    observed: timedelta = field(default=timedelta(0))


@dataclass(frozen=True)
class TurningBack:
    """`ends_as` is the final phase; `culprits` are the services whose new content is to blame, empty when no one can
    tell."""

    ends_as: Phase
    culprits: tuple[str, ...] = field(default=())
    quarantines: bool = True


@dataclass(frozen=True)
class Deployment:
    """A thinking value: `moved` is the only way to another phase, `with_step` the only way to change a step.

    `secret` opens the idle slots to the smoke test. `definitions` maps content digests to the task definitions that
    were registered for this deployment. `because_of`: what a person said, or did, that made it. `back_to` (rollback):
    the id of the deployment whose revision comes back. `restart`: every service rolls, changed or not. `pruned`
    (prune): the service that goes. `replaced`: the id of the deployment whose version was live until this one's was.
    `restored`: its rows come from a backup, and the world may have gone on without them. `red` are the alarms that
    rang before it started and keep it waiting; `excused` those that a person lets it go on beside, until they were
    well once. `heard`: when each alarm had changed last, by CloudWatch's clock, as it started, or as a person let it go
    on beside those that rang; until then `rung` keeps it of them. `sent_home`: something spoke against it after it had
    succeeded, and a rollback was opened. `findings`: what CloudWatch's metrics said last.
    `witnessed`: the numbers of the steps in which evidence of its failure was written down. `gates`: what each gate
    answered last, in their order, up to the first that was not open. `requester`: who ordered it, where that was a
    person. `asked`: which plan people are asked to approve, while they are; `votes` are their approvals of it.
    `version` is the row's, for compare-and-set.
    """

    id: str
    number: int
    environment: str
    kind: Kind
    phase: Phase
    reason: Reason
    revision: Revision
    secret: Secret
    created_at: datetime
    plan: Plan | None = None
    steps: tuple[Step, ...] = field(default=())
    definitions: Mapping[str, str] = field(default_factory=dict)
    undo: UndoRecord | None = None
    turning: TurningBack | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: int = 0
    pause: Pause | None = None
    back_to: str | None = None
    because_of: Reason | None = None
    restored: bool = False
    restart: bool = False
    pruned: str | None = None
    replaced: str | None = None
    red: tuple[str, ...] = field(default=())
    rung: Mapping[str, datetime] = field(default_factory=dict)
    excused: tuple[str, ...] = field(default=())
    heard: Mapping[str, datetime] = field(default_factory=dict)
    sent_home: bool = False
    findings: tuple[Finding, ...] = field(default=())
    witnessed: tuple[int, ...] = field(default=())
    gates: tuple[Judged, ...] = field(default=())
    requester: Person | None = None
    asked: Asked | None = None
    votes: tuple[Vote, ...] = field(default=())

    @property
    def is_final(self) -> bool:
        return self.phase in FINAL

    @property
    def is_way_back(self) -> bool:
        """It brings an older revision back: nothing is ever rolled back that rolls back."""
        return self.kind is Kind.ROLLBACK

    @property
    def brings_what_was_live(self) -> bool:
        """An earlier version, or what is live as it was declared: when that fails, nobody finds the content bad."""
        return self.kind in {Kind.ROLLBACK, Kind.CORRECT}

    @property
    def follows_what_is_live(self) -> bool:
        """It is about whatever is live when it starts."""
        return self.kind is Kind.CORRECT or self.restarts_what_is_live

    @property
    def restarts_what_is_live(self) -> bool:
        """It brings nothing new, whatever is live when it starts."""
        return self.restart and self.because_of is not None and self.because_of.code == RESTART_ORDERED

    @property
    def shown_plan(self) -> Plan | None:
        """The one that it follows, or that people are asked about."""
        return self.plan or (self.asked.plan if self.asked else None)

    @property
    def leaves(self) -> Mapping[str, str]:
        """What was live of the services that roll: service → content digest."""
        return {rolling.service: rolling.was for rolling in self.plan.rolling if rolling.was} if self.plan else {}

    @property
    def brings(self) -> Mapping[str, str]:
        """What comes of the services that roll: service → content digest."""
        return {rolling.service: rolling.content.digest for rolling in self.plan.rolling} if self.plan else {}

    @property
    def step(self) -> Step | None:
        """The first step that is not over, or None."""
        return next((step for step in self.steps if not step.is_over), None)

    @property
    def keeps(self) -> frozenset[str]:
        """The services whose slots without traffic are still to be retired by it."""
        open_steps = [step for step in self.steps if step.kind is StepKind.RETIRE and not step.is_over]
        return frozenset(name for step in open_steps for name in step.services) if self.is_retiring else frozenset()

    @property
    def rests(self) -> bool:
        """It moved when the backup was taken that brought its rows back: nothing of it goes on before a person has
        released the environment."""
        return self.restored and self.phase in IN_FLIGHT

    @property
    def is_doubled(self) -> bool:
        """A service without a route still runs in both slots: nothing but this deployment knows which one is live."""
        steps = [step for step in self.steps if step.kind is StepKind.RETIRE and not step.is_over]
        left = (name for step in steps for name in step.services if not step.did("EmptySlot", name))
        return self.is_retiring and any(not self.is_routed(name) for name in left)

    @property
    def hands_over(self) -> bool:
        """Succeeded, while scaling is still to be its slots': whoever began now would have nobody scale. Nobody waits
        for that for long."""
        step = self.step if self.is_retiring else None
        return step is not None and step.kind is StepKind.SCALE and step.observed < HANDING_OVER

    @property
    def stuck(self) -> Reason | None:
        """What keeps it from turning back, where that doesn't pass by itself: then a person may end it as it is."""
        trouble = self.step.trouble if self.step and self.phase is Phase.ROLLING_BACK else None
        return trouble.reason if trouble is not None and trouble.lasts else None

    @property
    def is_judged_no_more(self) -> bool:
        """What metrics say of it stays as it is: it is over, and keeps nothing warm to go back to."""
        return self.is_final and not self.is_retiring

    @property
    def needs_a_person(self) -> bool:
        """It waits to be confirmed; or it goes wrong, and doesn't end by itself: it is stuck on its way home, or it
        doesn't turn back, and its reason is what its step says."""
        return self.stuck is not None or self.is_to_be_confirmed or self._is_left

    @property
    def _is_left(self) -> bool:
        is_told = self.phase is Phase.RUNNING and self.reason.code != RUNNING and self.pause is None
        return is_told and self.step is not None and self.step.detail == self.reason.text

    @property
    def is_to_be_confirmed(self) -> bool:
        step = self.step if self.phase is Phase.RUNNING and self.pause is None and not self._is_left else None
        return step is not None and step.kind is StepKind.CONFIRM and not step.promoted and step.trouble is None

    @property
    def waits_for_people(self) -> bool:
        """People are asked whether it may start, or whether it goes on."""
        return (self.phase is Phase.WAITING and self.asked is not None) or self.is_to_be_confirmed

    @property
    def state(self) -> Shown:
        """How it stands, for whoever is told: its phase, or what its phase doesn't say."""
        return state_of(
            self.phase, is_paused=self.pause is not None, rests=self.rests, needs_a_person=self.needs_a_person
        )

    @property
    def why(self) -> Reason:
        """Why it stands where it does, in a line of a list."""
        return self.pause.reason if self.pause is not None else self.reason

    @property
    def is_retiring(self) -> bool:
        """Succeeded, while its old slots are still there."""
        return self.phase is Phase.SUCCEEDED and self.step is not None

    def sleeping(self, now: datetime) -> tuple[str, ...]:
        """Services with a route that it doesn't roll, and that the clock lets run no task at this moment, aware UTC;
        or has just let again: nobody answers for them."""
        moments = (now, now - WAKING)
        return tuple(
            name
            for name, service in self.revision.file.services.items()
            if service.route is not None and not self.rolls(name)
            if any(self.bounds(name, moment).max == 0 for moment in moments)
        )

    def header(self, service: str) -> Secret:
        """The value that opens this service's idle slot."""
        return Secret(f"{service}.{self.secret.reveal()}")

    def rolling(self, step: Step) -> tuple[Rolling, ...]:
        """What `step` moves, in the order in which traffic rises."""
        assert self.plan is not None, f"{self.id} has steps, so it has a plan"
        return tuple(self.plan.of(name) for name in step.services)

    def rolled(self, name: str) -> Rolling:
        assert self.plan is not None, f"{self.id} has steps, so it has a plan"
        return self.plan.of(name)

    def service(self, name: str) -> Service:
        return self.revision.file.services[name]

    def scaling(self, name: str) -> Scaling | None:
        """How its version of the service scales by itself."""
        return scaling_of(self.service(name), self.revision.file.schedule)

    def bounds(self, name: str, now: datetime) -> Bounds:
        """How many tasks its version of the service may have at this moment, aware UTC."""
        return bounds_now(self.service(name), self.revision.file.schedule, now)

    def scaled_by(self, step: Step) -> Mapping[str, str]:
        """How each service scales once `step` is done, in words; empty for steps that are about something else."""
        names = step.services if step.kind is StepKind.SCALE else ()
        return {name: str(self.scaling(name) or "no more") for name in names}

    def scales(self, name: str) -> bool:
        """Whether a slot of the service scaled when it started, or will by its version."""
        entries = self.undo.entries if self.undo else ()
        did = any(entry.scaling for entry in entries if entry.service == name)
        return did or (name in self.revision.file.services and self.scaling(name) is not None)

    def is_routed(self, name: str) -> bool:
        return self.service(name).route is not None

    def rolls(self, name: str) -> bool:
        return self.plan is not None and any(rolling.service == name for rolling in self.plan.rolling)

    @property
    def raised_at(self) -> datetime | None:
        """When its traffic first rose, or was about to."""
        return next((step.started_at for step in self.steps if step.kind is StepKind.SHIFT), None)

    @property
    def share_since(self) -> datetime | None:
        """When its present share of the traffic began to move: the last shift that is done, else the one that runs."""
        shifts = [step for step in self.steps if step.kind is StepKind.SHIFT and step.started_at]
        done = [step for step in shifts if step.state is StepState.DONE]
        return next((step.started_at for step in reversed(done or shifts)), None)

    @property
    def has_raised(self) -> bool:
        """Whether it ever sent any traffic to the new version."""
        shifts = [step for step in self.steps if step.kind is StepKind.SHIFT]
        return any(step.acted or step.state in {StepState.DONE, StepState.UNDONE} for step in shifts)

    @property
    def guarded(self) -> tuple[str, ...]:
        """The services whose traffic has a dead-man's switch while it is shared."""
        return next((step.services for step in self.steps if step.kind is StepKind.ARM), ())

    @property
    def looks_at(self) -> Mapping[str, bool]:
        """The services that its steps are about, and whether each has a route."""
        if self.pruned is not None:
            return {self.pruned: True}
        return {name: self.is_routed(name) for name in self.revision.file.services}

    def sides(self, service: str) -> Sides:
        assert self.undo is not None, f"{self.id} has not started: no slot is live or idle for it"
        return self.undo.of(service).sides

    def percent_before(self, step: Step) -> int:
        """The share of the traffic that the idle slots had when `step` began."""
        raised = [
            earlier.percent or 0
            for earlier in self.steps
            if earlier.kind is StepKind.SHIFT and earlier.number < step.number and earlier.state is StepState.DONE
        ]
        return raised[-1] if raised else 0

    def warmed(self, rolling: Rolling, step: Step) -> int:
        """How many tasks of the new version are to be healthy by the time of `step`; one, where they were warm."""
        asked = [
            earlier.of(rolling.count)
            for earlier in self.steps
            if earlier.kind is StepKind.WARM and earlier.number < step.number and rolling.service in earlier.services
        ]
        return asked[-1] if asked else 1

    def began(self, *kinds: StepKind) -> bool:
        """Whether a step of such a kind was ever begun, whatever became of it."""
        return any(step.kind in kinds and step.started_at is not None for step in self.steps)

    def did(self, action: str, service: str, slot: Slot | None = None) -> bool:
        """Whether an action of this kind took effect for this service, or for this slot of it, in any step."""
        return any(step.did(action, service, slot) for step in self.steps)

    @property
    def unsettled(self) -> Step | None:
        """The step whose command was asked for, while nobody knows yet what became of it."""
        return next((step for step in self.steps if step.run and step.run.is_open), None)

    @property
    def hooked(self) -> Step | None:
        """The step whose command is to be looked after: what still runs, else what is about to."""
        if self.unsettled is not None:
            return self.unsettled
        return self.step if self.step is not None and self.step.hook is not None else None

    @property
    def ran(self) -> tuple[Run, ...]:
        """What its services' `before` did, also where that was another deployment's doing."""
        return tuple(step.run for step in self.steps if step.kind is StepKind.BEFORE and step.run)

    @property
    def one_way(self) -> tuple[Run, ...]:
        """What the version that it would go home to does not work with."""
        return tuple(run for run in self.ran if run.is_one_way)

    def because(self, reason: Reason) -> "Deployment":
        return self if reason == self.reason else replace(self, reason=reason)

    def moved(self, phase: Phase, reason: Reason, now: datetime) -> "Deployment":
        assert phase in MAY_FOLLOW[self.phase], f"{self.id}: {self.phase} may not become {phase}"
        started = now if phase is Phase.RUNNING else self.started_at
        finished = now if phase in FINAL else self.finished_at
        return replace(self, phase=phase, reason=reason, started_at=started, finished_at=finished)

    def with_step(self, step: Step) -> "Deployment":
        return replace(self, steps=tuple(step if old.number == step.number else old for old in self.steps))


def numbered(steps: tuple[Step, ...], first: int = 1) -> tuple[Step, ...]:
    return tuple(replace(step, number=number) for number, step in enumerate(steps, first))
