"""Deployments that wait for people: who lets them start, what voids it, and what starts without them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controller.domain.approval import Glass
from controller.domain.bindings import Binding
from controller.domain.deployment import Kind, Phase
from controller.domain.electorate import Movers
from controller.domain.errors import Transient
from controller.domain.events import AuditEntry, Event
from controller.domain.manifest import Minimum, MinimumApproval
from controller.domain.orders import OrderKind, OrderState
from controller.domain.people import Person, Via
from controller.domain.revision import Author
from controller.inbox.wishes import OrderRefused
from tests.scenarios.test_gated import WINDOW, is_waiting
from tests.support.builders import FILE, a_binding
from tests.support.invariants import Watch
from tests.support.stage import Stage
from tests.support.town import ADA, DENNIS, GRACE, LINUS, MARGARET, RELEASE, caller

ASKED = FILE + "gates: {approval: {count: 2, expires: 1h}}\n"
MINUTE = timedelta(minutes=1)
AWAY = Transient("asking GitHub: no answer", code="github.unreachable")
WAITING = "approval.waiting"


@pytest.fixture
def asked_stage(live_stage: Stage) -> Iterator[Stage]:
    """A second version waits for two people; ada wrote it. Whatever starts is looked at."""
    watch = Watch(live_stage)
    live_stage.push(ASKED, content="second")
    live_stage.run(lambda: is_waiting(live_stage, 2, WAITING))
    yield live_stage
    assert watch.broken == []


def plan(stage: Stage, number: int) -> str:
    asked = stage.deployment(number).asked
    assert asked is not None, "nobody is asked"
    return asked.plan.digest


def approve(stage: Stage, by: Person, number: int = 2, via: Via = Via.WEB) -> int:
    """And the loop has heard it."""
    left = stage.order(OrderKind.APPROVE, f"dev-{number}", by=caller(by, via), plan=plan(stage, number))
    stage.run(lambda: stage.left(left).state is not OrderState.RECEIVED)
    assert stage.left(left).state is OrderState.DONE, stage.left(left).outcome
    return left


def goes_by(stage: Stage, time: timedelta) -> None:
    later = stage.time.now() + time
    stage.run(lambda: stage.time.now() > later)


def told(stage: Stage, *events: Event) -> list[AuditEntry]:
    with stage.store.read() as unit:
        entries = unit.audit.page(environment="dev", limit=5000).items
    return [entry for entry in reversed(entries) if entry.event in events]


def counted(stage: Stage) -> list[tuple[str, Event]]:
    return [(entry.actor, entry.event) for entry in told(stage, Event.APPROVAL_COUNTED, Event.APPROVAL_VOIDED)]


def test_it_waits_until_two_have_approved_and_then_goes_live(asked_stage: Stage) -> None:
    stage = asked_stage
    goes_by(stage, 10 * MINUTE)
    approve(stage, LINUS)
    goes_by(stage, 10 * MINUTE)
    assert is_waiting(stage, 2, WAITING) and "1 of 2 approvals" in stage.deployment(2).reason.text
    approve(stage, MARGARET, via=Via.SLACK)
    stage.settle()
    done = stage.deployment(2)
    assert done.phase is Phase.SUCCEEDED and stage.environment.live == 2
    assert [(one.by, one.via) for one in done.votes] == [(LINUS, Via.WEB), (MARGARET, Via.SLACK)]
    assert done.gates[-1].reason.text == "approved by linus, margaret" and done.asked is None
    assert done.plan is not None and {one.digest for one in done.votes} == {done.plan.digest}
    assert counted(stage) == [("linus", Event.APPROVAL_COUNTED), ("margaret", Event.APPROVAL_COUNTED)]
    facts = told(stage, Event.APPROVAL_COUNTED)[1].facts
    assert (facts["person"], facts["via"], facts["is"]) == (MARGARET.id, "slack", "approval")


def test_while_it_waits_a_look_writes_nothing(asked_stage: Stage) -> None:
    before = asked_stage.deployment(2).version
    goes_by(asked_stage, 20 * MINUTE)
    assert asked_stage.deployment(2).version == before


def test_two_last_clicks_at_once_are_one_start(asked_stage: Stage) -> None:
    stage = asked_stage
    for person in (LINUS, MARGARET, DENNIS):
        stage.order(OrderKind.APPROVE, "dev-2", by=caller(person), plan=plan(stage, 2))
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and len(stage.deployment(2).votes) == 3
    started = [entry for entry in told(stage, Event.DEPLOYMENT_STARTED) if entry.deployment == "dev-2"]
    assert len(started) == 1


@pytest.mark.parametrize(("movers", "code"), [(Movers(), ""), (Movers(mergers=(LINUS,)), "approval.author")])
def test_whoever_merged_it_approves_nothing(live_stage: Stage, movers: Movers, code: str) -> None:
    stage = live_stage
    commit = stage.push(ASKED, content="second")
    stage.town.moved[commit.sha] = movers
    stage.run(lambda: is_waiting(stage, 2, WAITING))
    with pytest.raises(OrderRefused) as caught:
        approve(stage, ADA)
    assert caught.value.code == "approval.author", "she wrote it"
    if code:
        with pytest.raises(OrderRefused) as caught:
            approve(stage, LINUS)
        assert caught.value.code == code
    else:
        approve(stage, LINUS)


def test_whoever_wrote_any_commit_of_the_way_may_be_left_out(live_stage: Stage) -> None:
    stage = live_stage
    stage.town.wrote = (Author(LINUS.id, "linus", "Linus"),)
    stage.push(ASKED.replace("expires: 1h", "exclude_author: all"), content="second")
    stage.run(lambda: is_waiting(stage, 2, WAITING))
    with pytest.raises(OrderRefused, match="linus wrote it"):
        approve(stage, LINUS)


def test_a_newer_commit_takes_its_place_and_is_asked_about_anew(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    old = plan(stage, 2)
    stage.push(ASKED, content="third")
    stage.run(lambda: is_waiting(stage, 3, WAITING))
    assert stage.phase(2) is Phase.SUPERSEDED and stage.deployment(3).votes == () and plan(stage, 3) != old
    with pytest.raises(OrderRefused) as caught:
        stage.order(OrderKind.APPROVE, "dev-3", by=caller(LINUS), plan=old)
    assert caught.value.code == "approval.stale"


def test_another_version_that_is_live_meanwhile_voids_what_was_answered(stage: Stage) -> None:
    stage.push(content="first")
    stage.settle()
    stage.push(content="second")
    stage.settle()
    stage.push(ASKED, content="third")
    stage.run(lambda: is_waiting(stage, 3, WAITING))
    approve(stage, LINUS, 3)
    approve_late = plan(stage, 3)
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: stage.phase(4) is Phase.SUCCEEDED)
    stage.order(OrderKind.UNHOLD)
    stage.run(lambda: is_waiting(stage, 3, WAITING) and stage.deployment(3).asked is not None)
    assert stage.deployment(3).votes == () and plan(stage, 3) != approve_late
    assert counted(stage) == [("linus", Event.APPROVAL_COUNTED), ("linus", Event.APPROVAL_VOIDED)]
    approve(stage, MARGARET, 3)
    assert stage.phase(3) is Phase.WAITING
    approve(stage, LINUS, 3)
    stage.settle()
    assert stage.phase(3) is Phase.SUCCEEDED


def test_whoever_loses_the_right_after_the_click_counts_no_more(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    stage.town.leave(LINUS)
    approve(stage, MARGARET)
    goes_by(stage, 5 * MINUTE)
    assert is_waiting(stage, 2, WAITING)
    assert "the approval of linus doesn't count any more" in stage.deployment(2).reason.text
    approve(stage, DENNIS)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED


def test_an_order_of_somebody_who_left_before_it_was_heard_is_refused(asked_stage: Stage) -> None:
    stage = asked_stage
    left = stage.order(OrderKind.APPROVE, "dev-2", by=caller(LINUS), plan=plan(stage, 2))
    stage.town.leave(LINUS)
    stage.run(lambda: stage.left(left).state is not OrderState.RECEIVED)
    assert stage.left(left).state is OrderState.REFUSED and stage.deployment(2).votes == ()


def test_somebody_who_is_called_otherwise_now_is_still_the_same(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    torvalds = stage.town.rename(LINUS, "torvalds")
    with pytest.raises(OrderRefused) as caught:
        approve(stage, torvalds)
    assert caught.value.code == "approval.again"
    approve(stage, MARGARET)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED
    assert stage.deployment(2).gates[-1].reason.text == "approved by torvalds, margaret"


def test_a_no_ends_it_also_of_who_wrote_it(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    stage.order(OrderKind.REJECT, "dev-2", by=caller(ADA), reason="a typing error")
    stage.settle()
    found = stage.deployment(2)
    assert (found.phase, found.reason.text) == (Phase.REJECTED, "ada rejected it: a typing error")
    assert stage.environment.live == 1


def test_what_is_taken_back_counts_no_more(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    stage.order(OrderKind.REVOKE, "dev-2", by=caller(LINUS))
    stage.run(lambda: stage.deployment(2).votes == ())
    approve(stage, MARGARET)
    goes_by(stage, 5 * MINUTE)
    assert stage.phase(2) is Phase.WAITING
    approve(stage, LINUS)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED


def test_after_its_time_it_has_expired_and_says_what_was_missing(asked_stage: Stage) -> None:
    stage = asked_stage
    asked = stage.deployment(2).asked
    assert asked is not None
    goes_by(stage, 10 * MINUTE)
    approve(stage, LINUS)
    stage.settle()
    found = stage.deployment(2)
    assert (found.phase, found.reason.code) == (Phase.EXPIRED, "approval.expired")
    assert "1 of 2 approvals that the file asks for (linus), until 2026-11-21 " in found.reason.text
    assert timedelta(hours=1) <= stage.time.now() - asked.since < timedelta(hours=1) + MINUTE
    stage.order(OrderKind.DEPLOY)
    stage.run(lambda: is_waiting(stage, 3, WAITING))
    assert stage.deployment(3).votes == ()


def test_no_time_runs_while_another_gate_is_shut(live_stage: Stage) -> None:
    stage = live_stage
    both = WINDOW.replace("gates: {", "gates: {approval: {count: 1, expires: 5m}, ")
    stage.push(both, content="second")
    stage.run(lambda: is_waiting(stage, 2, "window.shut"))
    assert stage.deployment(2).asked is None
    with pytest.raises(OrderRefused, match="other gates come first"):
        stage.order(OrderKind.APPROVE, "dev-2", by=caller(LINUS), plan="sha256:" + "0" * 64)
    stage.run(lambda: is_waiting(stage, 2, WAITING))
    approve(stage, LINUS)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED


def test_nothing_starts_while_github_is_silent_and_then_it_goes_on(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    left = stage.order(OrderKind.APPROVE, "dev-2", by=caller(MARGARET), plan=plan(stage, 2))
    stage.town.trouble = AWAY
    goes_by(stage, 10 * MINUTE)
    assert is_waiting(stage, 2, "approval.unknown") and stage.left(left).state is OrderState.RECEIVED
    with pytest.raises(Transient):
        stage.order(OrderKind.APPROVE, "dev-2", by=caller(DENNIS), plan=plan(stage, 2))
    stage.town.trouble = None
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and stage.left(left).state is OrderState.DONE


def test_a_no_that_waits_for_github_is_not_forgotten(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    stage.order(OrderKind.APPROVE, "dev-2", by=caller(MARGARET), plan=plan(stage, 2))
    stage.order(OrderKind.REJECT, "dev-2", by=caller(DENNIS))
    stage.town.trouble = AWAY
    goes_by(stage, 10 * MINUTE)
    stage.town.trouble = None
    stage.settle()
    assert stage.phase(2) is Phase.REJECTED


def between_look_and_start(stage: Stage, act: Callable[[], None]) -> None:
    """Once enough have approved, `act` happens while the pass that is about to start it asks GitHub."""
    answer, done = stage.town.movers, []

    def movers(repository: str, branch: str, sha: str, since: datetime) -> Movers:
        if len(stage.deployment(2).votes) == 2 and not done:
            done.append(True)
            act()
        return answer(repository, branch, sha, since)

    stage.town.movers = movers  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("kind", "by", "phase"),
    [
        (OrderKind.REJECT, DENNIS, Phase.REJECTED),
        (OrderKind.REVOKE, LINUS, Phase.WAITING),
        (OrderKind.ABORT, GRACE, Phase.ABORTED),
    ],
)
def test_a_no_between_the_look_and_the_start_is_heard_first(
    asked_stage: Stage, kind: OrderKind, by: Person, phase: Phase
) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    between_look_and_start(stage, lambda: [None, stage.order(kind, "dev-2", by=caller(by))][0])
    stage.order(OrderKind.APPROVE, "dev-2", by=caller(MARGARET), plan=plan(stage, 2))
    goes_by(stage, 2 * MINUTE)
    assert stage.phase(2) is phase
    assert "order.first" in {done.reason.code for done in stage.passes}
    assert not [entry for entry in told(stage, Event.DEPLOYMENT_STARTED) if entry.deployment == "dev-2"]


def test_a_yes_between_the_look_and_the_start_holds_nothing_up(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    digest = plan(stage, 2)
    also = {"by": caller(DENNIS), "plan": digest}
    between_look_and_start(stage, lambda: [None, stage.order(OrderKind.APPROVE, "dev-2", **also)][0])
    approve(stage, MARGARET)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED


def test_a_restart_is_asked_about_and_not_of_who_ordered_it(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    approve(stage, MARGARET)
    stage.settle()
    stage.order(OrderKind.DEPLOY, by=caller(GRACE), restart=True)
    stage.run(lambda: is_waiting(stage, 3, WAITING))
    assert stage.deployment(3).requester == GRACE
    with pytest.raises(OrderRefused, match="grace ordered it"):
        approve(stage, GRACE, 3)
    approve(stage, LINUS, 3)
    approve(stage, MARGARET, 3)
    stage.settle()
    assert stage.phase(3) is Phase.SUCCEEDED


def test_a_rollback_asks_nobody(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    approve(stage, MARGARET)
    stage.settle()
    stage.town.trouble = AWAY
    stage.order(OrderKind.ROLLBACK)
    stage.settle()
    assert (stage.phase(3), stage.deployment(3).kind) == (Phase.SUCCEEDED, Kind.ROLLBACK)


def test_nobody_merges_their_way_around_the_gate(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    approve(stage, MARGARET)
    stage.settle()
    stage.push(FILE, content="second")
    stage.run(lambda: is_waiting(stage, 3, WAITING))
    assert "that the file that is live asks for" in stage.deployment(3).reason.text
    stage.push(FILE, content="third")
    stage.run(lambda: is_waiting(stage, 4, WAITING))
    approve(stage, LINUS, 4)
    approve(stage, MARGARET, 4)
    stage.settle()
    assert stage.phase(4) is Phase.SUCCEEDED
    stage.push(FILE, content="fourth")
    stage.settle()
    assert stage.phase(5) is Phase.SUCCEEDED and stage.deployment(5).votes == ()


def begun(directory: Path, binding: Binding) -> Stage:
    """A first version waits, in an environment that is bound so."""
    stage = Stage(directory, binding=binding)
    stage.push(content="first")
    return stage


def test_the_operators_minimum_asks_where_no_file_does(tmp_path: Path) -> None:
    stage = begun(tmp_path, a_binding(minimum=Minimum(approval=MinimumApproval(count=1))))
    stage.run(lambda: is_waiting(stage, 1, WAITING))
    assert "0 of 1 approval that tidegate.yaml asks for" in stage.deployment(1).reason.text
    approve(stage, LINUS, 1)
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED
    stage.store.close()


GLASS = a_binding(minimum=Minimum(approval=MinimumApproval(count=2)), glass=Glass((ADA, GRACE), 2))


def break_glass(stage: Stage, by: Person, reason: str) -> None:
    stage.order(OrderKind.BREAK_GLASS, "dev-1", reason, caller(by), plan=plan(stage, 1))


@pytest.mark.parametrize("silent", [True, False])
def test_two_who_may_break_the_glass_which_is_loud(tmp_path: Path, silent: bool) -> None:
    """Also she who wrote it, and also while nobody can be looked up from the beginning."""
    stage = begun(tmp_path, GLASS)
    stage.town.trouble = AWAY if silent else None
    stage.run(lambda: is_waiting(stage, 1, "approval.unknown" if silent else WAITING))
    break_glass(stage, ADA, "the site is down")
    goes_by(stage, 5 * MINUTE)
    assert stage.phase(1) is Phase.WAITING
    with pytest.raises(OrderRefused) as caught:
        break_glass(stage, LINUS, "me too")
    assert caught.value.code == "approval.no_glass"
    break_glass(stage, GRACE, "it is")
    stage.settle()
    done = stage.deployment(1)
    assert done.phase is Phase.SUCCEEDED
    assert done.gates[-1].reason.code == "approval.glass_broken"
    assert done.gates[-1].reason.text == "the glass was broken (ada: the site is down; grace: it is)"
    loud = [(entry.actor, entry.text, entry.facts["is"]) for entry in told(stage, Event.APPROVAL_COUNTED)]
    assert loud == [("ada", "the site is down", "glass"), ("grace", "it is", "glass")]
    stage.store.close()


def test_glass_that_one_of_them_broke_long_ago_is_whole_again(tmp_path: Path) -> None:
    stage = begun(tmp_path, GLASS)
    stage.town.trouble = AWAY
    stage.run(lambda: is_waiting(stage, 1, "approval.unknown"))
    break_glass(stage, ADA, "the site is down")
    stage.run(lambda: len(stage.deployment(1).votes) == 1)
    stage.clock.advance(timedelta(hours=25).total_seconds())
    break_glass(stage, GRACE, "it was")
    goes_by(stage, 5 * MINUTE)
    assert stage.phase(1) is Phase.WAITING
    stage.store.close()


def test_a_start_without_approvals_is_found(live_stage: Stage) -> None:
    """By whoever watches these stories: the controller was told of no minimum, and the watch was."""
    watch = Watch(live_stage)
    live_stage.binding = GLASS
    live_stage.push(content="second")
    live_stage.settle()
    assert len(watch.broken) == 1 and watch.broken[0].startswith("S6: ")
    assert watch.broken[0].endswith("dev-2 runs, approved by [], and 2 were asked for")


def test_too_few_people_are_told_at_once_and_named_more_it_goes_on(live_stage: Stage) -> None:
    stage = live_stage
    of_team = ASKED.replace("{count: 2", f'{{count: 2, reviewers: ["{RELEASE}"]')
    stage.town.teams = {RELEASE: frozenset({ADA.id, MARGARET.id})}
    stage.push(of_team, content="second")
    stage.run(lambda: is_waiting(stage, 2, "approval.too_few"))
    assert "only margaret could give one (ada wrote it)" in stage.deployment(2).reason.text
    stage.town.teams = {RELEASE: frozenset({ADA.id, MARGARET.id, GRACE.id})}
    stage.run(lambda: is_waiting(stage, 2, WAITING))
    approve(stage, MARGARET)
    approve(stage, GRACE)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED


def test_within_one_look_each_question_is_asked_once(asked_stage: Stage) -> None:
    stage = asked_stage
    stage.town.asked = 0
    passes = len(stage.passes)
    goes_by(stage, 10 * MINUTE)
    assert 0 < stage.town.asked <= 2 * (len(stage.passes) - passes), "collaborators and movers"


def test_a_controller_that_starts_over_has_forgotten_no_answer(asked_stage: Stage) -> None:
    stage = asked_stage
    approve(stage, LINUS)
    before = stage.deployment(2)
    stage.start_over()
    assert stage.deployment(2) == before
    approve(stage, MARGARET)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED
