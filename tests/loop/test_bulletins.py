"""A notice as those are told it who are no chat: from the rows, as it is now."""

from dataclasses import replace

from controller.domain.deployment import Phase
from controller.domain.environment import Hold, HoldUntil
from controller.domain.reason import Reason
from controller.loop.bulletins import Bulletins
from controller.store import Store
from tests.store.recorded import deployment, record
from tests.support.builders import NOON, a_binding

PUBLIC = "https://tidegate.example/"


def bulletins(store: Store) -> Bulletins:
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    return Bulletins(store, {"dev": a_binding()}, PUBLIC)


def test_a_late_notice_tells_how_it_stands_now(store: Store) -> None:
    made = bulletins(store)
    record(store, replace(deployment(1), phase=Phase.FAILED, started_at=NOON, finished_at=NOON))
    told = made.bulletin("dev-1:running", {"deployment": "dev-1", "event": "deployment.running", "text": "started"})
    assert told is not None
    assert told.telling is not None
    assert (told.key, told.event, told.environment, told.text) == (
        "dev-1:running",
        "deployment.running",
        "dev",
        "started",
    )
    assert told.telling.state == "failed"
    assert told.telling.link == "https://tidegate.example/deployments/dev-1"


def test_of_what_has_not_begun_is_not_there_or_no_longer_bound_nothing_is_told(store: Store) -> None:
    made = bulletins(store)
    record(store, deployment(1))
    event = {"event": "deployment.superseded", "text": "a newer one"}
    assert made.bulletin("k", {"deployment": "dev-1", **event}) is None
    assert made.bulletin("k", {"deployment": "dev-9", **event}) is None
    assert Bulletins(store, {}, PUBLIC).bulletin("k", {"deployment": "dev-1", **event}) is None


def test_a_notice_of_an_environment_is_about_no_deployment(store: Store) -> None:
    made = bulletins(store)
    body = {"environment": "dev", "event": "drift.found", "text": "the count differs"}
    told = made.bulletin("dev:drift.found:1", body)
    assert told is not None
    assert (told.telling, told.text, made.environment_of(body)) == (None, "the count differs", "dev")
    assert made.bulletin("k", {**body, "environment": "gone"}) is None


def test_which_environment_a_notice_is_about(store: Store) -> None:
    made = bulletins(store)
    assert made.environment_of({"deployment": "dev-12"}) == "dev"
    assert made.environment_of({"deployment": "other-12"}) == ""
    assert made.environment_of({}) == ""


def test_a_held_environment_is_something_to_call_somebody_about_until_it_is_released(store: Store) -> None:
    made = bulletins(store)
    assert made.alert("dev") is None
    with store.write() as unit:
        environment = unit.environments.get("dev")
        hold = Hold(Reason("task.crashed", "backend crashed"), HoldUntil.PERSON, NOON, 3)
        unit.environments.save(replace(environment, hold=hold))
    alert = made.alert("dev")
    assert alert is not None
    assert (alert.name, alert.link) == (
        "tidegate/acme/captioncraft/dev",
        "https://tidegate.example/deployments/dev-3",
    )
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), hold=None))
    assert made.alert("dev") is None
