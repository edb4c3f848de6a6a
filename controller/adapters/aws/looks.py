"""`ports.Looks`: everything that is read before something is decided."""

from collections.abc import Collection, Mapping, Sequence

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.definitions import TaskDefinitions
from controller.adapters.aws.forensics import Forensics
from controller.adapters.aws.foundation import FoundationReader
from controller.adapters.aws.groups import Groups
from controller.adapters.aws.ownership import Owner, Role
from controller.adapters.aws.rules import Rules
from controller.adapters.aws.tasks import EcsServices
from controller.adapters.aws.wire import services as wire
from controller.adapters.aws.wire.tags import read_ecs_tags
from controller.domain.content import Content
from controller.domain.foundation import Foundation
from controller.domain.names import SERVICE_TAG, group_name, log_group, slot_name
from controller.domain.slot import Slot, Weights
from controller.domain.snapshot import GroupView, ServiceView, SlotView, TaskFailure


class PlaceLooks:
    """Reads of one place, in as few calls as there can be."""

    def __init__(
        self,
        caller: Caller,
        owner: Owner,
        foundation: FoundationReader,
        definitions: TaskDefinitions,
        groups: Groups,
        rules: Rules,
    ) -> None:
        self._owner = owner
        self._foundation = foundation
        self._definitions = definitions
        self._groups = groups
        self._rules = rules
        self._services = EcsServices(caller, owner)
        self._forensics = Forensics(caller)

    def foundation(self) -> Foundation:
        return self._foundation.read()

    def services(self, routed: Mapping[str, bool], targets: bool) -> Mapping[str, ServiceView]:
        groups = self._group_views([service for service, has_route in routed.items() if has_route], targets)
        slots = self._slot_views(list(routed), groups)
        book = self._rules.book(self.foundation().listener)
        return {
            service: ServiceView(
                slots=slots[service],
                rule=book.view(service, Role.PUBLIC),
                test_rule=book.view(service, Role.TEST),
                routed=has_route,
            )
            for service, has_route in routed.items()
        }

    def definitions(self, contents: Sequence[Content]) -> Mapping[str, str]:
        return self._definitions.find(contents)

    def weights(self, service: str) -> Weights:
        view = self._rules.book(self.foundation().listener).view(service, Role.PUBLIC)
        return view.weights if view is not None else dict.fromkeys(Slot, 0)

    def orphans(self, named: Collection[str]) -> Sequence[str]:
        """Two calls where nothing is left over, beside the tags of rules that are new."""
        found = self.foundation()
        left = self._rules.book(found.listener).services() | self._services_left(found.cluster, named)
        return tuple(sorted(left - set(named)))

    def _services_left(self, cluster: str, named: Collection[str]) -> set[str]:
        """Only what has our names is looked at, and only our tags say whose it is."""
        wanted = {slot_name(self._owner.place, service, slot) for service in named for slot in Slot}
        ends = tuple(f"-{slot}" for slot in Slot)
        names = [
            name
            for name in self._services.listed(cluster)
            if name.startswith(f"{self._owner.place}-") and name.endswith(ends) and name not in wanted
        ]
        shown = self._services.shown(cluster, names).values()
        tags = [read_ecs_tags(each.get("tags", [])) for each in shown if each["status"] != "INACTIVE"]
        return {each[SERVICE_TAG] for each in tags if self._owner.owns(each) and SERVICE_TAG in each}

    def failures(self, service: str, slot: Slot) -> Sequence[TaskFailure]:
        cluster, name = self.foundation().cluster, slot_name(self._owner.place, service, slot)
        shown = self._services.active(cluster, [name]).get(name)
        if shown is None:
            return ()
        logs = log_group(self._owner.place, service)
        return self._forensics.failures(cluster, name, shown["taskDefinition"], service, logs)

    def _group_views(self, services: Sequence[str], targets: bool) -> dict[tuple[str, Slot], GroupView]:
        names = {(service, slot): group_name(self._owner.place, service, slot) for service in services for slot in Slot}
        found = self._groups.find(list(names.values()))
        return {key: self._groups.view(found[name], targets) for key, name in names.items() if name in found}

    def _slot_views(
        self, services: Sequence[str], groups: Mapping[tuple[str, Slot], GroupView]
    ) -> dict[str, dict[Slot, SlotView]]:
        names = {(service, slot): slot_name(self._owner.place, service, slot) for service in services for slot in Slot}
        active = self._services.active(self.foundation().cluster, list(names.values()))
        views: dict[str, dict[Slot, SlotView]] = {service: {} for service in services}
        for (service, slot), name in names.items():
            shown, group = active.get(name), groups.get((service, slot))
            if shown is None:
                views[service][slot] = SlotView(exists=False, group=group)
            else:
                known = self._definitions.look(shown["taskDefinition"])
                views[service][slot] = wire.slot_view(shown, known.content, group, known.view)
        return views
