"""Service by environment: the columns and cells of the first page. Pure; `now` is aware UTC."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.dashboard.context import DashboardContext
from controller.dashboard.links import comparison_link
from controller.dashboard.views import Badge, VersionView, standing_badge, version_view
from controller.domain.counting import counted
from controller.domain.deployment import IN_FLIGHT, Deployment
from controller.domain.overview import Overview, ServiceState
from controller.domain.slot import Slot

DIGITS = 7
"""Of an image's digest."""

UNSEEN = "not seen"
"""What is said of a service that nobody has looked at."""


@dataclass(frozen=True)
class Cell:
    """One service in one environment. `healthy` is «2 of 2» of the slots with traffic, `image` the beginning of its
    digest, `marks` say in words what is not as usual. `is_absent`: nothing of it was ever live there."""

    service: str
    healthy: str
    image: str
    tone: str
    marks: tuple[str, ...] = ()
    is_absent: bool = False


@dataclass(frozen=True)
class Progress:
    """Steps that are over, of how many."""

    done: int
    of: int
    words: str

    @property
    def percent(self) -> int:
        return 100 * self.done // self.of if self.of else 0


@dataclass(frozen=True)
class Behind:
    """How far the environment is behind the one that its versions come from. `link` opens the pull request that brings
    it up; None where nobody knows the branches."""

    before: str
    words: str
    link: str | None


@dataclass(frozen=True)
class Column:
    """One environment. `cells` by service; `moving` and `asked` are ids of deployments."""

    name: str
    badge: Badge
    source: str
    version: VersionView | None
    since: datetime | None
    held: bool
    drifted: int
    moving: str | None
    progress: Progress | None
    asked: str | None
    behind: Behind | None
    cells: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Nothing was ever live there."""
        return all(cell.is_absent for cell in self.cells.values())

    @property
    def unusual(self) -> tuple[Cell, ...]:
        return tuple(
            cell
            for cell in self.cells.values()
            if cell.marks or cell.healthy == UNSEEN or (cell.is_absent and not self.is_empty)
        )


@dataclass(frozen=True)
class Matrix:
    """`services` in the order in which files name them, first come, first."""

    services: tuple[str, ...]
    columns: tuple[Column, ...]


def matrix(overviews: Sequence[Overview], context: DashboardContext) -> Matrix:
    by_name = {overview.environment.name: overview for overview in overviews}
    columns = tuple(_column(overview, by_name, context) for overview in overviews)
    services = dict.fromkeys(name for column in columns for name in column.cells)
    return Matrix(tuple(services), columns)


def _column(overview: Overview, others: Mapping[str, Overview], context: DashboardContext) -> Column:
    environment, live, moving = overview.environment, overview.live, overview.moving
    binding = context.bindings.get(environment.name)
    before = others.get(_comes_from(overview))
    is_moving = moving is not None and moving.phase in IN_FLIGHT
    asked = next((one.id for one in overview.open if one.asked is not None and not one.is_final), None)
    return Column(
        name=environment.name,
        badge=standing_badge(overview),
        source=f"{binding.repository} at {binding.branch}" if binding else "not bound any more",
        version=version_view(live.revision, context) if live else None,
        since=environment.live_since,
        held=environment.hold is not None,
        drifted=len(environment.drift.found),
        moving=moving.id if moving else None,
        progress=_progress(moving) if is_moving and moving else None,
        asked=asked,
        behind=_behind(overview, before, context),
        cells={cell.service: cell for cell in _cells(overview, before)},
    )


def _progress(moving: Deployment) -> Progress:
    done, of = sum(step.is_over for step in moving.steps), len(moving.steps)
    words = (
        f"step {moving.step.number} of {of}, {moving.step.title}" if moving.step else f"{done} of {counted(of, 'step')}"
    )
    return Progress(done, of, words)


def _comes_from(overview: Overview) -> str:
    """The environment whose versions it takes, by its own file where nobody has counted; empty where there is none."""
    if overview.distance is not None:
        return overview.distance.before
    newest = overview.moving or overview.live
    services = newest.revision.file.services.values() if newest else ()
    return next((service.image.promote for service in services if service.image.promote), "")


def _behind(overview: Overview, before: Overview | None, context: DashboardContext) -> Behind | None:
    """None where it is not behind, or has nothing to be behind of. Until the commits are counted the files tell."""
    if before is None or before.live is None:
        return None
    distance, name = overview.distance, before.environment.name
    link = comparison_link(context.github, context.bindings, overview.environment.name, name)
    if distance is not None and distance.commits is not None:
        return Behind(name, distance.told, link) if distance.commits or distance.is_ahead else None
    own = overview.live.revision.commit.tree if overview.live else None
    return None if own == before.live.revision.commit.tree else Behind(name, f"differs from {name}", link)


def _cells(overview: Overview, before: Overview | None) -> Iterator[Cell]:
    states = {state.name: state for state in overview.services}
    live, moving = overview.live, overview.moving
    named = live.revision.file.services if live else {}
    theirs = before.live.revision.images or {} if before is not None and before.live else {}
    drifted = {drift.difference.service for drift in overview.environment.drift.found}
    rolls = moving if moving is not None and moving.phase in IN_FLIGHT else None
    for name in dict.fromkeys([*named, *states]):
        image = _digest((live.revision.images or {}).get(name)) if live else ""
        state, upstream = states.get(name), _digest(theirs.get(name))
        is_rolling = rolls is not None and (rolls.rolls(name) or rolls.pruned == name)
        marks = [*_split(state)]
        if state is not None and state.is_short:
            marks.append("too few")
        if is_rolling:
            marks.append("rolls")
        if name in drifted:
            marks.append("drifted")
        if before is not None and upstream and image and upstream != image:
            marks.append(f"not as in {before.environment.name}")
        is_absent = state is not None and not _runs(state) and name not in named
        tone = _tone(state, is_rolling, name in drifted, is_absent)
        yield Cell(name, _healthy(state, is_absent), image, tone, tuple(marks), is_absent)


def _split(state: ServiceState | None) -> Iterable[str]:
    """How the traffic is shared, while it is."""
    weights = (state.weights if state else None) or {}
    shares = [(slot, weights.get(slot, 0)) for slot in Slot if weights.get(slot, 0)]
    return [f"{share}% {slot}" for slot, share in shares] if len(shares) > 1 else []


def _runs(state: ServiceState) -> bool:
    """Whether any slot has its traffic, or stands for it."""
    return state.live is not None or bool(state.serving.desired or state.serving.running)


def _healthy(state: ServiceState | None, is_absent: bool) -> str:
    """Where no task is wanted: what that means."""
    if state is None:
        return UNSEEN
    serving = state.serving
    well = serving.running if serving.healthy is None else serving.healthy
    if serving.desired or well:
        return f"{well} of {serving.desired}"
    if is_absent:
        return "nothing yet"
    return "no task" if _runs(state) else "no traffic"


def _tone(state: ServiceState | None, is_rolling: bool, is_drifted: bool, is_absent: bool) -> str:
    if state is None:
        return "calm"
    if state.is_short or not (is_absent or _runs(state)):
        return "bad"
    if is_drifted:
        return "warn"
    if is_rolling:
        return "busy"
    return "good" if state.serving.desired else "calm"


def _digest(image: str | None) -> str:
    """
    >>> _digest("captions@sha256:0123456789abcdef"), _digest(None)
    ('0123456', '')
    """
    return (image or "").rpartition(":")[2][:DIGITS]
