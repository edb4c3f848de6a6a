"""What was stored once is read for ever: `stored-1.json` holds rows as version 1 wrote them, and is never changed."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from controller.domain.errors import Blocked
from controller.store import deployments, environments, revisions
from controller.store.bodies import DEPLOYMENTS, ENVIRONMENTS, REVISIONS, SIGHTINGS, Bodies
from tests.support.builders import a_running_deployment

STORED = Path(__file__).with_name("stored-1.json")


@dataclass(frozen=True)
class Tide:
    name: str
    metres: float
    notes: tuple[str, ...] = field(default=())


def in_metres(document: dict[str, Any]) -> dict[str, Any]:
    return {"metres": document["feet"] * 0.3048}


def test_a_row_of_an_older_shape_is_read_through_every_upgrade_since() -> None:
    bodies = Bodies(Tide, ["name"], upgrades=[lambda old: {"feet": old["inches"] / 12}, in_metres])
    assert bodies.version == 3
    assert bodies.load(1, {"inches": 120}, {"name": "low"}) == Tide("low", 3.048)
    assert bodies.load(2, {"feet": 10}, {"name": "low"}) == Tide("low", 3.048)
    assert bodies.load(3, {"metres": 3.048, "notes": ["calm"]}, {"name": "low"}) == Tide("low", 3.048, ("calm",))


def test_a_field_that_came_later_has_its_default_in_older_rows() -> None:
    assert Bodies(Tide, ["name"]).load(1, {"metres": 1.0}, {"name": "low"}).notes == ()


def test_a_row_of_a_newer_shape_is_refused() -> None:
    with pytest.raises(Blocked, match="run the newer one") as caught:
        Bodies(Tide, ["name"]).load(2, {}, {"name": "low"})
    assert caught.value.code == "database.schema_unknown"


def test_columns_are_not_stored_twice() -> None:
    assert Bodies(Tide, ["name"]).dump(Tide("low", 1.0)) == {"metres": 1.0, "notes": []}


def test_a_secret_that_finds_its_way_into_a_document_is_stored_without_its_text() -> None:
    document = DEPLOYMENTS.dump(a_running_deployment())
    assert "open-sesame" not in json.dumps(document)


@pytest.mark.parametrize("kind", ["environment", "revision", "deployment"])
def test_rows_of_version_1_are_still_read(kind: str) -> None:
    """A failure here means that rows out there can't be read any more: add an upgrade, leave the file alone."""
    stored = json.loads(STORED.read_text())[kind]
    times = {"recorded_at", "created_at", "started_at", "finished_at"}
    row = {name: datetime.fromisoformat(value) if name in times and value else value for name, value in stored.items()}
    read = {"environment": environments, "revision": revisions, "deployment": deployments}[kind]
    value = asdict(read.from_row(row))
    assert value["hold"]["reason"]["code"] == "deployment.failed" if kind == "environment" else True
    assert value["commit"]["authors"][0]["login"] == "ada" if kind == "revision" else True
    assert value["undo"]["entries"][0]["service"] == "backend" if kind == "deployment" else True


def test_a_new_shape_comes_with_a_new_file_of_stored_rows() -> None:
    assert {bodies.version for bodies in (ENVIRONMENTS, REVISIONS, DEPLOYMENTS, SIGHTINGS)} == {1}
