"""From values to answers, without a store or a request."""

import json
from dataclasses import replace
from datetime import timedelta, timezone

from controller.api import shapes
from controller.domain.deployment import Kind, Pause
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.environment import Environment
from controller.domain.overview import Overview
from controller.domain.reason import Reason
from controller.domain.secret import Secret
from controller.domain.sighting import Sighting
from tests.support.builders import NOON, a_binding, a_deployment, a_revision, a_running_deployment, a_slot, a_view
from tests.support.rows import PLANTED


def test_times_are_utc_with_a_z_whatever_zone_they_came_in() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    answer = shapes.deployment_answer(replace(a_deployment(), created_at=berlin))
    assert json.loads(answer.model_dump_json())["created_at"] == "2026-11-21T12:00:00Z"


def test_an_unsealed_revision_has_no_images_and_its_deployment_no_plan() -> None:
    answer = shapes.deployment_answer(a_deployment(revision=a_revision(image=None)))
    assert (answer.revision.images, answer.plan_digest, answer.steps, answer.undo) == (None, None, (), None)


def test_the_smoke_secret_has_no_field() -> None:
    deployment = replace(a_running_deployment(), secret=Secret(PLANTED))
    assert PLANTED not in shapes.deployment_answer(deployment).model_dump_json()


def test_an_undo_record_keeps_its_weights_and_not_its_actions() -> None:
    [backend, _] = shapes.deployment_answer(a_running_deployment()).undo or ()
    assert (backend.service, backend.live, backend.weights) == ("backend", "blue", {"blue": 100, "green": 0})
    assert "actions" not in backend.model_dump_json()


def test_a_worker_is_a_service_without_traffic() -> None:
    worker = replace(a_view(blue=a_slot(group=None)), rule=None, routed=False)
    sighting = Sighting("dev", {"worker": worker}, NOON)
    answer = shapes.environment_answer(Overview(Environment("dev"), None, (), sighting, None), a_binding())
    assert (answer.traffic, answer.services["worker"].live) == ({}, "blue")


def test_an_environment_that_is_not_bound_any_more_is_still_shown() -> None:
    answer = shapes.environment_answer(
        Overview(Environment("dev", recorded="1" * 40), None, (), None, None), binding=None
    )
    assert (answer.branch, answer.repository) == (None, None)
    assert answer.desired is not None
    assert (answer.desired.commit, answer.desired.version) == ("1" * 40, None)


def test_a_pause_says_who_why_and_when_it_turns_back_by_itself() -> None:
    """Ten of its minutes went by while nobody watched: they don't count."""
    reason = Reason("deployment.paused", "a look at the logs")
    pause = Pause("ada", reason, NOON, timedelta(hours=1), timedelta(minutes=20))
    answer = json.loads(shapes.deployment_answer(replace(a_running_deployment(), pause=pause)).model_dump_json())
    assert answer["pause"] == {
        "actor": "ada",
        "reason": {"code": "deployment.paused", "text": "a look at the logs"},
        "since": "2026-11-21T12:00:00Z",
        "turns_back_after": "2026-11-21T13:00:00Z",
        "left_seconds": 2400,
    }


def test_a_rollback_a_restart_and_a_prune_say_what_they_are_about() -> None:
    rollback = shapes.deployment_answer(replace(a_deployment(), kind=Kind.ROLLBACK, back_to="dev-1"))
    assert (rollback.kind, rollback.back_to, rollback.restart, rollback.pruned) == ("rollback", "dev-1", False, None)
    prune = shapes.deployment_answer(replace(a_deployment(), kind=Kind.PRUNE, pruned="worker"))
    assert (prune.kind, prune.back_to, prune.pruned) == ("prune", None, "worker")
    assert shapes.deployment_answer(replace(a_deployment(), restart=True)).restart


def test_orphans_and_a_pause_are_seen_at_the_environment() -> None:
    paused = Pause("ada", Reason("deployment.paused", "wait"), NOON, timedelta(hours=1))
    moving = replace(a_running_deployment(), pause=paused)
    sighting = Sighting("dev", {}, NOON, ("worker",))
    answer = shapes.environment_answer(Overview(Environment("dev"), None, (moving,), sighting, None), a_binding())
    assert answer.orphans == ("worker",)
    assert answer.deployment is not None and answer.deployment.pause is not None
    assert answer.deployment.pause.actor == "ada"


def test_drift_is_told_field_by_field_since_it_was_seen_first() -> None:
    drift = Drift(Difference("backend", "target group", "check path", "/health", "/other"), NOON)
    environment = Environment("dev", drift=Drifted((drift,)))
    [shown] = shapes.environment_answer(Overview(environment, None, (), None, None), a_binding()).drift
    assert json.loads(shown.model_dump_json()) == {
        "service": "backend",
        "thing": "target group",
        "field": "check path",
        "wanted": "/health",
        "found": "/other",
        "since": "2026-11-21T12:00:00Z",
    }
