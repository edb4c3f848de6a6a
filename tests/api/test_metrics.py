"""What Prometheus scrapes: the numbers, their words, how many series there are, and that the dashboard file asks for
nothing else."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families as families

from controller.api import metrics
from tests.api.conftest import Door
from tests.security.world import Doors
from tests.support.asked import asked_deployment, put
from tests.support.builders import NOON
from tests.support.rows import NoonClock

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana" / "tidegate.json"
NAMES = re.compile(r"\btidegate_[a-z_]+")


def scraped(door: Door) -> dict[str, dict[tuple[str, ...], float]]:
    """Name → label values in the order of the labels' names → value."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in families(door.get("/metrics", token=None).text):
        for sample in family.samples:
            key = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[key] = sample.value
    return found


def test_deployments_are_counted_by_environment_and_phase(door: Door) -> None:
    found = scraped(door)
    assert found["tidegate_deployments"]["dev", "running"] == 1
    assert found["tidegate_deployments"]["dev", "succeeded"] == 1
    assert found["tidegate_deployments"]["staging", "rolled_back"] == 1
    assert found["tidegate_deployments"]["prod", "failed"] == 0
    assert found["tidegate_deployments_in_flight"] == {("dev",): 1, ("prod",): 0, ("staging",): 0}


def test_what_waits_for_people_is_counted_and_the_longest_has_its_moment(door: Door) -> None:
    assert ("prod",) not in scraped(door).get("tidegate_approval_asked_timestamp_seconds", {})
    put(door.store, asked_deployment("prod", 1, since=NOON - timedelta(hours=3)))
    put(door.store, replace(asked_deployment("prod", 2, since=NOON - timedelta(hours=1))))
    found = scraped(door)
    assert found["tidegate_approvals_waiting"]["prod",] == 2
    assert found["tidegate_approval_asked_timestamp_seconds"]["prod",] == (NOON - timedelta(hours=3)).timestamp()


def test_what_is_to_be_sent_has_a_number_and_an_age(door: Door) -> None:
    assert scraped(door)["tidegate_outbox_waiting"] == {(): 0}
    with door.store.write() as unit:
        unit.outbox.put("log", "one", {})
        unit.outbox.put("log", "two", {})
    found = scraped(door)
    assert found["tidegate_outbox_waiting"] == {(): 2}
    assert found["tidegate_outbox_oldest_timestamp_seconds"] == {(): NOON.timestamp()}
    with door.store.write() as unit:
        for message in unit.outbox.due(NOON):
            unit.outbox.sent(message.id)
    assert "tidegate_outbox_oldest_timestamp_seconds" not in scraped(door)


def test_passes_and_calls_are_measured_as_they_end() -> None:
    registry, clock = CollectorRegistry(), NoonClock()
    metrics.passed(registry, clock)("dev", 0.3)
    count = metrics.asked(registry)
    count("ecs", "done")
    count("github", "transient")
    assert registry.get_sample_value("tidegate_pass_seconds_bucket", {"le": "0.25"}) == 0
    assert registry.get_sample_value("tidegate_pass_seconds_bucket", {"le": "0.5"}) == 1
    assert (
        registry.get_sample_value("tidegate_pass_ended_timestamp_seconds", {"environment": "dev"}) == NOON.timestamp()
    )
    assert registry.get_sample_value("tidegate_calls_total", {"service": "ecs", "outcome": "done"}) == 1
    assert registry.get_sample_value("tidegate_calls_total", {"service": "github", "outcome": "transient"}) == 1


@pytest.fixture
def everything(tmp_path: Path, migrated_file: Path) -> Iterator[list[Any]]:
    """All families of a controller that has just begun, as the composition root registers them."""
    doors = Doors(migrated_file)
    metrics.asked(doors.registry)
    metrics.passed(doors.registry, doors.clock)
    metrics.redelivered(doors.registry)
    metrics.troubled(doors.registry, lambda: False)
    yield list(doors.registry.collect())
    doors.close()


def test_each_has_words_a_unit_in_its_name_and_labels_of_which_there_are_few(everything: list[Any]) -> None:
    labels = {name for family in everything for sample in family.samples for name in sample.labels} - {"le"}
    assert labels <= {"environment", "phase", "service", "outcome", "sender", "version"}
    for family in everything:
        assert family.documentation.endswith("."), family.name
        is_moment = "When" in family.documentation or "Since when" in family.documentation
        assert family.name.endswith("_timestamp_seconds") == is_moment, family.name


def test_the_dashboard_asks_for_what_there_is(everything: list[Any]) -> None:
    there = {family.name + end for family in everything for end in ("", "_total", "_bucket", "_sum", "_count")}
    board = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [each["query"] for each in board["templating"]["list"]]
    named = {name for text in asked for name in NAMES.findall(text)}
    assert len(named) > 10
    assert named - there == set()


def test_the_dashboard_s_panels_lie_side_by_side(everything: list[Any]) -> None:
    places = [panel["gridPos"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    cells = [
        (place["x"] + right, place["y"] + down)
        for place in places
        for right in range(place["w"])
        for down in range(place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(right for right, _ in cells) < 24
