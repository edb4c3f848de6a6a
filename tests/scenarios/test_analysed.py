"""Canaries that are judged by what CloudWatch counts: bad ones come home, and what nobody can judge waits."""

from datetime import timedelta

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.metrics import Result
from controller.domain.orders import OrderKind
from controller.domain.step import StepKind
from sandbox.runtime.scripted import Script, erring, slow
from sandbox.world.faults import Fault
from tests.support.builders import FILE
from tests.support.stage import Stage

CANARY = "{type: canary, steps: [{weight: 10, bake: 2m}, {weight: 50, bake: 2m}, {weight: 100, bake: 1m}]}"
METRICS = "errors: {max: 1%, min_requests: 200}, latency_p95: {max: 800ms}"
KEPT = FILE.replace("{type: rolling}", CANARY).replace("{hold: next_commit}", "{hold: person, keep_warm: 30m}")
BUSY = {"backend": 100.0, "frontend": 100.0}


def watched(metrics: str = METRICS, wanted: str = "pause") -> str:
    return f"{KEPT}watch: {{metrics: {{{metrics}}}, on_inconclusive: {wanted}}}\n"


def shares_reached(deployment: Deployment) -> list[int | None]:
    return [step.percent for step in deployment.steps if step.kind is StepKind.SHIFT and step.started_at]


def verdicts(deployment: Deployment) -> set[Result]:
    return {finding.result for finding in deployment.findings}


def is_over(stage: Stage, number: int = 2) -> bool:
    phase = stage.phase(number)
    return phase is not None and phase not in {Phase.WAITING, Phase.RUNNING, Phase.ROLLING_BACK}


def deployed(stage: Stage, script: Script | None = None, text: str | None = None) -> Deployment:
    """What became of a second version, or where a person is asked."""
    stage.push(text or watched(), script, content="second")
    stage.run(lambda: is_over(stage) or (stage.phase(2) is Phase.RUNNING and stage.deployment(2).pause is not None))
    return stage.deployment(2)


def blue(stage: Stage) -> int:
    return stage.weights()["/api/*"]["captioncraft-dev-backend-blue"]


