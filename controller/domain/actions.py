"""The closed list of effects that `decide` may ask for. Each one sets an absolute state, so asking twice is
harmless."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.domain.capacity import Capacity
from controller.domain.content import Content
from controller.domain.dashboard import Dashboard
from controller.domain.manifest import Route
from controller.domain.scaling import FREE, Bounds, Motion, Scaling
from controller.domain.secret import Secret
from controller.domain.slot import Slot, Weights
from controller.domain.snapshot import GroupSettings
from controller.domain.standing import StandingAlarm
from controller.domain.switch import Switch
from controller.domain.undo import RuleAsItWas


class Action(Protocol):
    """Every action names the service it is for; its class name is its name in the audit."""

    @property
    def service(self) -> str: ...


@dataclass(frozen=True)
class RegisterDefinition:
    """Make the task definition for this content, unless one with its digest exists."""

    service: str
    content: Content


@dataclass(frozen=True)
class PrepareGroup:
    """The slot's target group exists with these settings."""

    service: str
    slot: Slot
    settings: GroupSettings


@dataclass(frozen=True)
class PutTestRule:
    """Requests with the secret header reach this slot whatever their path, and only they.

    The header's value is the only condition: a smoke test asks for paths that the public rule doesn't route.
    """

    service: str
    slot: Slot
    header: Secret


@dataclass(frozen=True)
class RunSlot:
    """The slot's ECS service runs `count` tasks of this task definition, behind its target group if it has a port."""

    service: str
    slot: Slot
    definition: str
    content: Content
    count: int
    grace_seconds: int
    capacity: Capacity = field(default=Capacity())


@dataclass(frozen=True)
class TuneSlot:
    """The slot's ECS service rolls as all of ours do, and gives its tasks this grace; None: no balancer asks them.
    What it runs, and how often, stays: nothing rolls because of it."""

    service: str
    slot: Slot
    grace_seconds: int | None


@dataclass(frozen=True)
class ArmSwitch:
    """AWS puts the service's public rule back at the switch's moment. One that is there is overwritten: renewed."""

    service: str
    switch: Switch


@dataclass(frozen=True)
class DisarmSwitch:
    """There is no switch of this name any more."""

    service: str
    name: str


@dataclass(frozen=True)
class SetWeights:
    """The public rule splits like this; it is created when there is none.

    `beside` are the services of the file: a rule of any other service of ours that asks for the same requests is an
    orphan's, and the new rule comes before it; the orphan's stays, so that removing the new one leads back to it.
    """

    service: str
    route: Route
    weights: Weights
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SetRoute:
    """The public rule asks for these requests, and is asked before our other rules for the same ones; where they go
    stays as it is."""

    service: str
    route: Route


@dataclass(frozen=True)
class RestoreRule:
    """The public rule has its complete old actions again, and asks for what it asked for."""

    service: str
    rule: RuleAsItWas


@dataclass(frozen=True)
class RemakeRule:
    """The public rule that somebody deleted is there again, with its complete old actions and requests. Nothing is
    done where there is one, whatever it shows: that is looked for on AWS just before."""

    service: str
    rule: RuleAsItWas


@dataclass(frozen=True)
class RemoveRule:
    """There is no public rule for this service (there was none before)."""

    service: str


@dataclass(frozen=True)
class RemoveTestRule:
    service: str


@dataclass(frozen=True)
class SetCount:
    """The slot runs so many tasks, one at least, of whatever it runs. They are enough for `share` percent of the
    traffic: with a greater weight, read again from AWS just before, the slot keeps what it has."""

    service: str
    slot: Slot
    count: int
    share: int = 100


@dataclass(frozen=True)
class AddTasks:
    """The slot runs so many tasks at least, of whatever it runs. One that runs more keeps them, whatever was seen: that
    is read again from AWS just before; and one that is gone stays gone."""

    service: str
    slot: Slot
    count: int


@dataclass(frozen=True)
class PutScaling:
    """The slot scales like this and not otherwise, within `bounds` at this moment. A slot outside of them is brought
    into them at once."""

    service: str
    slot: Slot
    scaling: Scaling
    bounds: Bounds
    suspended: frozenset[Motion] = field(default=FREE)


@dataclass(frozen=True)
class HoldScaling:
    """Whatever makes the slot smaller is suspended: fewer tasks for want of load, and other bounds by the clock. It may
    grow within `room`. A slot that doesn't scale stays as it is."""

    service: str
    slot: Slot
    room: Bounds


@dataclass(frozen=True)
class RemoveScaling:
    """Nothing but Tidegate changes the slot's number of tasks any more; it stays as it is."""

    service: str
    slot: Slot


@dataclass(frozen=True)
class EmptySlot:
    """The slot runs no task. Never while it has weight: that is read again from AWS just before."""

    service: str
    slot: Slot


@dataclass(frozen=True)
class RunTask:
    """A task of this definition runs `command` once, beside the slots: asked for again with the same token, it is the
    same task. `environment` are variables that it gets beside the definition's."""

    service: str
    definition: str
    command: tuple[str, ...]
    token: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class StopTask:
    """This one-off task ends; one that has ended stays as it is."""

    service: str
    task: str


@dataclass(frozen=True)
class RemoveRoute:
    """No rule of ours leads to this service any more, whoever made it: a person said that the service may go."""

    service: str


@dataclass(frozen=True)
class DeleteSlot:
    """The slot's ECS service and target group are gone. Only after it was emptied."""

    service: str
    slot: Slot


@dataclass(frozen=True)
class KeepAlarms:
    """These alarms of the service, which stand at all times, are as they are here."""

    service: str
    alarms: tuple[StandingAlarm, ...]


@dataclass(frozen=True)
class DropAlarms:
    """There are no alarms of ours by these names any more."""

    service: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class KeepDashboard:
    """The dashboard is as it is here. `service` is the environment's name: it is about all of its services."""

    service: str
    dashboard: Dashboard


@dataclass(frozen=True)
class DropDashboard:
    """There is no dashboard of ours by this name any more. `service` is the environment's name."""

    service: str
    name: str
