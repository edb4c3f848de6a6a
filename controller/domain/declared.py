"""What the live version's file declares, compared with what AWS shows. Pure.

Only declared fields are compared, both sides in one normal form: an environment that nobody touched shows no
difference. Weights are no field: who moved them has rules of its own. To add a comparison: a function, its place in
`COMPARERS`, and what it needs to see as a field of `Shown`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from controller.domain import scaling, standing
from controller.domain.capacity import capacity_of
from controller.domain.content import Content
from controller.domain.drift import Difference
from controller.domain.foundation import Foundation
from controller.domain.manifest import EnvironmentFile, Service
from controller.domain.rendering import definition_of, group_settings, render, service_settings
from controller.domain.revision import Revision
from controller.domain.slot import Slot
from controller.domain.snapshot import DefinitionView, GroupSettings, ServiceSettings, ServiceView, SlotView
from controller.domain.standing import Standing

TASK_DEFINITION, ECS_SERVICE, TARGET_GROUP = "task definition", "ECS service", "target group"
LISTENER_RULE, IDLE_SLOT = "listener rule", "idle slot"

TUNED = frozenset({"minimum_percent", "maximum_percent", "breaker", "grace_seconds"})
"""Settings of an ECS service that change in place; every other one starts a deployment of its own."""

BEHIND_A_BALANCER = frozenset({"targets", "grace_seconds"})
"""Settings that are nobody's where a service has no route: it may have had one."""

Differing = tuple[str, str, str]
"""A field, how it is to be, how it is."""


@dataclass(frozen=True)
class Shown:
    """The file of what is live, what its services are to run, and how AWS shows them at this moment (aware UTC).
    `stands` are the alarms and the dashboard that are there; None where they were not looked at."""

    file: EnvironmentFile
    foundation: Foundation
    contents: Mapping[str, Content]
    services: Mapping[str, ServiceView]
    stands: Standing | None
    now: datetime

    @property
    def live(self) -> Iterator["LiveSlot"]:
        """The live slots, in the order of the file; what has no traffic, and no tasks in one slot alone, has none."""
        for name, service in self.file.services.items():
            view = self.services[name]
            slot = view.filled if view.is_cut_off else view.live
            if slot is not None:
                yield LiveSlot(name, service, self.contents[name], view, slot)


@dataclass(frozen=True)
class LiveSlot:
    name: str
    service: Service
    content: Content
    view: ServiceView
    slot: Slot

    @property
    def shown(self) -> SlotView:
        return self.view.slots[self.slot]

    def differs(self, thing: str, found: Iterator[Differing]) -> Iterator[Difference]:
        return (Difference(self.name, thing, *each) for each in found)


def differences(
    revision: Revision,
    foundation: Foundation,
    services: Mapping[str, ServiceView],
    stands: Standing | None,
    now: datetime,
) -> tuple[Difference, ...]:
    """Of the revision that is live; while somebody else's hand is on any traffic, nobody can tell what is live."""
    assert revision.images is not None, f"{revision.environment} {revision.commit.short} is live, so it is sealed"
    named = revision.file.services.items()
    contents = {name: render(name, service, revision.images[name], foundation) for name, service in named}
    shown = Shown(revision.file, foundation, contents, services, stands, now)
    return tuple(difference for compare in COMPARERS for difference in compare(shown))


def definitions(shown: Shown) -> Iterator[Difference]:
    for live in shown.live:
        yield from live.differs(TASK_DEFINITION, defined_otherwise(live.content, live.shown))


def settings(shown: Shown) -> Iterator[Difference]:
    for live in shown.live:
        if not live.shown.exists:
            yield Difference(live.name, ECS_SERVICE, "the live one", "there", "gone")
        yield from live.differs(ECS_SERVICE, set_otherwise(live.service, live.content, live.shown))


def groups(shown: Shown) -> Iterator[Difference]:
    for live in shown.live:
        if live.service.route is not None and live.shown.group is None:
            yield Difference(live.name, TARGET_GROUP, "the live one", "there", "gone")
        yield from live.differs(TARGET_GROUP, grouped_otherwise(live.service, live.shown))


