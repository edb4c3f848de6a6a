"""What a person may ask for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.people import Person, Role, Via


class OrderKind(StrEnum):
    PROMOTE = "promote"  # the present bake is long enough, or the next share may come; health is still looked at
    PAUSE = "pause"  # nothing rises any more, until it is resumed or turns back by itself
    RESUME = "resume"  # go on where it was paused
    ABORT = "abort"  # stop this deployment: traffic home, then hold
    ROLLBACK = "rollback"  # back to the version before, or to a named one
    UNHOLD = "unhold"  # a person has looked: lift the hold and the quarantine that came with it
    DEPLOY = "deploy"  # deploy the branch's head, a commit of it, or what is live once more
    PRUNE = "prune"  # remove a service that the file no longer names
    APPROVE = "approve"  # this plan may be carried out
    REJECT = "reject"  # this deployment may not start, finally
    REVOKE = "revoke"  # take back one's own approval
    BREAK_GLASS = "break_glass"  # let it start without the approvals that it lacks


ANSWERS = frozenset({OrderKind.APPROVE, OrderKind.REJECT, OrderKind.REVOKE, OrderKind.BREAK_GLASS})
"""What answers an approval."""


def least_role(kind: OrderKind) -> Role:
    """Who may give such an order at all."""
    return Role.APPROVER if kind in ANSWERS else Role.OPERATOR


class OrderState(StrEnum):
    RECEIVED = "received"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Wish:
    """What an order says beyond its kind.

    `to` (rollback): the id of a deployment that succeeded. `across` (rollback): the id of the deployment whose `before`
    the version to go back to does not work with, as whoever orders it has typed it. `ref` (deploy): a commit, tag or
    branch. `restart` (deploy): every service rolls, changed or not. `service` (prune): which. `limit` (pause): how long
    until it turns back. `correct` (deploy): nothing new, but what is live as it was declared. `plan` (answers): the
    digest of the plan that was looked at.
    """

    to: str | None = None
    ref: str | None = None
    restart: bool = False
    service: str | None = None
    limit: timedelta | None = None
    across: str | None = None
    correct: bool = False
    plan: str | None = None

    @property
    def is_about_what_is_live(self) -> bool:
        """A deployment of no other commit than the one that is live."""
        return self.correct or (self.restart and self.ref is None)


@dataclass(frozen=True)
class Order:
    """`deployment` is the id of the one it is about, None when it is about the environment; `outcome` says what came
    of it. `actor` is the name that people read; `by` is None where a program gave it, which is nobody. `key` is the
    idempotency key under which its giver gave it: what arrives twice is one order."""

    id: int
    kind: OrderKind
    environment: str
    deployment: str | None
    reason: str
    actor: str
    created_at: datetime
    wish: Wish = Wish()
    state: OrderState = OrderState.RECEIVED
    outcome: str = ""
    by: Person | None = None
    via: Via = Via.API
    key: str | None = None

    def is_again(self, other: "Order") -> bool:
        """Whether it asks for the same in the same words."""
        ours, theirs = ((one.kind, one.environment, one.deployment, one.wish, one.reason) for one in (self, other))
        return ours == theirs
