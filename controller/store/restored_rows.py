"""What a restore makes of each table's rows, so that nothing of the past goes on by itself.

A backup is the past. Since it was taken AWS may have moved on, other controllers may have held leases, and people may
have said no. So whoever held a lease is fenced off, what waited ends where it stands, what moved rests, and each
environment that was ever deployed waits for a person: a hold that was made after the backup is lost with everything
else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil

from sqlalchemy import Connection, select, update
from sqlmodel import col, delete

from controller.domain.chain import Head, Keyring
from controller.domain.deployment import FINAL, IN_FLIGHT, Deployment, Phase
from controller.domain.environment import Environment, Hold, HoldUntil
from controller.domain.events import AuditEntry, Event
from controller.domain.orders import OrderState
from controller.domain.ports import Clock
from controller.domain.reason import Reason
from controller.domain.step import StepState
from controller.store.backup_file import Header
from controller.store.places import Place, places
from controller.store.tables import (
    CodeRow,
    EnvironmentRow,
    IdentityRow,
    LinkRow,
    OrderRow,
    OutboxRow,
    SessionRow,
    SightingRow,
    TimerRow,
    TokenRow,
)
from controller.store.transaction import Transaction
from controller.store.unit import Unit

OWNER = "a controller from before the restore"
"""Holds every lease until just now: whoever claims one has taken over from it, and waits for calls on their way."""

EPOCHS = 10_000_000
"""Epochs between those of a backup and those after its restore. An environment at rest uses one a minute: 19 years."""

NUMBERS = 10_000
"""Deployment numbers left out for those that were lost: an id, its links and its client tokens mean one deployment."""


@dataclass(frozen=True)
class Restored:
    """`ended` are the ids of deployments that waited or kept old slots warm, `resting` those of the ones that moved,
    `held` the environments that wait for a person."""

    header: Header
    ended: tuple[str, ...]
    resting: tuple[str, ...]
    held: tuple[str, ...]


@dataclass
class Restoring:
    """The transaction in which the restored rows are made safe, and what was done so far. `replaced` is how far each
    environment had got in the database that was there before, `replaced_head` how far its audit had."""

    transaction: Transaction
    unit: Unit
    header: Header
    sha256: str
    now: datetime
    replaced: Mapping[str, Place]
    replaced_head: Head | None = None
    ended: list[str] = field(default_factory=list)
    resting: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        return f"a backup of {self.header.taken_at} was restored"

    @property
    def seconds_since(self) -> int:
        """Since the backup was taken. No environment gets more than a deployment a second, or changes hands more often,
        so what an earlier restore of the same file has given out until now is left out as well."""
        return max(0, ceil((self.now - datetime.fromisoformat(self.header.taken_at)).total_seconds()))


def make_safe(
    connection: Connection,
    header: Header,
    sha256: str,
    clock: Clock,
    replaced: Mapping[str, Place],
    replaced_head: Head | None,
    keys: Keyring,
) -> Restored:
    opened = Transaction(connection, clock, writes=True)
    unit = Unit(opened, keys)
    restoring = Restoring(opened, unit, header, sha256, clock.now(), replaced, replaced_head)
    for becomes in BECOMES.values():
        becomes(restoring)
    unit.write_down()
    return Restored(header, tuple(restoring.ended), tuple(restoring.resting), tuple(restoring.held))


def stay(restoring: Restoring) -> None:
    """What it says is true for ever, or was only ever a hint."""


def end_or_rest(restoring: Restoring) -> None:
    """Plans, undo records and warm slots speak of an AWS of the past: to go on could take traffic from what is live by
    now. What moved rests: once a person has released the environment it looks whether the world is as it left it, and
    goes home; else it ends as everything else does here, and touches nothing."""
    for environment in restoring.unit.environments.all():
        for deployment in restoring.unit.deployments.open(environment.name):
            rests = deployment.phase in IN_FLIGHT
            after = replace(deployment, pause=None, restored=True) if rests else _ended(deployment, restoring)
            restoring.unit.deployments.save(after)
            (restoring.resting if rests else restoring.ended).append(deployment.id)
            event = Event.DEPLOYMENT_RESTED if rests else Event.DEPLOYMENT_ENDED
            facts: dict[str, object] = {"was": str(deployment.phase)}
            restoring.unit.audit.append([_entry(event, environment.name, deployment.id, restoring, facts)])


def _ended(deployment: Deployment, restoring: Restoring) -> Deployment:
    for step in deployment.steps:
        if not step.is_over:
            ends_as = StepState.FAILED if step.state is StepState.RUNNING else StepState.SKIPPED
            deployment = deployment.with_step(step.ended(ends_as, restoring.now, restoring.told))
    if deployment.phase in FINAL:
        return deployment
    text = f"{restoring.told}, in which it was {deployment.phase.words}: it ended there"
    return deployment.moved(Phase.ABORTED, Reason("restore.ended", text), restoring.now)


def fence_and_hold(restoring: Restoring) -> None:
    """Epochs jump, leases end as taken over, numbers jump, heads are looked at, and people are asked."""
    moment, jump = restoring.transaction.moment(), restoring.seconds_since
    for name, place in places(restoring.transaction.connection).items():
        was = restoring.replaced.get(name, Place())
        restoring.transaction.change(
            update(EnvironmentRow)
            .where(col(EnvironmentRow.name) == name)
            .values(
                lease_previous=col(EnvironmentRow.lease_owner),
                lease_owner=OWNER,
                lease_epoch=max(place.epoch + EPOCHS + jump, was.epoch + 1),
                lease_expires_at=moment,
                head_requested=col(EnvironmentRow.head_requested) + 1,
                numbers_taken=max(place.number + NUMBERS + jump, was.number),
            )
        )
        environment = restoring.unit.environments.get(name)
        if place.was_deployed or was.was_deployed or environment.hold is not None:
            _hold(environment, place.newest or was.newest, restoring)
        else:
            _begin(environment, restoring)


def _hold(environment: Environment, newest: int, restoring: Restoring) -> None:
    if environment.hold is not None:
        hold = replace(environment.hold, until=HoldUntil.PERSON)
    else:
        told = f"{restoring.told}: look at what runs, then `tidegate unhold {environment.name}` brings it to its branch"
        hold = Hold(Reason("restore.held", told), HoldUntil.PERSON, restoring.now, newest)
    # What AWS showed then is nothing that anybody is to be shown now.
    drift = environment.drift.settled().forgiven()
    restoring.unit.environments.save(replace(environment, hold=hold, drift=drift))
    restoring.held.append(environment.name)
    facts: dict[str, object] = {"until": str(hold.until)}
    restoring.unit.audit.append([_entry(Event.ENVIRONMENT_HELD, environment.name, None, restoring, facts)])


def _begin(environment: Environment, restoring: Restoring) -> None:
    """One that was never deployed has nothing to lose, and what waited there has ended: its branch is looked at as if
    for the first time."""
    restoring.unit.environments.save(replace(environment, recorded=None, wanted=None, problem=None))


def refuse_unanswered(restoring: Restoring) -> None:
    """What somebody wanted of the past is not done to the present."""
    told = f"{restoring.told} before anybody looked at this: leave it again if it still holds"
    waiting = select(col(OrderRow.id), col(OrderRow.kind), col(OrderRow.environment), col(OrderRow.deployment))
    received = waiting.where(col(OrderRow.state) == OrderState.RECEIVED).order_by(col(OrderRow.id))
    for row in restoring.transaction.rows(received):
        facts: dict[str, object] = {"order": row["id"], "kind": row["kind"]}
        entry = _entry(Event.ORDER_REFUSED, row["environment"], row["deployment"], restoring, facts)
        restoring.unit.audit.append([entry])
    restoring.transaction.change(
        update(OrderRow)
        .where(col(OrderRow.state) == OrderState.RECEIVED)
        .values(state=OrderState.REFUSED, outcome=told)
    )


def silence(restoring: Restoring) -> None:
    """Most of what was due has been sent since the backup was taken; nobody is told old news twice."""
    restoring.transaction.change(
        update(OutboxRow).where(col(OutboxRow.due_at).is_not(None)).values(due_at=None, detail=restoring.told)
    )


def forget_timers(restoring: Restoring) -> None:
    """Every environment is looked at as soon as a controller starts."""
    restoring.transaction.change(delete(TimerRow))


def forget_sightings(restoring: Restoring) -> None:
    """Nobody is shown what ran then as if it ran now."""
    restoring.transaction.change(delete(SightingRow))


def look_at_proposals(restoring: Restoring) -> None:
    """What stands on GitHub may be newer than what is written here: it is looked at, and what we wrote found again."""
    restoring.unit.proposals.forget_what_was_written(restoring.now)


def ask_again_what_is_due(restoring: Restoring) -> None:
    """GitHub is asked about what was not known yet, from now on."""
    restoring.unit.contents.begin_again(restoring.now)


def give_up_runs(restoring: Restoring) -> None:
    """A command that ran when the backup was taken has ended since, and nobody wrote down how."""
    restoring.unit.runs.give_up()


def forget_sessions(restoring: Restoring) -> None:
    """Whoever signed out, or was locked out, since then stays out."""
    restoring.transaction.change(delete(SessionRow))


def forget_links(restoring: Restoring) -> None:
    restoring.transaction.change(delete(LinkRow))


def forget_identities(restoring: Restoring) -> None:
    """Whoever said since then that a Slack account is not theirs any more means it."""
    restoring.transaction.change(delete(IdentityRow))


def forget_codes(restoring: Restoring) -> None:
    restoring.transaction.change(delete(CodeRow))


def revoke_tokens(restoring: Restoring) -> None:
    """Nobody knows any more which of them were revoked since."""
    restoring.transaction.change(
        update(TokenRow).where(col(TokenRow.revoked_at).is_(None)).values(revoked_at=restoring.now)
    )


def tell(restoring: Restoring) -> None:
    """Also after which position of the backup's audit the chain goes on, and up to which one there was more."""
    header, head, replaced = restoring.header, restoring.unit.audit.head(), restoring.replaced_head
    after = head.position if head else 0
    facts: dict[str, object] = {
        "after": after,
        "lost": replaced.position if replaced and replaced.position > after else None,
        "taken_at": header.taken_at,
        "schema": header.schema,
        "sha256": restoring.sha256,
        "ended": list(restoring.ended),
        "resting": list(restoring.resting),
        "held": list(restoring.held),
    }
    restoring.unit.audit.append([_entry(Event.DATABASE_RESTORED, None, None, restoring, facts)])