def rules(shown: Shown) -> Iterator[Difference]:
    for name, service in shown.file.services.items():
        route, view = service.route, shown.services[name]
        if route is None:
            continue
        if view.rule is None:
            yield Difference(name, LISTENER_RULE, "the public one", "there", "gone")
            continue
        found = (("paths", route.path, view.rule.paths), ("hosts", route.host, view.rule.hosts))
        for about, wanted, asked in found:
            if frozenset(wanted) != asked:
                yield Difference(name, LISTENER_RULE, about, _listed(wanted) or "any", _listed(asked) or "any")
        before = view.rule.orphans_before(shown.file.services)
        if before:
            yield Difference(name, LISTENER_RULE, "place", f"before {_listed(before)}", f"behind {_listed(before)}")


def counts(shown: Shown) -> Iterator[Difference]:
    """Between the bounds any number is right: something scales it, or somebody does. What has no route is where its
    tasks are: without any it is nowhere."""
    for name, service in shown.file.services.items():
        if service.route is None and service.count.min and shown.services[name].live is None:
            yield Difference(name, ECS_SERVICE, "desired count", str(service.count.min), "0")
    for live in shown.live:
        moving = scaling.scaling_of(live.service, shown.file.schedule)
        if moving is not None:
            bounds = counted_otherwise(moving, live.shown, shown.now)
            if bounds is not None:
                yield Difference(live.name, ECS_SERVICE, "desired count", str(bounds), str(live.shown.desired))
            continue
        least, most = max(1, live.service.count.min), max(1, live.service.count.max)
        if live.shown.exists and not least <= live.shown.desired <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            yield Difference(live.name, ECS_SERVICE, "desired count", wanted, str(live.shown.desired))


def scales(shown: Shown) -> Iterator[Difference]:
    """What does not scale is not looked at."""
    for live in shown.live:
        wanted = scaling.scaling_of(live.service, shown.file.schedule)
        if wanted is not None:
            yield from scaling.differences(live.name, wanted, live.shown.scaling, shown.now)


def stands(shown: Shown) -> Iterator[Difference]:
    if shown.stands is not None:
        targets = {name: shown.services[name].groups for name in shown.file.services}
        yield from standing.differences(standing.wanted(shown.file, shown.foundation, targets), shown.stands)


def idle_slots(shown: Shown) -> Iterator[Difference]:
    """What is kept warm is not looked at."""
    for live in shown.live:
        tasks = live.view.slots[live.slot.other].desired
        if tasks:
            yield Difference(live.name, IDLE_SLOT, "desired count", "0", str(tasks))
        if live.view.test_rule is not None:
            yield Difference(live.name, IDLE_SLOT, "test rule", "closed", "open")


COMPARERS: tuple[Callable[[Shown], Iterator[Difference]], ...] = (
    definitions,
    settings,
    groups,
    rules,
    counts,
    scales,
    stands,
    idle_slots,
)


def must_roll(service: Service, content: Content, slot: SlotView) -> bool:
    """Whether the live slot differs in what only another slot can put right."""
    if any(defined_otherwise(content, slot)):
        return True
    return any(name not in TUNED_WORDS for name, _, _ in set_otherwise(service, content, slot))


def runs_as_declared(service: Service, content: Content, slot: SlotView) -> bool:
    """Whether a slot runs this content on what the file says, so that it can be taken as it is; what is set in place is
    another thing."""
    is_other = must_roll(service, content, slot) or slot.capacity != capacity_of(service)
    return slot.content == content.digest and not is_other


def must_be_tuned(service: Service, content: Content, slot: SlotView) -> bool:
    return any(name in TUNED_WORDS for name, _, _ in set_otherwise(service, content, slot))


