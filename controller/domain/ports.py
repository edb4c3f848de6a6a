"""What the loop needs from outside, in our words. Adapters implement these; tests and the sandbox's stories fake them.

Every write is absolute and may be repeated. Every method raises only the errors of `domain/errors.py`: `Transient` when
asking again may help (a write may have taken effect), `Blocked` when an operator must act, `Conflict` when the world is
no longer as the caller saw it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from controller.domain.actions import (
    AddTasks,
    DeleteSlot,
    DropAlarms,
    DropDashboard,
    EmptySlot,
    HoldScaling,
    KeepAlarms,
    KeepDashboard,
    PrepareGroup,
    PutScaling,
    PutTestRule,
    RemoveScaling,
    RunSlot,
    RunTask,
    SetCount,
    SetRoute,
    SetWeights,
    StopTask,
    TuneSlot,
)
from controller.domain.alarms import Alarms as AlarmViews
from controller.domain.alerting import Alert
from controller.domain.board import Flag, Posting
from controller.domain.bulletin import Bulletin
from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.commit_checks import CommitCheck
from controller.domain.content import Content
from controller.domain.contents import Between, Traced
from controller.domain.delivery import Lost
from controller.domain.diagnosis import Access, Hooks, Protection
from controller.domain.electorate import Movers
from controller.domain.evidence import Scene, Testimony
from controller.domain.foundation import Foundation
from controller.domain.metrics import Counted
from controller.domain.people import Collaborator, Person
from controller.domain.proposal import Opinion, Pull, Written
from controller.domain.release import Release
from controller.domain.revision import Author, Commit
from controller.domain.scaling import Found
from controller.domain.scans import Scan
from controller.domain.slot import Slot, Weights
from controller.domain.snapshot import ServiceView, TaskFailure, TaskView
from controller.domain.standing import Standing as StandingView
from controller.domain.switch import ArmedSwitch, Switch
from controller.domain.telling import Telling
from controller.domain.undo import RuleAsItWas


class Clock(Protocol):
    """The only way to know the time or to let it pass."""

    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never jump, for measuring spans within one process."""

    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class Permit:
    """Leave to change something: whose change it is, and a check that the lease still holds.

    `check` raises `Conflict` when the lease is lost or nearly over; adapters call it immediately before each changing
    call. `token` is the same for every attempt at the same effect: vendors that take a client token get it.
    """

    deployment: str
    token: str
    check: Callable[[], None]


class Looks(Protocol):
    """Reads of one environment's place on AWS."""

    def foundation(self) -> Foundation:
        """Cluster, listener, network and roles; `Blocked` when the stack or one of its outputs is missing."""

    def services(self, routed: Mapping[str, bool], targets: bool) -> Mapping[str, ServiceView]:
        """Both slots and the rules of each named service (name → has a route); with `targets` also their health."""

    def definitions(self, contents: Sequence[Content]) -> Mapping[str, str]:
        """Content digest → ARN of the active task definition that carries it; absent when there is none."""

    def weights(self, service: str) -> Weights:
        """The public rule's weights, read now; all zero when there is no rule."""

    def orphans(self, named: Collection[str]) -> Sequence[str]:
        """Services of which something of ours is still there, rules or ECS services, and which are not `named`."""

    def failures(self, service: str, slot: Slot) -> Sequence[TaskFailure]:
        """The slot's stopped tasks, newest first, with the last log lines. AWS forgets them within the hour."""


class Definitions(Protocol):
    def register(self, content: Content, permit: Permit) -> str:
        """The ARN of a task definition with this content: the one there is, else a new one."""


class Traffic(Protocol):
    """Target groups and listener rules."""

    def prepare_group(self, action: PrepareGroup, permit: Permit) -> None: ...

    def put_test_rule(self, action: PutTestRule, permit: Permit) -> None: ...

    def remove_test_rule(self, service: str, permit: Permit) -> None: ...

    def set_weights(self, action: SetWeights, permit: Permit) -> None:
        """Whole-action read-modify-write, read back: `Transient` when the rule does not show the new weights."""

    def set_route(self, action: SetRoute, permit: Permit) -> None:
        """Its number changes where longer paths must come first, and where another rule of ours for the same requests
        does: with that one it changes places."""

    def restore_rule(self, service: str, rule: RuleAsItWas, permit: Permit) -> None: ...

    def remake_rule(self, service: str, rule: RuleAsItWas, permit: Permit) -> None:
        """Only where there is none; `Blocked` where it can't be told what it asked for, or somebody's asks for that."""

    def remove_rule(self, service: str, permit: Permit) -> None: ...

    def remove_route(self, service: str, permit: Permit) -> None:
        """The public rule and the test rule, whichever deployment made them."""


