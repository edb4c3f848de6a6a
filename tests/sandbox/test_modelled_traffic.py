"""Traffic without requests: what CloudWatch knows of it afterwards."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.runtime.scripted import Script, erring, slow
from sandbox.world.cloudwatch.balancing import key_of
from sandbox.world.cloudwatch.metrics import merged, statistic
from sandbox.world.cloudwatch.model import instant
from sandbox.world.view import Forward
from tests.support.stage import Stage

PLACE = "captioncraft-dev"
FLOWED = 170
"""Seconds of traffic that show after three minutes: the batch of the last ten counts for the minute that begins."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.store.close()


def live(stage: Stage, script: Script | None = None) -> Stage:
    """A first version is live, and a minute begins."""
    stage.push(script=script, content="first")
    stage.settle()
    stage.clock.advance(60 - stage.clock.now().timestamp() % 60)
    return stage


def known(stage: Stage, metric: str, name: str, service: str = "backend", slot: str = "blue") -> float | None:
    """A statistic of the last ten minutes, of one slot's target group."""
    place, now = stage.aws.place(region="eu-west-1"), instant(stage.clock.now())
    rules = [rule.action for rule in stage.aws.traffic.rules(stage.listener)]
    arns = [group.group_arn for action in rules if isinstance(action, Forward) for group in action.groups]
    groups = [stage.aws.traffic.group(arn) for arn in arns]
    group = next(each for each in groups if each is not None and each.name == f"{PLACE}-{service}-{slot}")
    balancer = stage.aws.traffic.listeners()[0].load_balancer_arn
    found = merged(place, key_of(balancer, group.arn, metric), None, now - 600_000_000, now)
    return None if found is None else statistic(found, name)


def test_as_many_requests_as_were_asked_for_go_where_the_weights_say(stage: Stage) -> None:
    live(stage).traffic(backend=20.0, frontend=0.3)
    stage.clock.advance(180)
    per_minute = {name: known(stage, "RequestCount", "Sum", name) for name in ("backend", "frontend")}
    assert per_minute == {"backend": 20 * FLOWED, "frontend": pytest.approx(0.3 * FLOWED, abs=1)}
    assert known(stage, "RequestCount", "Sum", slot="green") is None


def test_a_version_that_errs_errs_as_often_as_its_fault_says(stage: Stage) -> None:
    live(stage, erring(0.05)).traffic(backend=20.0)
    stage.clock.advance(180)
    assert known(stage, "HTTPCode_Target_5XX_Count", "Sum") == pytest.approx(0.05 * 20 * FLOWED, abs=2)


def test_a_slow_version_is_slow_and_not_the_same_in_every_request(stage: Stage) -> None:
    live(stage, slow(500)).traffic(backend=20.0)
    stage.clock.advance(180)
    assert known(stage, "TargetResponseTime", "p50") == pytest.approx(0.5)
    assert known(stage, "TargetResponseTime", "p95") == pytest.approx(0.8)


def test_no_traffic_flows_unless_it_is_asked_for_nor_after_its_end(stage: Stage) -> None:
    live(stage)
    stage.clock.advance(180)
    assert known(stage, "RequestCount", "Sum") is None
    stage.traffic(backend=20.0).stop()
    stage.clock.advance(180)
    assert known(stage, "RequestCount", "Sum") is None


def test_an_hour_of_it_costs_no_more_than_its_batches(stage: Stage) -> None:
    traffic = live(stage).traffic(backend=5000.0)
    observed = []
    stage.aws.observe, counted = observed.append, stage.aws.observe  # type: ignore[method-assign]
    stage.clock.advance(timedelta(hours=1).total_seconds())
    stage.aws.observe = counted  # type: ignore[method-assign]
    traffic.stop()
    assert sum(each.times for each in observed) == 5000 * 3600
    assert len(observed) < 360 * 2 * 6
