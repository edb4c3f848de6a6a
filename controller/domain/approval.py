"""Approvals: what was answered, what it counts for, and whether somebody may answer. Pure.

Every door asks `decide_approval`, and so does the loop before it counts an answer; nothing else lets an answer in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.electorate import Electorate, Requirement
from controller.domain.orders import OrderKind
from controller.domain.people import Person, Via
from controller.domain.reason import Reason

SHORT = 12
UNKNOWN = "unknown"


def shortened(digest: str) -> str:
    """So much of a plan's digest is shown.

    >>> shortened("sha256:" + "0123456789abcdef" * 4)
    '0123456789ab'
    """
    return digest.removeprefix("sha256:")[:SHORT]


@dataclass(frozen=True)
class Vote:
    """Somebody let the plan with this digest start. `breaks_glass`: without the approvals that it lacks."""

    by: Person
    digest: str
    at: datetime
    via: Via
    reason: str
    breaks_glass: bool = False


@dataclass(frozen=True)
class Glass:
    """Who may break the glass, and how many of them it takes. Known without GitHub: by number and login."""

    people: tuple[Person, ...]
    count: int

    def has(self, person: Person) -> bool:
        return any(one.id == person.id for one in self.people)


@dataclass(frozen=True)
class Tally:
    """How far one requirement is met: whose approvals count, and who else could give one."""

    asked: Requirement
    given: tuple[Person, ...]
    could: tuple[Person, ...]

    @property
    def is_met(self) -> bool:
        return len(self.given) >= self.asked.count

    @property
    def is_hopeless(self) -> bool:
        """Too few people may approve, however long it is waited for."""
        return len(self.given) + len(self.could) < self.asked.count


@dataclass(frozen=True)
class Ballot:
    """All that an answer is judged by. `digest` is the plan's that waits, None while nobody is asked about one.

    `electorate` says why where GitHub could not be asked: then nobody is let in, but to break the glass.
    """

    deployment: str
    digest: str | None
    asked: Sequence[Requirement]
    electorate: Electorate | Reason
    votes: tuple[Vote, ...] = ()
    requester: Person | None = None
    glass: Glass | None = None

    def tallies(self) -> tuple[Tally, ...]:
        """Each requirement by itself: one person may count for several."""
        assert isinstance(self.electorate, Electorate)
        return tuple(self._tally(one, self.electorate) for one in self.asked)

    def _tally(self, asked: Requirement, electorate: Electorate) -> Tally:
        """A person counts once, however often and through however many doors they answered."""
        eligible = electorate.eligible(asked, self.requester)
        holds = {vote.by.id for vote in self.approvals if electorate.seen_at < vote.at + asked.expires}
        given = tuple(person for person in eligible if person.id in holds)
        return Tally(asked, given, tuple(person for person in eligible if person.id not in holds))

    @property
    def could(self) -> tuple[Person, ...] | None:
        """Who may give an approval that is lacking; None where nobody can tell."""
        if isinstance(self.electorate, Reason):
            return None
        return tuple(dict.fromkeys(person for tally in self.tallies() if not tally.is_met for person in tally.could))

    @property
    def approvals(self) -> tuple[Vote, ...]:
        """Of this plan."""
        return tuple(vote for vote in self.votes if vote.digest == self.digest and not vote.breaks_glass)

    def lapsed(self) -> tuple[Person, ...]:
        """Those who approved, and count for nothing any more: they lost the right, or it is too long ago."""
        counted = {person.id for tally in self.tallies() for person in tally.given}
        return tuple(vote.by for vote in self.approvals if vote.by.id not in counted)

    def seen_at(self, now: datetime) -> datetime:
        """By the database's clock, where that was asked; `now` otherwise."""
        return self.electorate.seen_at if isinstance(self.electorate, Electorate) else now

    def broken_by(self, now: datetime) -> tuple[Vote, ...]:
        """Those who broke the glass for this plan, as long as an approval would hold."""
        if self.glass is None:
            return ()
        until = self.seen_at(now) - self.expires_after
        broke = (vote for vote in self.votes if vote.digest == self.digest and vote.breaks_glass and until < vote.at)
        found = {vote.by.id: vote for vote in broke if self.glass.has(vote.by)}
        return tuple(found.values())

    def is_broken(self, now: datetime) -> bool:
        return self.glass is not None and len(self.broken_by(now)) >= self.glass.count

    def of(self, person: Person) -> tuple[Vote, ...]:
        return tuple(vote for vote in self.votes if vote.by.id == person.id)

    @property
    def expires_after(self) -> timedelta:
        """How long it is asked for."""
        return min((one.expires for one in self.asked), default=timedelta(0))