def _entry(
    event: Event, environment: str | None, deployment: str | None, restoring: Restoring, facts: Mapping[str, object]
) -> AuditEntry:
    return AuditEntry(event, environment, deployment, "tidegate", restoring.now, restoring.told, facts)


BECOMES: Mapping[str, Callable[[Restoring], None]] = {
    "revisions": stay,
    "ignored_commits": stay,
    "deliveries": stay,
    "orders": refuse_unanswered,
    "outbox": silence,
    "samples": stay,
    "evidence": stay,
    "contents": ask_again_what_is_due,
    "distances": stay,
    "delivery_facts": stay,
    "delivery_weeks": stay,
    "timers": forget_timers,
    "sightings": forget_sightings,
    "proposals": look_at_proposals,
    "runs": give_up_runs,
    "terms": stay,
    "deployments": end_or_rest,
    "environments": fence_and_hold,
    "anchors": stay,
    "audit_head": stay,
    "sessions": forget_sessions,
    "links": forget_links,
    "tokens": revoke_tokens,
    "identities": forget_identities,
    "codes": forget_codes,
    "interactions": stay,
    "tellings": stay,
    "audit": tell,
}
"""Table → what a restore makes of its rows, in this order. A table of what people allowed belongs here with a function
that voids it: nobody said yes to the world as it is now."""