class Tasks(Protocol):
    """The ECS services behind the slots."""

    def run_slot(self, action: RunSlot, permit: Permit) -> None: ...

    def tune_slot(self, action: TuneSlot, permit: Permit) -> None:
        """A slot that was never filled, or is gone, stays so."""

    def set_count(self, action: SetCount, permit: Permit) -> None: ...

    def add_tasks(self, action: AddTasks, permit: Permit) -> None:
        """What runs more keeps it; what is gone stays so."""

    def empty_slot(self, action: EmptySlot, permit: Permit) -> None: ...

    def delete_slot(self, action: DeleteSlot, permit: Permit) -> None:
        """Service first, then its target group; each is gone already where it is gone."""


class Scaling(Protocol):
    """How the slots' numbers of tasks move by themselves."""

    def look(self, services: Collection[str]) -> Found:
        """Service → slot → how it scales, of the slots that do."""

    def put(self, action: PutScaling, permit: Permit) -> None:
        """Only what is otherwise is changed. `Blocked` where somebody else's scaling is on the slot."""

    def hold(self, action: HoldScaling, permit: Permit) -> None: ...

    def remove(self, action: RemoveScaling, permit: Permit) -> None: ...


class OneOffs(Protocol):
    """Tasks that run one command and end."""

    def run(self, action: RunTask, permit: Permit) -> str:
        """Its ARN: the one that was started with this token before, else a new one."""

    def find(self, service: str, token: str, task: str | None) -> TaskView | None:
        """The task that was started with this token; `task` is its ARN where that is known. None: AWS shows none, which
        may be too early, or an hour too late. One that failed comes with its last log lines."""

    def stop(self, action: StopTask, permit: Permit) -> None: ...


class Switches(Protocol):
    """Dead-man's switches: AWS itself puts a rule back when nobody renews or disarms them in time."""

    def arm(self, switch: Switch, permit: Permit) -> None:
        """Made, or overwritten whole: renewing is arming again. `Blocked` where the foundation has no role for it,
        `Conflict` when its moment has passed meanwhile."""

    def armed(self, names: Collection[str]) -> Mapping[str, ArmedSwitch]:
        """Name → the switch, read now; absent when there is none: never armed, disarmed, or it has fired."""

    def disarm(self, name: str, permit: Permit) -> None:
        """Also one that is gone already."""


class Images(Protocol):
    def resolve(self, repository: str, tag: str, architecture: str) -> str | None:
        """The platform digest (`sha256:…`) that the tag stands for now; None when there is no such image yet."""

    def exists(self, repository: str, image_digest: str) -> bool: ...

    def scan(self, repository: str, image_digest: str) -> Scan:
        """What ECR's scan, basic or enhanced, has found in this image so far."""


class Alarms(Protocol):
    """CloudWatch's alarms, read-only."""

    def look(self, names: Collection[str], heard: Mapping[str, datetime]) -> AlarmViews:
        """Each of `names`, as it is now; with what it did after `heard`, CloudWatch's time of an earlier change, where
        that is given."""


class Witness(Protocol):
    """What AWS knows of a failure, read only to be written down."""

    def tell(self, scenes: Sequence[Scene], alarms: Mapping[str, datetime]) -> Testimony:
        """Of each slot what has stopped in it and why, how its targets are, what ECS says of it, its last log lines; of
        each alarm what it did after its moment. It takes a short while at most, and never raises: what can't be read is
        said to be unread."""


class Metrics(Protocol):
    """What CloudWatch counts of the slots' target groups, read-only."""

    def read(self, services: Collection[str], percents: Collection[int], since: datetime, until: datetime) -> Counted:
        """Both slots of each service, every minute that began at `since` or later and before `until`.

        `percents` are the percentiles of the answers' latency that are wanted. `Transient` when some of it is missing:
        a part is never taken for the whole.
        """


