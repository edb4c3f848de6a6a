"""One `ports.Cloud` for each binding."""

from threading import Lock

from controller.adapters.aws.alarms import AlarmBoard
from controller.adapters.aws.definitions import TaskDefinitions
from controller.adapters.aws.foundation import FoundationReader, place_name
from controller.adapters.aws.groups import Groups
from controller.adapters.aws.images import Registry
from controller.adapters.aws.looks import PlaceLooks
from controller.adapters.aws.metrics import MetricReader
from controller.adapters.aws.one_offs import OneOffTasks
from controller.adapters.aws.ownership import Owner
from controller.adapters.aws.rules import Rules
from controller.adapters.aws.scaling import SlotScaling
from controller.adapters.aws.session import Access, Callers
from controller.adapters.aws.standing import StandingKeeper
from controller.adapters.aws.switches import ScheduledSwitches
from controller.adapters.aws.tagging import ElbTags
from controller.adapters.aws.tasks import SlotTasks
from controller.adapters.aws.traffic import ListenerTraffic
from controller.adapters.aws.witness import AwsWitness
from controller.domain.bindings import Binding
from controller.domain.ports import Clock, Cloud

KEPT = 100
"""Clouds that were used last. One is 13 kB; what one remembers of a place at rest is too old when its turn comes again,
where there are so many."""


class Clouds:
    """Made when first asked for, and kept while in use: what a cloud remembers saves calls. Nothing is called before it
    is used."""

    def __init__(self, clock: Clock, callers: Callers | None = None) -> None:
        self._clock = clock
        self._callers = callers or Callers(clock.now)
        self._lock = Lock()
        self._made: dict[str, tuple[Binding, Cloud]] = {}

    def of(self, binding: Binding) -> Cloud:
        with self._lock:
            made = self._made.pop(binding.name, None)
            if made is None or made[0] != binding:
                made = (binding, self._new(binding))
            self._made[binding.name] = made
            if len(self._made) > KEPT:
                del self._made[next(iter(self._made))]
            return made[1]

    def _new(self, binding: Binding) -> Cloud:
        caller = self._callers.of(Access.of(binding))
        owner = Owner(place_name(binding))
        tags = ElbTags(caller, self._clock)
        foundation = FoundationReader(caller, binding, self._clock)
        groups, rules = Groups(caller, owner, tags), Rules(caller, owner, tags)
        definitions = TaskDefinitions(caller, owner)
        return Cloud(
            looks=PlaceLooks(caller, owner, foundation, definitions, groups, rules),
            definitions=definitions,
            traffic=ListenerTraffic(caller, owner, foundation, groups, rules, binding.priorities),
            tasks=SlotTasks(caller, owner, foundation, groups),
            images=Registry(caller, binding.aws.account),
            alarms=AlarmBoard(caller),
            witness=AwsWitness(caller, owner, foundation, groups, self._clock),
            metrics=MetricReader(caller, owner, foundation, groups),
            one_offs=OneOffTasks(caller, owner, foundation),
            switches=ScheduledSwitches(caller, owner, foundation),
            standing=StandingKeeper(caller, owner, binding.aws.region, self._clock),
            scaling=SlotScaling(caller, owner, foundation, groups),
        )
