"""From values to answers, without a store or a request."""

import json
from dataclasses import replace
from datetime import timedelta, timezone

from controller.api import shapes
from controller.domain.environment import Environment
from controller.domain.overview import Overview
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