class Standing(Protocol):
    """The alarms that stand in the environment at all times, and its dashboard. What has our names and is not ours is
    never changed: `Blocked`."""

    def look(self, names: Collection[str]) -> StandingView:
        """Those of `names` that are there, whoever made them, with every other alarm of ours in this place; and the
        dashboard. Only of the others it is known which service they are for."""

    def keep_alarms(self, action: KeepAlarms, permit: Permit) -> None: ...

    def drop_alarms(self, action: DropAlarms, permit: Permit) -> None: ...

    def keep_dashboard(self, action: KeepDashboard, permit: Permit) -> None: ...

    def drop_dashboard(self, action: DropDashboard, permit: Permit) -> None: ...


@dataclass(frozen=True)
class Cloud:
    """One environment's place on AWS."""

    looks: Looks
    definitions: Definitions
    traffic: Traffic
    tasks: Tasks
    images: Images
    alarms: Alarms
    witness: Witness
    metrics: Metrics
    one_offs: OneOffs
    switches: Switches
    standing: Standing
    scaling: Scaling


@dataclass(frozen=True)
class Comparison:
    """How `head` relates to `base`. `paths` are the files that differ, None when the list was cut off."""

    descends: bool
    identical: bool
    paths: tuple[str, ...] | None


class Source(Protocol):
    """Repositories, read-only."""

    def head(self, repository: str, branch: str) -> Commit | None:
        """The branch's newest commit; None when there is no such branch."""

    def heads(self, repository: str) -> Mapping[str, str]:
        """Branch → sha of its head, of all branches, in as few requests as there can be: for the sweep."""

    def resolve(self, repository: str, ref: str) -> Commit | None:
        """The commit that a sha (whole or at least seven digits), a tag or a branch stands for; None when none."""

    def released(self, repository: str) -> Sequence[Release]:
        """All that are published, no drafts and no prereleases, the one that was published last first, in as few
        requests as there can be: for the sweep as well."""

    def tagged(self, repository: str, tag: str) -> Commit | None:
        """The commit that a tag stands for now, annotated or not; None when there is no such tag."""

    def read(self, repository: str, path: str, sha: str) -> str | None:
        """The text of a file at a commit; None when it is not there."""

    def compare(self, repository: str, base: str, head: str) -> Comparison: ...

    def checks(self, repository: str, sha: str) -> Sequence[CommitCheck]:
        """Check runs and commit statuses of exactly this commit, the latest of each name and app."""


class Directory(Protocol):
    """People, as GitHub knows them now. Whoever can't be read is not let in: it raises."""

    def collaborators(self, repository: str) -> Sequence[Collaborator]:
        """Everybody who has a right to the repository, by whatever way."""

    def team(self, name: str) -> frozenset[int]:
        """The numbers of the members of a team, as in `@acme/release`; nobody where there is no such team."""

    def movers(self, repository: str, branch: str, sha: str, since: datetime) -> Movers:
        """Who brought this commit to the branch, not before `since`, as far as GitHub tells. `Blocked` when there is
        too much to look through."""

    def authors(self, repository: str, base: str, head: str) -> Sequence[Author]:
        """Of every commit that `head` has and `base` has not. `Blocked` when GitHub doesn't list them all."""


@dataclass(frozen=True)
class SignInBegun:
    """`address` is where somebody signs in; `state` comes back with the code, `verifier` proves that we asked."""

    address: str
    state: str
    verifier: str


class SignIn(Protocol):
    """How people prove who they are."""

    def begin(self) -> SignInBegun: ...

    def finish(self, code: str, verifier: str) -> Person:
        """Who came back with this code; it works once."""


class Board(Protocol):
    """Where people see beside the code what became of it."""

    def post(self, posting: Posting) -> None:
        """One entry for each deployment, found again where there is one; what it shows already is not said again."""

    def flag(self, flag: Flag) -> None:
        """Mark the commit; what it is marked with already is not said again."""


@dataclass(frozen=True)
class Said:
    """Where a message stands: its channel, and when it was said, by which it is known."""

    place: str
    ts: str


