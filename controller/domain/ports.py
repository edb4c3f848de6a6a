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
    DeleteSlot,
    EmptySlot,
    PrepareGroup,
    PutTestRule,
    RunSlot,
    SetCount,
    SetRoute,
    SetWeights,
)
from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.content import Content
from controller.domain.foundation import Foundation
from controller.domain.revision import Commit
from controller.domain.slot import Slot, Weights
from controller.domain.snapshot import ServiceView, TaskFailure
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

    def set_count(self, action: SetCount, permit: Permit) -> None: ...

    def empty_slot(self, action: EmptySlot, permit: Permit) -> None: ...

    def delete_slot(self, action: DeleteSlot, permit: Permit) -> None:
        """Service first, then its target group; each is gone already where it is gone."""


class Images(Protocol):
    def resolve(self, repository: str, tag: str, architecture: str) -> str | None:
        """The platform digest (`sha256:…`) that the tag stands for now; None when there is no such image yet."""

    def exists(self, repository: str, image_digest: str) -> bool: ...


@dataclass(frozen=True)
class Cloud:
    """One environment's place on AWS."""

    looks: Looks
    definitions: Definitions
    traffic: Traffic
    tasks: Tasks
    images: Images


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

    def read(self, repository: str, path: str, sha: str) -> str | None:
        """The text of a file at a commit; None when it is not there."""

    def compare(self, repository: str, base: str, head: str) -> Comparison: ...


class Probe(Protocol):
    def ask(self, check: HttpCheck) -> CheckAnswer:
        """One request. A refused connection or a timeout is an answer that did not pass, not an error."""
