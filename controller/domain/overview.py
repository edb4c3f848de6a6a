"""One environment as people look at it: its rows of one moment, and what follows from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from controller.domain.deployment import IN_FLIGHT, Deployment, Pause
from controller.domain.distance import Distance
from controller.domain.environment import Environment
from controller.domain.evidence import FailureEvidence
from controller.domain.scaling import told
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView, SlotView
from controller.domain.step import StepKind
from controller.domain.summary import HistoryLine


@dataclass(frozen=True)
class Counts:
    """Tasks of one slot, or of several together; `healthy` is None where nobody has asked the load balancer."""

    running: int
    desired: int
    healthy: int | None


@dataclass(frozen=True)
class ServiceState:
    """One service as it was seen last. `live` is None when there is no traffic, or somebody else has split it; while a
    deployment splits it, the slot that was live before.

    `weights` is None for a service without a route. `serving` counts the slots that have traffic, `slots` each one.
    `scaling` says how the live slot scaled by itself, and until when it sleeps; None where it doesn't scale.
    """

    name: str
    live: Slot | None
    weights: Mapping[Slot, int] | None
    serving: Counts
    slots: Mapping[Slot, Counts]
    scaling: str | None = None

    @property
    def is_short(self) -> bool:
        """Fewer tasks answer than are asked for, in the slots that have traffic."""
        well = self.serving.running if self.serving.healthy is None else self.serving.healthy
        return well < self.serving.desired


@dataclass(frozen=True)
class Overview:
    """`live` settled last, `open` are the deployments that the loop still works on, `due_at` is the next look.

    `wanted` is the newest deployment of the commit that the branch wants, where that isn't what is live.
    `evidence` was written down of those that move, hold or were wanted, by id, oldest first. `distance` is to where its
    versions come from, None where that is no other environment.
    """

    environment: Environment
    live: Deployment | None
    open: tuple[Deployment, ...]
    sighting: Sighting | None
    due_at: datetime | None
    wanted: Deployment | None = None
    evidence: Mapping[str, tuple[FailureEvidence, ...]] = field(default_factory=dict)
    distance: Distance | None = None

    @cached_property
    def moving(self) -> Deployment | None:
        """The one that runs or turns back; else the newest that waits."""
        unfinished = [deployment for deployment in self.open if not deployment.is_final]
        in_flight = [deployment for deployment in unfinished if deployment.phase in IN_FLIGHT]
        return next(iter(in_flight), unfinished[-1] if unfinished else None)

    @property
    def warm_until(self) -> datetime | None:
        """When the old slots are given up, as far as can be told: passes count the time that they saw go by."""
        retiring = next((deployment for deployment in reversed(self.open) if deployment.is_retiring), None)
        if retiring is None:
            return None
        step = retiring.step
        if step is None or step.kind is not StepKind.RETIRE or not step.wait:
            return None
        began = step.started_at or retiring.finished_at
        return began + step.wait if began else None

    @cached_property
    def seen(self) -> Mapping[str, ServiceView]:
        """The services of what is live and of what moves; before anything is live, those of what waits."""
        found = self.sighting.services if self.sighting else {}
        return {name: view for name, view in found.items() if name in self._named or not self._named}

    @cached_property
    def services(self) -> tuple[ServiceState, ...]:
        if self.sighting is None:
            return ()
        at = self.sighting.seen_at
        return tuple(_state(name, view, self._was_live(name), at) for name, view in self.seen.items())

    @property
    def orphans(self) -> tuple[str, ...]:
        """Services that were seen last, and that neither the live file names nor the one that moves."""
        found = self.sighting.orphans if self.sighting else ()
        return tuple(name for name in found if name not in self._named)

    @property
    def _in_flight(self) -> Deployment | None:
        return self.moving if self.moving is not None and self.moving.phase in IN_FLIGHT else None

    @cached_property
    def _named(self) -> frozenset[str]:
        """What waits has nothing running yet: what its file names may still be an orphan."""
        return frozenset(name for one in (self.live, self._in_flight) if one for name in one.revision.file.services)

    def _was_live(self, name: str) -> Slot | None:
        """The slot that the deployment in flight takes the traffic from."""
        entries = self._in_flight.undo.entries if self._in_flight and self._in_flight.undo else ()
        return next((entry.sides.live for entry in entries if entry.service == name), None)


@dataclass(frozen=True)
class Spans:
    """How long a deployment waited for its gates, and how long it moved; None: it has not begun to."""

    waiting: timedelta
    active: timedelta | None


def spans(deployment: Deployment | HistoryLine, now: datetime) -> Spans:
    """By the times on its row; what is still going on lasts until `now`."""
    end = deployment.finished_at or now
    started = deployment.started_at
    return Spans((started or end) - deployment.created_at, end - started if started else None)


def turns_back_after(pause: Pause) -> datetime:
    """When a pause ends by itself if every moment of it is watched; later, if not."""
    return pause.since + pause.limit


def pause_left(pause: Pause) -> timedelta:
    """How much longer it is watched before it turns back by itself."""
    return max(timedelta(0), pause.limit - pause.observed)


def _state(name: str, view: ServiceView, was_live: Slot | None, seen_at: datetime) -> ServiceState:
    slots = {slot: _counts(found) for slot, found in view.slots.items()}
    weights = {slot: view.rule.weights.get(slot, 0) if view.rule else 0 for slot in Slot} if view.routed else None
    serving = _together(slots[slot] for slot in view.serving if slot in slots)
    live = was_live if view.is_split else view.live
    scaling = view.slots[live].scaling if live else None
    return ServiceState(name, live, weights, serving, slots, told(scaling, seen_at) if scaling else None)


def _counts(slot: SlotView) -> Counts:
    return Counts(slot.running, slot.desired, slot.group.healthy if slot.group else slot.running)


def _together(counts: Iterable[Counts]) -> Counts:
    every = tuple(counts)
    known = [count.healthy for count in every if count.healthy is not None]
    healthy = sum(known) if len(known) == len(every) else None
    return Counts(sum(count.running for count in every), sum(count.desired for count in every), healthy)
