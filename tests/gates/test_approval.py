"""People let this plan start, or it waits for them, and says for whom."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.approval import Glass, Vote, shortened
from controller.domain.deployment import RESTART_ORDERED, Asked
from controller.domain.electorate import UNSEEN, Electorate, Movers
from controller.domain.environment import Environment
from controller.domain.manifest import Minimum, MinimumApproval
from controller.domain.people import Person, Via
from controller.domain.reason import Reason
from controller.domain.revision import Author
from controller.domain.snapshot import Resolved
from controller.domain.verdict import Answer
from controller.gates import approval
from controller.gates.base import Case
from tests.support.builders import FILE, NOON, a_binding, a_deployment, a_file, a_plan, a_revision
from tests.support.town import ADA, BARBARA, GRACE, LINUS, MARGARET

ASKED = FILE + "gates: {approval: {count: 2, expires: 1h}}\n"
PLAN = a_plan(a_revision(text=ASKED))
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
LOOK = approval.LONGEST_LOOK
KNOWN = Electorate(NOON, (ADA, GRACE, LINUS), authors=(Author(ADA.id, "ada", "Ada"),))


def vote(by: Person, **changes: object) -> Vote:
    return replace(Vote(by, PLAN.digest, NOON - SECOND, Via.WEB, "looks good"), **changes)


def case(*votes: Vote, asked: timedelta | None = timedelta(0), **changes: object) -> Case:
    """One of which people were asked so long ago."""
    poll = None if asked is None else Asked(PLAN, NOON - asked)
    deployment = a_deployment(revision=a_revision(text=ASKED), votes=votes, asked=poll)
    made = Case(deployment, Environment("dev"), a_binding(), None, Resolved(), PLAN, electorate=KNOWN)
    return replace(made, **changes)


def test_it_is_held_until_enough_have_approved() -> None:
    verdict = approval.judge(case(vote(GRACE)), NOON)
    assert (verdict.answer, verdict.reason.code, verdict.look_in) == (Answer.HELD, "approval.waiting", LOOK)
    assert verdict.reason.text == (
        f"1 of 2 approvals that the file asks for (grace); asked of linus until 2026-11-21 13:00 UTC, for the plan "
        f"{shortened(PLAN.digest)}"
    )


def test_it_opens_when_enough_have() -> None:
    verdict = approval.judge(case(vote(GRACE), vote(LINUS)), NOON)
    assert verdict.is_open and verdict.reason == Reason("approval.given", "approved by grace, linus")


@pytest.mark.parametrize("wrong", [vote(ADA), vote(BARBARA), vote(GRACE), vote(LINUS, digest="0" * 64)])
def test_nobody_counts_who_made_it_lost_the_right_counted_already_or_saw_another_plan(wrong: Vote) -> None:
    assert not approval.judge(case(vote(GRACE), wrong), NOON).is_open


@pytest.mark.parametrize(
    ("left", "look_in"), [(HOUR, LOOK), (31 * SECOND, LOOK), (30 * SECOND, LOOK), (SECOND, SECOND)]
)
def test_it_is_looked_at_when_its_time_is_over(left: timedelta, look_in: timedelta) -> None:
    assert approval.judge(case(asked=HOUR - left), NOON).look_in == look_in


def test_it_expires_when_its_time_is_over_and_says_what_was_missing() -> None:
    verdict = approval.judge(case(vote(GRACE), asked=HOUR), NOON)
    assert (verdict.answer, verdict.reason.code) == (Answer.EXPIRED, "approval.expired")
    assert verdict.reason.text == "1 of 2 approvals that the file asks for (grace), until 2026-11-21 12:00 UTC"


def test_the_time_is_the_databases() -> None:
    assert approval.judge(case(), NOON + 30 * HOUR).answer is Answer.HELD
    late = case(electorate=replace(KNOWN, seen_at=NOON + HOUR))
    assert approval.judge(late, NOON).answer is Answer.EXPIRED


def test_what_is_approved_in_the_last_moment_opens_after_it() -> None:
    votes = (vote(GRACE), vote(LINUS))
    assert approval.judge(case(*votes, asked=2 * HOUR), NOON).is_open


@pytest.mark.parametrize("asked", [None, 5 * HOUR])
def test_the_time_begins_when_people_are_asked_about_this_plan(asked: timedelta | None) -> None:
    found = case(asked=asked)
    other = Asked(replace(PLAN, digest="0" * 64), NOON - 5 * HOUR) if asked else None
    found = replace(found, deployment=replace(found.deployment, asked=other))
    assert "until 2026-11-21 13:00 UTC" in approval.judge(found, NOON).reason.text


def test_too_few_people_are_told_at_once_with_those_who_are_left_out() -> None:
    few = replace(KNOWN, approvers=(ADA, GRACE, MARGARET), movers=Movers(mergers=(MARGARET,)))
    verdict = approval.judge(case(electorate=few), NOON)
    assert (verdict.answer, verdict.reason.code, verdict.look_in) == (Answer.HELD, "approval.too_few", LOOK)
    assert "2 approvals, and only grace could give one (ada wrote it; margaret merged it)" in verdict.reason.text


def test_what_can_never_be_met_expires_too() -> None:
    few = replace(KNOWN, approvers=(ADA,))
    assert "only nobody could" in approval.judge(case(electorate=few), NOON).reason.text
    assert approval.judge(case(electorate=few, asked=HOUR), NOON).answer is Answer.EXPIRED


def test_who_can_not_be_told_is_unknown_however_many_have_approved() -> None:
    verdict = approval.judge(case(vote(GRACE), vote(LINUS), electorate=UNSEEN), NOON)
    assert (verdict.answer, verdict.reason) == (Answer.UNKNOWN, UNSEEN)


def test_approvals_that_count_no_more_and_authors_without_an_account_are_told() -> None:
    known = replace(KNOWN, authors=(*KNOWN.authors, Author(None, None, "A Stranger")))
    text = approval.judge(case(vote(BARBARA), electorate=known), NOON).reason.text
    assert "the approval of barbara doesn't count any more" in text
    assert text.endswith("GitHub has no account for the author A Stranger")


def test_broken_glass_opens_with_its_reasons_whatever_github_says() -> None:
    bound = a_binding(glass=Glass((ADA, GRACE), 2))
    broken = (vote(ADA, breaks_glass=True, reason="it burns"), vote(GRACE, breaks_glass=True, reason="it does"))
    verdict = approval.judge(case(*broken, binding=bound, electorate=UNSEEN), NOON)
    assert verdict.reason == Reason("approval.glass_broken", "the glass was broken (ada: it burns; grace: it does)")
    assert verdict.is_open
    assert not approval.judge(case(broken[0], binding=bound), NOON).is_open
    assert approval.judge(case(*broken, binding=bound, electorate=UNSEEN), NOON + HOUR).answer is Answer.UNKNOWN


def test_the_new_file_the_live_one_and_the_operator_must_all_be_met() -> None:
    live = a_file(FILE + "gates: {approval: {count: 1, reviewers: [grace]}}\n")
    bound = a_binding(minimum=Minimum(approval=MinimumApproval(count=1)))
    plain = replace(case().deployment, revision=a_revision(), votes=(vote(LINUS),))
    verdict = approval.judge(case(deployment=plain, live=live, binding=bound), NOON)
    assert verdict.reason.code == "approval.waiting"
    assert "0 of 1 approval that the file that is live asks for" in verdict.reason.text
    assert approval.judge(case(deployment=replace(plain, votes=(vote(GRACE),)), live=live, binding=bound), NOON).is_open


def test_it_is_asked_where_anybody_wants_it_also_of_a_restart() -> None:
    plain = a_deployment()
    restart = replace(plain, restart=True, because_of=Reason(RESTART_ORDERED, "ada restarted it"))
    asking, bound = a_file(ASKED), a_binding(minimum=Minimum(approval=MinimumApproval(count=1)))
    assert approval.is_asked(case()) and not approval.is_asked(case(deployment=plain))
    assert approval.is_asked(case(deployment=restart, live=asking))
    assert approval.is_asked(case(deployment=plain, binding=bound))
