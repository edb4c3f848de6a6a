"""Enough people have looked at this plan, and let it start."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from controller.domain.approval import Ballot, Tally, shortened
from controller.domain.counting import counted
from controller.domain.electorate import whom
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.verdict import Answer, Verdict, held, opened, unknown
from controller.gates.base import Case

LONGEST_LOOK = timedelta(seconds=30)
"""So long whoever lost the right may still count, until a look says otherwise. An answer wakes the environment."""


def is_asked(case: Case) -> bool:
    """Also for a restart: the operator's word, and the file's, is about every change."""
    return bool(case.approvals)


def judge(case: Case, now: datetime) -> Verdict:
    """Open once every requirement has its people: each still has the right, has made nothing of it, and approved this
    very plan not too long ago. After the shortest `expires` of those that asked it has expired.

    Held with `approval.too_few` at once where too few people could ever answer. The time is the database's.
    """
    ballot = ballot_of(case)
    if ballot.is_broken(now):
        told = "; ".join(f"{vote.by.login}: {vote.reason}" for vote in ballot.broken_by(now))
        return opened("approval.glass_broken", f"the glass was broken ({told})")
    if isinstance(ballot.electorate, Reason):
        return unknown(ballot.electorate)
    tallies = ballot.tallies()
    unmet = [tally for tally in tallies if not tally.is_met]
    if not unmet:
        given = dict.fromkeys(person.login for tally in tallies for person in tally.given)
        return opened("approval.given", f"approved by {', '.join(given)}")
    asked, seen_at = case.deployment.asked, ballot.electorate.seen_at
    since = asked.since if asked is not None and asked.plan.digest == ballot.digest else seen_at
    until = since + ballot.expires_after
    if seen_at >= until:
        return Verdict(Answer.EXPIRED, Reason("approval.expired", f"{_told(unmet)}, until {_spelled(until)}"))
    hopeless = [tally for tally in unmet if tally.is_hopeless]
    if hopeless:
        return held("approval.too_few", _hopeless(hopeless[0], ballot), LONGEST_LOOK)
    return held("approval.waiting", _waits(unmet, ballot, until), min(until - seen_at, LONGEST_LOOK))


def ballot_of(case: Case) -> Ballot:
    deployment = case.deployment
    return Ballot(
        deployment.id,
        case.plan.digest if case.plan else None,
        case.approvals,
        case.electorate,
        deployment.votes,
        deployment.requester,
        case.binding.glass,
    )


def _told(unmet: Iterable[Tally]) -> str:
    return "; ".join(_told_of(tally) for tally in unmet)


def _told_of(tally: Tally) -> str:
    """`1 of 2 approvals that the file asks for (ada)`."""
    given = f" ({_names(tally.given)})" if tally.given else ""
    wanted = counted(tally.asked.count, "approval")
    return f"{len(tally.given)} of {wanted} that {tally.asked.whose} asks for{given}"


def _waits(unmet: Iterable[Tally], ballot: Ballot, until: datetime) -> str:
    assert ballot.digest is not None
    people, plan = whom(ballot.could, ballot.asked), shortened(ballot.digest)
    return f"{_told(unmet)}; asked of {people} until {_spelled(until)}, for the plan {plan}{_left_out(ballot)}"


def _left_out(ballot: Ballot) -> str:
    assert not isinstance(ballot.electorate, Reason)
    lapsed = ballot.lapsed()
    told = f"; the approval of {_names(lapsed)} doesn't count any more" if lapsed else ""
    strangers = ballot.electorate.strangers if any(one.excludes_author for one in ballot.asked) else ()
    return told + (f"; GitHub has no account for the author {', '.join(strangers)}" if strangers else "")


def _hopeless(tally: Tally, ballot: Ballot) -> str:
    assert not isinstance(ballot.electorate, Reason)
    electorate, asked = ballot.electorate, tally.asked
    barred = electorate.barred(asked, ballot.requester)
    left_out = [f"{person.login} {barred[person.id]}" for person in electorate.named(asked) if person.id in barred]
    can = _names((*tally.given, *tally.could)) or "nobody"
    text = f"{asked.whose} asks for {counted(asked.count, 'approval')}, and only {can} could give one"
    why = f" ({'; '.join(left_out)})" if left_out else ""
    return f"{text}{why}: name more people who may, or let fewer be enough"


def _names(people: Iterable[Person]) -> str:
    return ", ".join(person.login for person in people)


def _spelled(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
