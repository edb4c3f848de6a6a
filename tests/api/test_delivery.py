"""What deployments bring and how well all is delivered, over the API."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.contents import Change, Contents, PullRequest
from controller.domain.dora import Fact, Lead
from controller.domain.revision import Author
from controller.store.distances import Measured
from tests.api.conftest import Door
from tests.support.builders import NOON

HOUR = timedelta(hours=1)


def counted(door: Door, number: int) -> None:
    with door.store.write() as unit:
        for ago in range(number):
            at = NOON - ago * timedelta(days=1)
            fact = Fact("dev-1" if ago % 2 else "dev-2", "dev", "", at - HOUR, at, succeeded=True)
            unit.delivery_facts.put([replace(fact, leads=(Lead(None, None, HOUR, HOUR),), service=f"s{ago}")])
        unit.delivery_facts.sum_up(100)


def test_a_deployment_tells_what_it_brings_in_a_sentence_and_in_full(door: Door) -> None:
    change = Change("2" * 40, "Add tones (#7)", (Author(1, "ada", "Ada"),), NOON, pull=7, is_traced=True)
    pull = PullRequest(7, "Add tones", "ada", "develop", NOON, NOON, "grace", NOON)
    with door.store.write() as unit:
        unit.contents.settle(Contents("dev-2", "dev", "dev-1", (change,), 1, (pull,), is_known=True), is_news=True)
    told = "it brings 1 commit of 1 pull request since dev-1"
    assert door.get("/api/v1/deployments/dev-2").json()["brings"] == told
    found = door.get("/api/v1/deployments/dev-2/contents").json()
    assert (found["text"], found["base"], found["total"]) == (told, "dev-1", 1)
    assert [(one["sha"], one["pull"]) for one in found["changes"]] == [("2" * 40, 7)]
    assert [(one["number"], one["merged_by"]) for one in found["pulls"]] == [(7, "grace")]
    assert door.get("/api/v1/deployments/dev-9/contents").status_code == 404


def test_how_far_an_environment_is_behind_is_a_field_of_it(door: Door) -> None:
    assert door.get("/api/v1/environments/dev").json()["behind"] is None
    with door.store.write() as unit:
        unit.distances.put(Measured("staging", "dev", "3" * 40, "1" * 40, 4, 1, NOON))
    found = door.get("/api/v1/environments/staging").json()["behind"]
    assert (found["environment"], found["commits"], found["is_ahead"]) == ("dev", 4, True)
    assert found["text"] == "4 commits behind dev, and has commits of its own"


def test_the_four_keys_are_told_over_all_weeks_and_week_by_week(door: Door) -> None:
    counted(door, 6)
    found = door.get("/api/v1/delivery?environment=dev&service=s0&weeks=2").json()
    assert found["frequency"] == {
        "deployments": 1,
        "days": 1,
        "per_week": 1.0,
        "days_per_week": 1.0,
        "band": "too few to tell",
    }
    assert found["lead"]["total"] == {"number": 1, "median_seconds": 7200.0, "p90_seconds": 7200.0}
    assert [week["week"] for week in found["weeks"]] == ["2026-W46", "2026-W47"]
    assert found["failures"]["share"] == 0.0 and found["restore"]["total"]["median_seconds"] is None


def test_rows_come_in_pages_what_ended_last_first(door: Door) -> None:
    with door.store.write() as unit:
        for name, ago in (("dev-1", 5), ("dev-2", 1), ("staging-1", 3)):
            at = NOON - ago * HOUR
            unit.delivery_facts.put([Fact(name, name.rpartition("-")[0], "", at - HOUR, at, succeeded=True)])
    first = door.get("/api/v1/delivery/rows?limit=2").json()
    assert [one["deployment"] for one in first["items"]] == ["dev-2", "staging-1"]
    second = door.get(f"/api/v1/delivery/rows?limit=2&cursor={first['next']}").json()
    assert ([one["deployment"] for one in second["items"]], second["next"]) == (["dev-1"], None)
    assert door.get("/api/v1/delivery/rows?figure=lead").json()["items"] == []
    assert door.get("/api/v1/delivery/rows?week=2026-W40").json()["items"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("delivery?environment=nowhere", 404),
        ("delivery?weeks=53", 400),
        ("delivery/rows?figure=x", 400),
        ("delivery/rows?week=2026-W60", 400),
        ("delivery/rows?week=9999-W52", 400),
        ("delivery/rows?cursor=x", 400),
    ],
)
def test_a_wrong_question_is_refused(door: Door, query: str, status: int) -> None:
    assert door.get(f"/api/v1/{query}").status_code == status


def test_prometheus_is_told_by_environment_and_of_what_nobody_knows_nothing(door: Door) -> None:
    with door.store.write() as unit:
        unit.delivery_facts.put([Fact("dev-1", "dev", "", NOON - HOUR, NOON, succeeded=True, failed=True)])
        unit.delivery_facts.sum_up(100)
    text = door.get("/metrics").text
    assert 'tidegate_delivery_deployments_per_week{environment="dev"} 1.0' in text
    assert 'tidegate_delivery_change_failure_ratio{environment="dev"} 1.0' in text
    assert 'tidegate_delivery_change_failure_ratio{environment="prod"}' not in text
    assert "tidegate_delivery_lead_time_median_seconds{" not in text
