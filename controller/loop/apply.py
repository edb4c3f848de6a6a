"""One action, one call into a port. Every action sets an absolute state, so doing it twice is harmless."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.domain.actions import (
    Action,
    AddTasks,
    ArmSwitch,
    DeleteSlot,
    DisarmSwitch,
    DropAlarms,
    DropDashboard,
    EmptySlot,
    HoldScaling,
    KeepAlarms,
    KeepDashboard,
    PrepareGroup,
    PutScaling,
    PutTestRule,
    RegisterDefinition,
    RemakeRule,
    RemoveRoute,
    RemoveRule,
    RemoveScaling,
    RemoveTestRule,
    RestoreRule,
    RunSlot,
    RunTask,
    SetCount,
    SetRoute,
    SetWeights,
    StopTask,
    TuneSlot,
)
from controller.domain.counting import counted
from controller.domain.errors import Conflict
from controller.domain.ports import Cloud, Permit


def apply(action: Action, cloud: Cloud, permit: Permit) -> str:
    """Carry out `action`; what it made, as an ARN, or an empty text. Raises only the errors of `domain/errors.py`."""
    return _EFFECTS[type(action)](action, cloud, permit) or ""


def _set_count(action: SetCount, cloud: Cloud, permit: Permit) -> None:
    if action.share < 100:
        weight = cloud.looks.weights(action.service).get(action.slot, 0)
        if weight > action.share:
            few = counted(action.count, "task is", "tasks are")
            text = f"{action.slot} of {action.service} has weight {weight}: {few} too few for it"
            raise Conflict(text, code="slot.has_traffic")
    cloud.tasks.set_count(action, permit)


def _empty_slot(action: EmptySlot, cloud: Cloud, permit: Permit) -> None:
    """The weight is read again just before: what the pass saw may be older than somebody's hand on the rule."""
    weight = cloud.looks.weights(action.service).get(action.slot, 0)
    if weight > 0:
        text = f"{action.slot} of {action.service} has weight {weight}: it is not emptied"
        raise Conflict(text, code="slot.has_traffic")
    cloud.tasks.empty_slot(action, permit)


_EFFECTS: Mapping[type[Any], Callable[[Any, Cloud, Permit], str | None]] = {
    RegisterDefinition: lambda action, cloud, permit: cloud.definitions.register(action.content, permit),
    PrepareGroup: lambda action, cloud, permit: cloud.traffic.prepare_group(action, permit),
    PutTestRule: lambda action, cloud, permit: cloud.traffic.put_test_rule(action, permit),
    RunSlot: lambda action, cloud, permit: cloud.tasks.run_slot(action, permit),
    TuneSlot: lambda action, cloud, permit: cloud.tasks.tune_slot(action, permit),
    SetCount: _set_count,
    AddTasks: lambda action, cloud, permit: cloud.tasks.add_tasks(action, permit),
    ArmSwitch: lambda action, cloud, permit: cloud.switches.arm(action.switch, permit),
    DisarmSwitch: lambda action, cloud, permit: cloud.switches.disarm(action.name, permit),
    SetWeights: lambda action, cloud, permit: cloud.traffic.set_weights(action, permit),
    SetRoute: lambda action, cloud, permit: cloud.traffic.set_route(action, permit),
    RestoreRule: lambda action, cloud, permit: cloud.traffic.restore_rule(action.service, action.rule, permit),
    RemakeRule: lambda action, cloud, permit: cloud.traffic.remake_rule(action.service, action.rule, permit),
    RemoveRule: lambda action, cloud, permit: cloud.traffic.remove_rule(action.service, permit),
    RemoveTestRule: lambda action, cloud, permit: cloud.traffic.remove_test_rule(action.service, permit),
    PutScaling: lambda action, cloud, permit: cloud.scaling.put(action, permit),
    HoldScaling: lambda action, cloud, permit: cloud.scaling.hold(action, permit),
    RemoveScaling: lambda action, cloud, permit: cloud.scaling.remove(action, permit),
    EmptySlot: _empty_slot,
    RemoveRoute: lambda action, cloud, permit: cloud.traffic.remove_route(action.service, permit),
    RunTask: lambda action, cloud, permit: cloud.one_offs.run(action, permit),
    StopTask: lambda action, cloud, permit: cloud.one_offs.stop(action, permit),
    DeleteSlot: lambda action, cloud, permit: cloud.tasks.delete_slot(action, permit),
    KeepAlarms: lambda action, cloud, permit: cloud.standing.keep_alarms(action, permit),
    DropAlarms: lambda action, cloud, permit: cloud.standing.drop_alarms(action, permit),
    KeepDashboard: lambda action, cloud, permit: cloud.standing.keep_dashboard(action, permit),
    DropDashboard: lambda action, cloud, permit: cloud.standing.drop_dashboard(action, permit),
}
"""A test compares this table with `domain/actions.py`: an action that nothing carries out fails it."""