def test_a_good_canary_with_traffic_goes_all_the_way(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    done = deployed(live_stage)
    assert (done.phase, shares_reached(done), verdicts(done)) == (Phase.SUCCEEDED, [10, 50, 100], {Result.PASSED})
    assert len(done.findings) == 4


def test_one_that_errs_comes_home_from_ten_percent_and_is_not_tried_again(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    back = deployed(live_stage, erring(0.05))
    assert (back.phase, shares_reached(back), back.reason.code) == (Phase.ROLLED_BACK, [10], "analysis.failed")
    assert "5.00% failed" in back.reason.text
    assert blue(live_stage) == 100 and live_stage.environment.quarantines


def test_one_that_is_slow_comes_home_from_ten_percent(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    back = deployed(live_stage, slow(900))
    assert (back.phase, shares_reached(back), back.reason.code) == (Phase.ROLLED_BACK, [10], "analysis.failed")
    assert "latency_p95" in back.reason.text


@pytest.mark.parametrize("script", [erring(0.008), slow(400)], ids=["errors", "latency"])
def test_one_within_its_limits_that_is_worse_than_the_live_one_comes_home_at_the_end_of_its_bake(
    live_stage: Stage, script: Script
) -> None:
    text = watched("errors: {max: 1%, against: live}, latency_p95: {max: 800ms, against: live}")
    live_stage.traffic(**BUSY)
    back = deployed(live_stage, script, text.replace("bake: 2m", "bake: 5m"))
    assert (back.phase, shares_reached(back), back.reason.code) == (Phase.ROLLED_BACK, [10], "analysis.failed")
    assert "the old version's" in back.reason.text


def test_an_ill_live_version_makes_no_canary_look_good(stage: Stage) -> None:
    stage.push(script=erring(0.3), content="first")
    stage.settle()
    stage.traffic(**BUSY)
    text = watched("errors: {max: 1%, min_requests: 200, against: live}")
    back = deployed(stage, erring(0.1), text)
    assert (back.phase, back.reason.code) == (Phase.ROLLED_BACK, "analysis.failed")


def test_too_little_traffic_asks_a_person_who_may_take_it(live_stage: Stage) -> None:
    live_stage.traffic(backend=1.0, frontend=1.0)
    paused = deployed(live_stage)
    assert paused.pause is not None and paused.pause.reason.code == "watch.inconclusive"
    assert shares_reached(paused) == [10] and "judged by 200 or more" in paused.pause.reason.text
    live_stage.order(OrderKind.RESUME, "dev-2")
    live_stage.run(lambda: shares_reached(live_stage.deployment(2)) == [10, 50])


@pytest.mark.parametrize(
    ("wanted", "phase", "shares"),
    [("continue", Phase.SUCCEEDED, [10, 50, 100]), ("rollback", Phase.ROLLED_BACK, [10])],
)
def test_no_traffic_continues_or_rolls_back_as_the_file_says(
    live_stage: Stage, wanted: str, phase: Phase, shares: list[int]
) -> None:
    ended = deployed(live_stage, text=watched(wanted=wanted))
    assert (ended.phase, shares_reached(ended)) == (phase, shares)
    assert verdicts(ended) == {Result.INCONCLUSIVE}
    assert not live_stage.environment.quarantines


def test_a_bake_waits_a_little_for_numbers_on_their_way_before_it_is_inconclusive(live_stage: Stage) -> None:
    """A bake of ten seconds has no whole minute that is known by its end."""
    live_stage.traffic(**BUSY)
    text = watched().replace(CANARY, "{type: blue_green, bake: 10s}")
    done = deployed(live_stage, text=text)
    assert (done.phase, verdicts(done)) == (Phase.SUCCEEDED, {Result.PASSED})
    bake = next(step for step in done.steps if step.kind is StepKind.BAKE)
    assert timedelta(minutes=3) < bake.observed < timedelta(minutes=4, seconds=15)


def throttled(stage: Stage, times: int) -> None:
    """So many looks; each tries twice."""
    stage.aws.faults.add(Fault("throttle", service="cloudwatch", operation="GetMetricData", times=2 * times))


def test_one_error_of_cloudwatch_sends_nothing_home_and_an_outage_does(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    live_stage.push(watched(), content="second")
    live_stage.run(lambda: live_stage.phase(2) is Phase.RUNNING and live_stage.deployment(2).findings != ())
    throttled(live_stage, 1)
    live_stage.run(lambda: verdicts(live_stage.deployment(2)) == {Result.ERROR})
    live_stage.run(lambda: verdicts(live_stage.deployment(2)) == {Result.PASSED})
    throttled(live_stage, 1000)
    live_stage.run(lambda: is_over(live_stage))
    back = live_stage.deployment(2)
    assert (back.phase, back.reason.code) == (Phase.ROLLED_BACK, "analysis.error")
    assert not live_stage.environment.quarantines, "it may be CloudWatch's own trouble"


def test_one_that_goes_bad_while_the_old_version_is_warm_is_rolled_back_once(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    script = Script()
    done = deployed(live_stage, script)
    assert done.phase is Phase.SUCCEEDED
    object.__setattr__(script, "error_rate", 0.2)
    live_stage.run(lambda: is_over(live_stage, 3), limit=timedelta(minutes=20))
    back = live_stage.deployment(3)
    assert (back.phase, blue(live_stage)) == (Phase.SUCCEEDED, 100)
    assert back.because_of is not None and back.because_of.code == "analysis.failed_late"


def test_every_sample_is_stored_once_whoever_looks_how_often(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    live_stage.push(watched(), content="second")
    live_stage.run(
        lambda: live_stage.phase(2) is Phase.RUNNING and shares_reached(live_stage.deployment(2)) == [10, 50]
    )
    live_stage.start_over()
    live_stage.run(lambda: is_over(live_stage))
    with live_stage.store.read() as unit:
        found = unit.samples.page("dev-2", limit=1000).items
    keys = {(sample.service, sample.metric, sample.slot, sample.at) for sample in found}
    assert len(keys) == len(found) > 40
    assert {sample.verdict for sample in found} == {Result.PASSED}
    assert {sample.metric for sample in found} == {"errors", "latency_p95"} and len({s.slot for s in found}) == 2


def test_nothing_is_read_where_no_metrics_are_asked_for(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    deployed(live_stage, text=KEPT)
    assert "GetMetricData" not in {record.operation for record in live_stage.aws.calls}
