"""What metrics do to a deployment, from its first share of the traffic until its old side cools."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide import decide, needed
from controller.decision import Decision
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.metrics import Minutes, Readings, Result
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import StepKind
from controller.progress.watch import watched_services
from tests.analysis.counted import counted, timed
from tests.progress.steps import in_step, minutes, shared
from tests.support.builders import (
    FILE,
    NOON,
    a_deployment,
    a_revision,
    a_rule,
    a_running_deployment,
    a_snapshot,
    asked_first,
    terms,
)

CANARY = "{type: canary, steps: [{weight: 10, bake: 1m}, {weight: 100, bake: 2m}]}"
METRICS = "errors: {max: 1%, min_requests: 200}"
GOOD, BAD, FEW = counted((1000, 1)), counted((1000, 50)), counted((100, 0))
SHIFTED, BAKED, LAST_BAKE = "shift 10", "bake 1m", "bake 2m"
CLOSED = ("RemoveTestRule backend", "RemoveTestRule frontend")


def a_text(metrics: str = METRICS, wanted: str = "pause") -> str:
    kept = FILE.replace("{type: rolling}", CANARY).replace("hold: next_commit", "hold: next_commit, keep_warm: 30m")
    return f"{kept}watch: {{metrics: {{{metrics}}}, on_inconclusive: {wanted}}}\n"


def read(backend: Minutes, old: Minutes = (), frontend: Minutes = GOOD) -> Readings:
    """Green is new."""
    return Readings({"backend": {Slot.GREEN: backend, Slot.BLUE: old}, "frontend": {Slot.GREEN: frontend}})


def seen(readings: Readings, share: int = 10, **changes: object) -> Snapshot:
    return replace(a_snapshot(shared(share)), readings=readings, **changes)


def at(title: str, text: str | None = None, **of_step: object) -> Deployment:
    return in_step(title, running=a_running_deployment(text or a_text()), **of_step)


def decided(deployment: Deployment, readings: Readings, share: int = 10, **changes: object) -> Decision:
    return decide(deployment, seen(readings, share, **changes), NOON, terms())


def moved(deployment: Deployment, readings: Readings, share: int = 10) -> Deployment:
    return decided(deployment, readings, share).deployment


def kept_warm(text: str | None = None, **changes: object) -> Deployment:
    running = in_step("settle", running=a_running_deployment(text or a_text()))
    done = running.moved(Phase.SUCCEEDED, Reason("x.y", "live"), NOON)
    return replace(in_step("retire", running=done, acted=CLOSED), **changes)


@pytest.mark.parametrize("title", ["warm", "smoke"])
def test_nothing_is_asked_before_the_first_raise(title: str) -> None:
    assert Evidence.METRICS not in needed(at(title))


@pytest.mark.parametrize("title", [SHIFTED, BAKED, "verify", "settle"])
def test_bad_numbers_turn_back_from_every_step_since(title: str) -> None:
    share = 10 if title in {SHIFTED, BAKED} else 100
    assert Evidence.METRICS in needed(at(title))
    back = moved(at(title), read(BAD), share)
    assert (back.phase, back.reason.code) == (Phase.ROLLING_BACK, "analysis.failed")
    assert back.reason.text.startswith("backend errors: 5.00% failed, of 1,000 requests")


def test_only_the_services_whose_numbers_are_bad_are_to_blame() -> None:
    back = moved(at(BAKED), read(BAD))
    assert back.turning is not None and (back.turning.culprits, back.turning.quarantines) == (("backend",), True)


def test_a_file_without_metrics_asks_for_none_and_neither_does_a_worker() -> None:
    assert Evidence.METRICS not in needed(at(BAKED, FILE.replace("{type: rolling}", CANARY)))
    running = a_running_deployment(a_text())
    assert running.plan is not None and watched_services(running) == ("backend", "frontend")
    backend, frontend = running.plan.rolling
    half = replace(running.plan, rolling=(backend, replace(frontend, routed=False)))
    assert watched_services(replace(running, plan=half)) == ("backend",)


def test_what_was_found_is_kept_with_the_deployment() -> None:
    baking = moved(at(BAKED), read(GOOD))
    assert [(finding.service, finding.result) for finding in baking.findings] == [
        ("backend", Result.PASSED),
        ("frontend", Result.PASSED),
    ]
    assert baking.phase is Phase.RUNNING


def test_numbers_of_an_earlier_share_are_not_judged_with_this_one() -> None:
    before = tuple(replace(minute, at=minute.at - timedelta(minutes=5)) for minute in BAD)
    assert moved(at(BAKED), read(before)).findings[0].result is Result.INCONCLUSIVE


def over(wanted: str = "pause", waited: float = 10, metrics: str = METRICS) -> Deployment:
    """Its first bake, of a minute, is over for so many minutes."""
    return at(BAKED, a_text(metrics, wanted), observed=minutes(1 + waited))


@pytest.mark.parametrize("new", [FEW, ()], ids=["too few", "none"])
def test_too_few_requests_ask_a_person_or_do_what_the_file_says(new: Minutes) -> None:
    halted, went_on, back = (moved(over(wanted), read(new)) for wanted in ("pause", "continue", "rollback"))
    assert halted.pause is not None and halted.pause.reason.code == "watch.inconclusive"
    assert went_on.pause is None and went_on.step is not None and went_on.step.title == "shift 100"
    assert (back.phase, back.reason.code) == (Phase.ROLLING_BACK, "watch.inconclusive")
    assert back.turning is not None and not back.turning.quarantines


def test_numbers_that_are_on_their_way_are_waited_for_first() -> None:
    waiting = moved(over("rollback", waited=3.9), read(FEW))
    assert waiting.phase is Phase.RUNNING and waiting.step is not None and waiting.step.title == BAKED
    assert "still on their way" in waiting.step.detail
    went_on = moved(waiting, read(GOOD))
    assert went_on.step is not None and went_on.step.title == "shift 100"


def test_a_bake_that_a_person_ended_is_not_judged_but_still_fails() -> None:
    promoted = at(BAKED, promoted="ada")
    went_on, back = moved(promoted, read(FEW)), moved(promoted, read(BAD))
    assert went_on.step is not None and went_on.step.title == "shift 100"
    assert back.phase is Phase.ROLLING_BACK


def test_numbers_that_cannot_be_read_are_believed_after_three_looks_and_are_nobodys_fault() -> None:
    deployment = at(BAKED)
    for look in range(3):
        assert deployment.phase is Phase.RUNNING, look
        deployment = moved(deployment, Readings(trouble="throttled"))
    assert (deployment.phase, deployment.reason) == (Phase.ROLLING_BACK, Reason("analysis.error", "throttled"))
    assert deployment.turning is not None and not deployment.turning.quarantines


def test_numbers_that_can_be_read_again_forgive_the_looks_before() -> None:
    deployment = at(BAKED)
    for readings in [Readings(trouble="throttled"), Readings(trouble="throttled"), read(GOOD)] * 2:
        deployment = moved(deployment, readings)
    assert deployment.phase is Phase.RUNNING


AGAINST = "latency_p95: {max: 800ms, against: live}"
QUICK, SLOWER = timed([100] * 5), timed([500] * 5)


def test_versions_are_compared_once_at_the_end_of_a_bake_and_while_both_have_traffic() -> None:
    slower = read(SLOWER, QUICK, QUICK)
    early = moved(at(BAKED, a_text(AGAINST)), slower)
    assert early.phase is Phase.RUNNING and early.findings[0].result is Result.PASSED
    assert moved(over(metrics=AGAINST), slower).phase is Phase.ROLLING_BACK
    last = at(LAST_BAKE, a_text(AGAINST), observed=minutes(2))
    assert moved(last, slower, 100).phase is not Phase.ROLLING_BACK, "there is nothing to compare all traffic with"


def test_bad_numbers_while_the_old_version_is_warm_send_it_home_once() -> None:
    decision = decided(kept_warm(), read(BAD), 100)
    assert decision.goes_back and decision.reason.code == "analysis.failed_late"
    assert not decided(decision.deployment, read(BAD), 100).goes_back


@pytest.mark.parametrize("readings", [read(FEW), Readings(trouble="throttled")], ids=["too few", "unreadable"])
def test_nothing_else_ends_what_has_succeeded(readings: Readings) -> None:
    decision = decided(kept_warm(), readings, 100)
    assert not decision.goes_back and decision.deployment.phase is Phase.SUCCEEDED


@pytest.mark.parametrize(
    "cold",
    [
        kept_warm(a_text().replace("hold: next_commit", "hold: next_commit, automatic: false")),
        kept_warm(kind=Kind.ROLLBACK),
    ],
    ids=["by hand only", "a rollback"],
)
def test_what_must_not_turn_back_by_itself_is_not_even_looked_at(cold: Deployment) -> None:
    assert Evidence.METRICS not in needed(cold)


def test_a_share_lasts_from_its_shift_to_the_end_of_the_next_one() -> None:
    deployment = a_running_deployment(a_text())
    assert deployment.share_since is None
    first, second = [step for step in deployment.steps if step.kind is StepKind.SHIFT]
    assert deployment.with_step(first.started(NOON)).share_since == NOON
    baked = in_step("shift 100", running=deployment)
    later = NOON + timedelta(minutes=9)
    assert baked.with_step(replace(second, started_at=None).started(later)).share_since == NOON


def test_nothing_starts_while_the_numbers_cannot_be_read() -> None:
    waiting = a_deployment(revision=a_revision(text=a_text()))
    assert Evidence.METRICS in asked_first(waiting)
    held = decide(waiting, replace(a_snapshot(), readings=Readings(trouble="GetMetricData is denied")), NOON, terms())
    assert (held.deployment.phase, held.reason.code) == (Phase.WAITING, "metrics.unreadable")
    assert "GetMetricData is denied" in held.reason.text
    assert decide(held.deployment, a_snapshot(), NOON, terms()).deployment.phase is Phase.RUNNING


def test_a_way_back_waits_for_no_numbers() -> None:
    back = a_deployment(revision=a_revision(text=a_text()), kind=Kind.ROLLBACK)
    assert Evidence.METRICS not in asked_first(back)


def test_what_cannot_be_read_hides_no_certain_failure() -> None:
    views = shared(10)
    views["backend"] = replace(views["backend"], rule=a_rule(100, 0))
    snapshot = replace(a_snapshot(views), readings=Readings(trouble="throttled"))
    assert decide(at(BAKED), snapshot, NOON, terms()).reason.code == "traffic.foreign_change"