@dataclass(frozen=True)
class Ruling:
    """Whether an answer counts, and why, or why not."""

    accepted: bool
    reason: Reason

    @property
    def is_open(self) -> bool:
        """Nobody can tell before GitHub answers."""
        return self.reason.code == f"approval.{UNKNOWN}"


def decide_approval(ballot: Ballot, answer: OrderKind, by: Person | None, digest: str | None) -> Ruling:
    """May `by` answer so about the plan with this digest? Codes of refusals: `approval.nobody`, `approval.not_asked`,
    `approval.stale`, `approval.unknown`, `approval.not_allowed`, `approval.author`, `approval.again`,
    `approval.none_to_revoke`, `approval.no_glass`. While GitHub can't be asked, who broke the glass may do so again."""
    if by is None:
        mend = "sign in on the page, or set TIDEGATE_API_TOKEN to a token of your own from `/me`"
        return _no("nobody", f"whoever answers must be a person: {mend}")
    if not ballot.asked:
        return _no("not_asked", f"nobody is asked to approve {ballot.deployment}")
    if answer is OrderKind.REVOKE:
        return _revoke(ballot, by)
    if answer is OrderKind.REJECT:
        return _reject(ballot, by)
    if ballot.digest is None:
        return _no("not_asked", f"nobody is asked to approve {ballot.deployment} yet: other gates come first")
    if digest != ballot.digest:
        seen = "no plan is named" if digest is None else f"{shortened(digest)} is not the plan that waits"
        return _no("stale", f"{seen}: it is {shortened(ballot.digest)} now; look at it, and answer that")
    return _break_glass(ballot, by) if answer is OrderKind.BREAK_GLASS else _approve(ballot, by)


def _approve(ballot: Ballot, by: Person) -> Ruling:
    electorate = ballot.electorate
    if isinstance(electorate, Reason):
        return _no(UNKNOWN, f"who may approve can't be told: {electorate.text}")
    if electorate.person(by.id) is None:
        return _no("not_allowed", f"{by.login} may not approve here")
    naming = [one for one in ballot.asked if any(person.id == by.id for person in electorate.named(one))]
    if not naming:
        named = ", ".join(dict.fromkeys(name for one in ballot.asked for name in one.reviewers))
        return _no("not_allowed", f"{by.login} is not among those who are asked: {named}")
    barred = [electorate.barred(one, ballot.requester).get(by.id) for one in naming]
    if all(barred):
        return _no("author", f"{by.login} {barred[0]}: somebody else must approve it")
    if any(vote.by.id == by.id and electorate.seen_at < vote.at + ballot.expires_after for vote in ballot.approvals):
        return _no("again", f"{by.login} has approved this plan already")
    return Ruling(accepted=True, reason=Reason("approval.counted", f"{by.login} approves it"))


def _reject(ballot: Ballot, by: Person) -> Ruling:
    """Whoever may approve something here, also who made this; whatever its plan."""
    if isinstance(ballot.electorate, Reason):
        return _no(UNKNOWN, f"who may reject can't be told: {ballot.electorate.text}")
    if ballot.electorate.person(by.id) is None:
        return _no("not_allowed", f"{by.login} may not answer here")
    return Ruling(accepted=True, reason=Reason("approval.rejected", f"{by.login} rejects it"))


def _revoke(ballot: Ballot, by: Person) -> Ruling:
    """Taking back makes nothing start, so it asks nobody for a right."""
    if not ballot.of(by):
        return _no("none_to_revoke", f"{by.login} has not approved this plan")
    return Ruling(accepted=True, reason=Reason("approval.revoked", f"{by.login} takes the approval back"))


def _break_glass(ballot: Ballot, by: Person) -> Ruling:
    if ballot.glass is None or not ballot.glass.has(by):
        return _no("no_glass", f"{by.login} is not among those whom tidegate.yaml lets break the glass")
    known = ballot.electorate
    if isinstance(known, Electorate) and any(vote.by.id == by.id for vote in ballot.broken_by(known.seen_at)):
        return _no("again", f"{by.login} has broken the glass for this plan already")
    return Ruling(accepted=True, reason=Reason("approval.glass_broken", f"{by.login} breaks the glass"))


def _no(code: str, text: str) -> Ruling:
    return Ruling(accepted=False, reason=Reason(f"approval.{code}", text))
