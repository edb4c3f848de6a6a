"""What is compared, and in which words it is told."""

from dataclasses import replace
from typing import Any

import pytest

from controller.domain.declared import differences, must_be_tuned, must_roll
from controller.domain.rendering import definition_of, service_settings
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, SlotView
from tests.support.builders import FILE, NOON, a_content, a_file, a_foundation, a_revision, a_rule, a_slot, a_view

REVISION = a_revision("sha256:" + "a" * 64)
BACKEND = a_file().services["backend"]


def declared(name: str = "backend", **changes: Any) -> SlotView:
    """A live slot as it was declared, but for `changes`."""
    service, content, slot = a_file().services[name], a_content(name), a_slot(name)
    assert slot.group is not None
    shown = replace(slot, runs=definition_of(content), settings=service_settings(service, content, slot.group.arn))
    return replace(shown, **changes)


def told(backend: SlotView | None = None, **changes: Any) -> list[str]:
    view = replace(a_view("backend", blue=backend or declared()), **changes)
    views = {"backend": view, "frontend": a_view("frontend", blue=declared("frontend"))}
    return [difference.told for difference in differences(REVISION, a_foundation(), views, None, NOON)]


def runs(**changes: Any) -> SlotView:
    shown = declared()
    assert shown.runs is not None
    return replace(shown, runs=replace(shown.runs, **changes))


def is_set(**changes: Any) -> SlotView:
    shown = declared()
    assert shown.settings is not None
    return replace(shown, settings=replace(shown.settings, **changes))


def test_what_is_as_declared_differs_in_nothing() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("slot", "sentence"),
    [
        (runs(image="other"), f"image other instead of {a_content().image}"),
        (runs(cpu=512), "CPU units 512 instead of 256"),
        (runs(containers=("backend", "spy")), "containers backend, spy instead of backend"),
        (runs(task_role="arn:role"), "task role arn:role instead of none"),
        (runs(ports=(80, 8000)), "ports 80, 8000 instead of 8000"),
        (runs(references={"KEY": "arn:key"}), "secret KEY arn:key instead of unset"),
        (runs(logs={"driver": "splunk"}), "log option driver splunk instead of awslogs"),
    ],
)
def test_fields_of_a_task_definition_are_told_with_old_and_new(slot: SlotView, sentence: str) -> None:
    assert any(sentence in each for each in told(slot))
    assert must_roll(BACKEND, a_content(), slot) and not must_be_tuned(BACKEND, a_content(), slot)


@pytest.mark.parametrize("slot", [runs(environment={"PASSWORD": "hunter2"}), runs(command=("run", "hunter2"))])
def test_what_may_be_a_secret_is_never_told(slot: SlotView) -> None:
    assert told(slot) and not any("hunter2" in each for each in told(slot))


def test_log_options_that_the_file_does_not_declare_are_nobodys_drift() -> None:
    logs = definition_of(a_content()).logs
    assert told(runs(logs={**logs, "mode": "non-blocking"})) == []


def test_a_definition_that_somebody_else_made_is_drift_even_if_it_says_the_same() -> None:
    assert told(declared(content=None, definition="arn:x/other:3")) == [
        "backend, task definition: made by somebody else: other:3 instead of Tidegate"
    ]


def test_a_tidegate_that_renders_otherwise_finds_no_drift_in_what_an_older_one_made() -> None:
    assert told(declared(content="sha256:of another rendering")) == []


@pytest.mark.parametrize("field", ["subnets", "security_groups", "capacity", "platform", "targets", "public_ip"])
def test_what_starts_a_deployment_in_ecs_goes_through_the_slots(field: str) -> None:
    slot = is_set(**{field: True if field == "public_ip" else ("other",)})
    assert told(slot) and must_roll(BACKEND, a_content(), slot)


@pytest.mark.parametrize("field", ["minimum_percent", "maximum_percent", "breaker", "grace_seconds"])
def test_what_starts_none_is_tuned(field: str) -> None:
    slot = is_set(**{field: 7})
    assert told(slot) and not must_roll(BACKEND, a_content(), slot) and must_be_tuned(BACKEND, a_content(), slot)


def test_a_service_without_a_route_may_still_be_behind_a_balancer_that_it_had() -> None:
    text = FILE
    for key in (
        "route: {path: /api/*}",
        "smoke: [{path: /ready, within: 5s}]",
        "health: {path: /health, interval: 10s",
    ):
        line = next(each for each in text.splitlines() if each.strip().startswith(key))
        text = text.replace(f"{line}\n", "", 1)
    service = a_file(text).services["backend"]
    assert service.route is None
    slot = is_set(targets=(("backend", 8000, "arn:group/backend"),), grace_seconds=30)
    assert not must_roll(service, a_content(), slot) and not must_be_tuned(service, a_content(), slot)


def test_a_count_is_compared_with_the_bounds() -> None:
    assert told(declared(desired=3)) == ["backend, ECS service: desired count 3 instead of 2"]


def test_what_runs_beside_the_live_slot_and_an_open_test_rule_are_drift() -> None:
    rule = replace(a_rule(), header="secret")
    slots = {Slot.BLUE: declared(), Slot.GREEN: a_slot()}
    assert told(slots=slots, test_rule=rule) == [
        "backend, idle slot: desired count 2 instead of 0",
        "backend, idle slot: test rule open instead of closed",
    ]


def test_a_rule_behind_one_of_a_service_that_the_file_does_not_name_is_drift() -> None:
    behind = replace(a_rule(), behind=frozenset({"old", "frontend"}))
    assert told(rule=behind) == ["backend, listener rule: place behind old instead of before old"]


def test_a_picture_without_what_is_compared_shows_no_difference() -> None:
    """As pages keep it."""
    assert told(a_slot()) == []


@pytest.mark.parametrize(
    ("blue", "green", "rule", "is_moved"),
    [
        (2, 0, a_rule(100, 0), False),
        (2, 0, a_rule(50, 50), True),
        (2, 0, a_rule(0, 100), True),
        (0, 0, a_rule(100, 0), False),
        (2, 2, a_rule(0, 100), False),
    ],
)
def test_a_hand_on_the_traffic_is_told_from_a_slot_that_was_emptied(
    blue: int, green: int, rule: Any, is_moved: bool
) -> None:
    slots = {Slot.BLUE: a_slot(count=blue), Slot.GREEN: a_slot(count=green)}
    assert ServiceView(slots, rule, None, routed=True).is_moved_by_hand is is_moved