class Chat(Protocol):
    """Where people talk. Text is shown as it is, whatever stands in it."""

    def post(self, channel: str, telling: Telling) -> Said: ...

    def edit(self, said: Said, telling: Telling) -> bool:
        """False where the message is not there any more."""

    def find(self, channel: str, subject: str, since: datetime) -> Said | None:
        """Our message about this subject, where it was posted and nobody wrote down that it was."""

    def reply(self, said: Said, text: str, aloud: bool) -> None:
        """In the thread of a message; `aloud` also beside it, for those who read no threads."""

    def direct(self, user: str, text: str, links: Sequence[tuple[str, str]] = ()) -> None: ...

    def whisper(
        self, place: str, user: str, text: str, links: Sequence[tuple[str, str]] = (), asks_code: bool = False
    ) -> None:
        """For one pair of eyes. `links` are labels with addresses; `asks_code`: somebody is to type the code that ties
        their accounts."""

    def ask_reason(self, trigger: str, private: str, subject: str) -> None:
        """A form for why something is rejected; `trigger` is good for three seconds."""

    def ask_code(self, trigger: str, private: str) -> None: ...


class Pulls(Protocol):
    """Pull requests, and what is written about them."""

    def opened(self, repository: str, base: str) -> Sequence[Pull]:
        """The open ones to a branch, without their trial merges."""

    def look(self, repository: str, number: int) -> Pull | None:
        """As it is now, with its trial merge where that is fresh; None when there is no such pull request."""

    def comment(self, opinion: Opinion, known: Written | None) -> Written:
        """The one comment of ours says this: edited in place, made where there is none. Nothing is done where `known`
        says the same already."""

    def check(self, opinion: Opinion, known: Written | None) -> Written:
        """The head's check says this: failed where something is not valid, at its line."""


class History(Protocol):
    """What was committed and merged, read-only. What a call costs of GitHub's requests is said with it."""

    def between(self, repository: str, base: str | None, head: str, most: int) -> Between:
        """The commits that `head` has and `base` has not, at most the oldest `most`; without a base the one commit
        alone. One request for a hundred. `Conflict` where the two have no common history any more."""

    def pulls_with(self, repository: str, sha: str) -> Sequence[int]:
        """The numbers of the merged pull requests that brought this commit. One request."""

    def pull(self, repository: str, number: int) -> Traced:
        """One that was merged. Three requests, none the next time."""


class Courier(Protocol):
    """Whoever brings webhooks, asked about those that did not arrive."""

    def places(self, repositories: Sequence[str]) -> Sequence[str]:
        """Where to ask about these repositories."""

    def failed(self, place: str) -> Sequence[Lost]:
        """Those that failed lately and were not tried again, oldest first; `Blocked` where nobody may ask."""

    def again(self, lost: Lost) -> None:
        """Have it brought once more; it arrives like any other, or not."""


class Examiner(Protocol):
    """What can be seen from outside of how repositories are set up, read-only."""

    def access(self, repository: str) -> Access: ...

    def protection(self, repository: str, branch: str) -> Protection: ...

    def hooks(self, repository: str) -> Hooks:
        """Those that lead to us."""


class Receiver(Protocol):
    """Somebody's address that takes messages from programs."""

    def take(self, bulletin: Bulletin) -> None:
        """`Blocked` where it doesn't want this one, now or later."""


class Mailing(Protocol):
    """Everybody on a list, by e-mail or however they want it."""

    def publish(self, subject: str, text: str) -> None:
        """`subject` is fewer than 100 characters of ASCII."""


class Pager(Protocol):
    """Whoever wakes people. Both may be said again: an alert is known by its name."""

    def trigger(self, alert: Alert) -> None: ...

    def resolve(self, name: str) -> None: ...


class Probe(Protocol):
    def ask(self, check: HttpCheck) -> CheckAnswer:
        """One request. A refused connection or a timeout is an answer that did not pass, not an error."""


@dataclass(frozen=True)
class Message:
    """One message of a queue. `receipt` is what it is deleted by; the same message has another one each time."""

    id: str
    body: str
    receipt: str


class Queue(Protocol):
    """Where AWS leaves events for a controller that nobody can reach."""

    def receive(self) -> Sequence[Message]:
        """The next few; none when none came within some seconds, which it waits."""

    def delete(self, messages: Sequence[Message]) -> None:
        """Those that AWS does not delete come again, as those that were never asked to be."""


class Topics(Protocol):
    """What the signature of an SNS message refers to. Whoever asks has looked at the address."""

    def certificate(self, address: str) -> bytes:
        """What is at the address now; `Transient` when that cannot be had, and when it is no certificate's size."""

    def confirm(self, address: str) -> None:
        """Tell SNS that the subscription is wanted."""
