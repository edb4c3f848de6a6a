"""Every action is carried out by something, and a slot with weight is never emptied."""

import dataclasses
import inspect
from collections.abc import Mapping
from unittest.mock import Mock

import pytest

from controller.domain import actions
from controller.domain.errors import Conflict
from controller.domain.ports import Cloud, Permit
from controller.domain.slot import Slot
from controller.loop import apply as room
from controller.loop.apply import apply

PERMIT = Permit("dev-1", "token", lambda: None)


class Weighing:
    """Looks that know only the weights of one rule."""

    def __init__(self, weights: Mapping[Slot, int]) -> None:
        self._weights = weights

    def weights(self, service: str) -> Mapping[Slot, int]:
        return self._weights


def a_cloud(weights: Mapping[Slot, int]) -> Cloud:
    others = {field.name: Mock() for field in dataclasses.fields(Cloud)}
    return Cloud(**{**others, "looks": Weighing(weights)})


def every_action() -> set[type]:
    return {
        value
        for _, value in inspect.getmembers(actions, inspect.isclass)
        if dataclasses.is_dataclass(value) and value.__module__ == actions.__name__
    }


def test_every_action_there_is_has_an_effect() -> None:
    assert set(room._EFFECTS) == every_action()


def test_a_slot_without_weight_is_emptied() -> None:
    cloud = a_cloud({Slot.BLUE: 0, Slot.GREEN: 100})
    action = actions.EmptySlot("backend", Slot.BLUE)
    apply(action, cloud, PERMIT)
    cloud.tasks.empty_slot.assert_called_once_with(action, PERMIT)  # type: ignore[attr-defined]


@pytest.mark.parametrize("weight", [1, 100])
def test_a_slot_that_has_weight_just_before_is_not_emptied(weight: int) -> None:
    cloud = a_cloud({Slot.BLUE: weight, Slot.GREEN: 100})
    with pytest.raises(Conflict, match="has weight") as caught:
        apply(actions.EmptySlot("backend", Slot.BLUE), cloud, PERMIT)
    assert caught.value.code == "slot.has_traffic"
    cloud.tasks.empty_slot.assert_not_called()  # type: ignore[attr-defined]


GIVES_UP_HALF = actions.SetCount("backend", Slot.BLUE, 1, share=50)


def test_tasks_that_are_not_needed_for_the_traffic_are_given_up() -> None:
    cloud = a_cloud({Slot.BLUE: 50, Slot.GREEN: 50})
    apply(GIVES_UP_HALF, cloud, PERMIT)
    cloud.tasks.set_count.assert_called_once_with(GIVES_UP_HALF, PERMIT)  # type: ignore[attr-defined]


def test_tasks_that_the_traffic_needs_just_before_are_kept() -> None:
    cloud = a_cloud({Slot.BLUE: 100, Slot.GREEN: 0})
    with pytest.raises(Conflict, match="too few for it") as caught:
        apply(GIVES_UP_HALF, cloud, PERMIT)
    assert caught.value.code == "slot.has_traffic"
    cloud.tasks.set_count.assert_not_called()  # type: ignore[attr-defined]