def defined_otherwise(content: Content, slot: SlotView) -> Iterator[Differing]:
    """How the task definition that a slot runs differs from `content`; one that is not ours, and the same in all that
    is declared, differs in who made it. Tags alone tell nothing: whoever makes a revision by hand copies them."""
    if slot.runs is None:
        return
    found = list(definition_differences(definition_of(content), slot.runs))
    yield from found
    if slot.content is None and not found:
        yield "made by", "Tidegate", f"somebody else: {(slot.definition or '').rpartition('/')[2]}"


def definition_differences(wanted: DefinitionView, found: DefinitionView) -> Iterator[Differing]:
    for each in fields(DefinitionView):
        ours, theirs = getattr(wanted, each.name), getattr(found, each.name)
        if each.name == "environment":
            yield from _variables(ours, theirs)
        elif each.name == "command" and ours != theirs:
            yield "command", "the image's own", "another one"
        elif each.name == "logs":
            yield from _members("log option", ours, {key: theirs[key] for key in ours if key in theirs})
        elif each.name == "references":
            yield from _members("secret", ours, theirs)
        elif ours != theirs:
            yield _in_words(each.name), _spoken(ours), _spoken(theirs)


def set_otherwise(service: Service, content: Content, slot: SlotView) -> Iterator[Differing]:
    if slot.settings is None:
        return
    group = slot.group.arn if slot.group is not None and service.route is not None else None
    wanted = service_settings(service, content, group)
    for each in fields(ServiceSettings):
        ours, theirs = getattr(wanted, each.name), getattr(slot.settings, each.name)
        if ours != theirs and not (group is None and each.name in BEHIND_A_BALANCER):
            yield _in_words(each.name), _spoken(ours), _spoken(theirs)


def counted_otherwise(wanted: scaling.Scaling, slot: SlotView, now: datetime) -> scaling.Bounds | None:
    """The bounds of this moment, where a slot that scales runs a number of tasks outside of them: scaling acts on its
    own measurements only, and without any task there are none. Whoever wakes a sleeping slot is left alone, and so is
    everybody a moment after a turn."""
    bounds = wanted.at(now)
    near = {each.nearest(slot.desired) for each in (bounds, wanted.at(now - scaling.LATENESS))}
    return bounds if slot.exists and bounds.max and slot.desired not in near else None


def grouped_otherwise(service: Service, slot: SlotView) -> Iterator[Differing]:
    wanted = group_settings(service)
    if wanted is None or slot.group is None or slot.group.settings is None:
        return
    for each in fields(GroupSettings):
        ours, theirs = getattr(wanted, each.name), getattr(slot.group.settings, each.name)
        if ours != theirs:
            yield _in_words(each.name), _spoken(ours), _spoken(theirs)


def _variables(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Differing]:
    """By name only: what somebody put there by hand may be a secret."""
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            ours = "unset" if name not in wanted else "as in the file"
            yield f"variable {name}", ours, "unset" if name not in found else "another value"


def _members(what: str, wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Differing]:
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield f"{what} {name}", wanted.get(name, "unset"), found.get(name, "unset")


_WORDS: Mapping[str, str] = {
    "cpu": "CPU units",
    "memory": "memory in MiB",
    "public_ip": "public address",
    "minimum_percent": "minimum percent of tasks",
    "maximum_percent": "maximum percent of tasks",
    "breaker": "circuit breaker",
    "grace_seconds": "grace period in seconds",
    "stop_timeout_seconds": "stop timeout in seconds",
    "interval_seconds": "check interval in seconds",
    "timeout_seconds": "check timeout in seconds",
    "deregistration_delay_seconds": "deregistration delay in seconds",
    "path": "check path",
    "port": "check port",
    "healthy": "successes until healthy",
    "unhealthy": "failures until unhealthy",
    "platform": "platform version",
}
TUNED_WORDS = frozenset(_WORDS[name] for name in TUNED)


def _in_words(name: str) -> str:
    return _WORDS.get(name, name.replace("_", " "))


def _spoken(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(" ".join(map(str, each)) if isinstance(each, tuple) else str(each) for each in value)
    return str(value)


def _listed(names: Iterator[str] | frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names))
