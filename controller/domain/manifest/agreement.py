"""What must hold between the fields of an environment file: each check is one function that yields what it finds.

To add a check: a function from the file, or from one service, to findings, and its name in the tuple below it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

from controller.domain.counting import counted
from controller.domain.manifest.models import (
    BlueGreen,
    Canary,
    EnvironmentFile,
    Rolling,
    ScheduledCount,
    Strategy,
    TaskCheck,
    Window,
)
from controller.domain.manifest.problem import quoted
from controller.domain.manifest.service import Route, Service
from controller.domain.manifest.tree import Path
from controller.domain.manifest.values import LONGEST_TAG, Percent, format_duration, render_tag
from controller.domain.manifest.wanted import listed
from controller.domain.manifest.windows import EVERY_DAY, Span


@dataclass(frozen=True)
class Finding:
    """`at` is where the author should look, `about` what was compared: what is wrong in itself is not compared."""

    at: Path
    found: str
    wanted: str
    about: tuple[Path, ...]


def findings_in(file: EnvironmentFile) -> Iterator[Finding]:
    """Everything in the file that does not agree with something else in it."""
    for check in _OF_FILES:
        yield from check(file)
    for name, service in file.services.items():
        for ask in _OF_SERVICES:
            for finding in ask(service):
                yield _under(("services", name), finding)


def _under(path: Path, finding: Finding) -> Finding:
    about = tuple((*path, *compared) for compared in finding.about)
    return replace(finding, at=(*path, *finding.at), about=about)


# ---------------------------------------------------------------- one service


def _one_source_of_image(service: Service) -> Iterator[Finding]:
    given = [key for key in ("promote", "tag") if getattr(service.image, key) is not None]
    if len(given) != 1:
        about = (("image", "promote"), ("image", "tag"))
        yield Finding(("image",), listed(given, "and") if given else "neither", "either promote or tag", about)


def _routed_means_port_and_health(service: Service) -> Iterator[Finding]:
    if service.route and service.port is None:
        yield Finding(
            ("port",), "nothing", "the container's port, because the service has a route", (("route",), ("port",))
        )
    if service.route and service.health is None:
        yield Finding(("health",), "nothing", "a mapping, because the service has a route", (("route",), ("health",)))


def _workers_are_asked_nothing(service: Service) -> Iterator[Finding]:
    for key in ("health", "smoke"):
        if service.route is None and getattr(service, key):
            words = "none, or a route: without one no request reaches the service"
            yield Finding((key,), "a check by request", words, (("route",), (key,)))


def _workers_count_no_requests(service: Service) -> Iterator[Finding]:
    if service.route is None and service.count.requests is not None:
        words = "cpu or memory, or a route: without one no request reaches the service"
        about = (("route",), ("count",))
        yield Finding(("count", "requests"), str(service.count.requests), words, about)


def _check_ends_before_the_next(service: Service) -> Iterator[Finding]:
    health = service.health
    if health and health.timeout >= health.interval:
        about = (("health", "timeout"), ("health", "interval"))
        found, limit = format_duration(health.timeout), format_duration(health.interval)
        yield Finding(("health", "timeout"), found, f"a time shorter than the interval of {limit}", about)


# Amazon ECS, "Fargate task sizes": cpu units to the smallest and largest memory and the step between, in MiB.
_MEMORY = {
    256: (512, 2048, 512),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}


def _fargate_has_the_size(service: Service) -> Iterator[Finding]:
    cpu, memory = service.task.cpu, service.task.memory
    least, most, step = _MEMORY[cpu]
    is_odd_quarter = cpu == 256 and memory == 1536  # 0.25 vCPU comes with 0.5, 1 or 2 GiB only
    if not least <= memory <= most or (memory - least) % step or is_odd_quarter:
        sizes = "512, 1024 or 2048" if cpu == 256 else f"{least} to {most} in steps of {step}"
        about = (("task", "cpu"), ("task", "memory"))
        yield Finding(("task", "memory"), str(memory), f"{sizes}, which Fargate offers for cpu {cpu}", about)


def _count_can_be_kept(service: Service) -> Iterator[Finding]:
    count = service.count
    if count.min > count.max == 0:
        yield Finding(("count", "max"), "0", "a number of tasks from 1 to 1000", (("count",),))
    elif count.min > count.max:
        yield Finding(("count", "min"), str(count.min), f"at most the max of {count.max}", (("count",),))
    elif count.max > count.min and not count.autoscaled:
        yield Finding(
            ("count", "max"), str(count.max), "cpu, memory or requests beside it: nothing else scales", (("count",),)
        )
    elif count.autoscaled and count.min == 0:
        yield Finding(("count", "min"), "0", "at least 1: scaling cannot wake what has no task", (("count",),))
    elif count.min == 0:
        words = "at least 1; what is to run nothing leaves the file and is pruned, or sleeps by `schedule`"
        yield Finding(("count",), "0", words, (("count",),))


def _base_fits_the_count(service: Service) -> Iterator[Finding]:
    base, least = service.capacity.base, service.count.min
    if base > least:
        about = (("capacity", "base"), ("count",))
        yield Finding(("capacity", "base"), str(base), f"at most the fewest tasks, {least}", about)


def _variables_have_one_source(service: Service) -> Iterator[Finding]:
    sources: dict[str, Mapping[str, str]] = {
        "env": service.env, "secrets": service.secrets, "parameters": service.parameters,
    }  # fmt: skip
    for first, second in combinations(sources, 2):
        for name in sources[first].keys() & sources[second].keys():
            about = ((first, name), (second, name))
            yield Finding((second, name), f"the variable again, after {first}", "it in one place", about)


# "Quotas for your Application Load Balancers": five condition values in a rule; the test rule needs one for its header.
_MOST_CONDITIONS = 4


def _rule_has_room(service: Service) -> Iterator[Finding]:
    if service.route and len(service.route.path) + len(service.route.host) > _MOST_CONDITIONS:
        found = f"{counted(len(service.route.path), 'path')} and {counted(len(service.route.host), 'host')}"
        yield Finding(
            ("route",), found, f"at most {_MOST_CONDITIONS} together, so that a rule can hold them", (("route",),)
        )


_OF_SERVICES = (
    _one_source_of_image,
    _routed_means_port_and_health,
    _workers_are_asked_nothing,
    _workers_count_no_requests,
    _check_ends_before_the_next,
    _fargate_has_the_size,
    _count_can_be_kept,
    _base_fits_the_count,
    _variables_have_one_source,
    _rule_has_room,
)

# ---------------------------------------------------------------- the file


def _routes_differ(file: EnvironmentFile) -> Iterator[Finding]:
    for (first, one), (second, other) in combinations(file.services.items(), 2):
        if one.route and other.route and _overlap(one.route, other.route):
            about = (("services", first, "route"), ("services", second, "route"))
            yield Finding(about[1], f"the route of {first}", "a route of its own", about)


def _overlap(one: Route, other: Route) -> bool:
    hosts = set(one.host) & set(other.host) or one.host == other.host
    return bool(hosts and set(one.path) & set(other.path))


def _images_come_from_elsewhere(file: EnvironmentFile) -> Iterator[Finding]:
    for name, service in file.services.items():
        if service.image.promote == file.environment:
            at: Path = ("services", name, "image", "promote")
            yield Finding(at, file.environment, "another environment than this one", (at, ("environment",)))


def _soaks_elsewhere(file: EnvironmentFile) -> Iterator[Finding]:
    if file.gates.soak and file.gates.soak.environment == file.environment:
        at: Path = ("gates", "soak", "environment")
        yield Finding(at, file.environment, "another environment than this one", (at, ("environment",)))


def _versions_are_released(file: EnvironmentFile) -> Iterator[Finding]:
    for name, service in file.services.items():
        if file.on == "push" and "{version}" in (service.image.tag or ""):
            at: Path = ("services", name, "image", "tag")
            yield Finding(at, "{version}", "on: release, because a push has no version", (at, ("on",)))


SHORTEST_UNATTENDED = timedelta(minutes=2)
"""A dead controller's environments are taken over within 75 seconds; AWS takes up to a minute to fire."""


def _tags_fit(file: EnvironmentFile) -> Iterator[Finding]:
    for name, service in file.services.items():
        tag = render_tag(service.image.tag or "", branch=file.branch, commit="0" * 40, version="0.0.0")
        if len(tag) > LONGEST_TAG:
            at: Path = ("services", name, "image", "tag")
            found = f"{len(tag)} characters with this branch and a commit"
            yield Finding(at, found, f"at most {LONGEST_TAG}", (at, ("branch",)))


def _tasks_verify_in_a_service(file: EnvironmentFile) -> Iterator[Finding]:
    for number, check in enumerate(file.verify):
        if isinstance(check, TaskCheck) and check.task not in file.services:
            at: Path = ("verify", number, "task")
            yield Finding(at, quoted(check.task), f"a service: {listed(list(file.services))}", (at, ("services",)))


def _windows_open(file: EnvironmentFile) -> Iterator[Finding]:
    window = file.gates.window
    if window is None:
        return
    at: Path = ("gates", "window")
    if not (window.allow or window.deny or window.freeze):
        yield Finding(at, "none of them", "allow, deny or freeze", (at,))
    for number, freeze in enumerate(window.freeze):
        if freeze.from_ >= freeze.until:
            here: Path = (*at, "freeze", number)
            yield Finding((*here, "until"), str(freeze.until), f"a moment after {freeze.from_}", (here,))
    if (window.allow or window.deny) and not _is_ever_open(window):
        yield Finding((*at, "deny"), listed([str(span) for span in window.deny], "and"), "something left open", (at,))


def _is_ever_open(window: Window) -> bool:
    """It opens, if it does, with a span of `allow` or with the end of one of `deny`."""
    allowed = window.allow or (Span(EVERY_DAY, 0, 24 * 60),)
    turns = {span.opens for span in allowed} | {span.closes for span in window.deny}
    return any(
        any(span.covers(day, minute) for span in allowed) and not any(span.covers(day, minute) for span in window.deny)
        for day in EVERY_DAY
        for minute in turns
    )


def _turns_differ(file: EnvironmentFile) -> Iterator[Finding]:
    """Of two that come at once AWS does either first, in each night another one."""
    moments = [_moments(turn) for turn in file.schedule]
    for first, second in combinations(range(len(moments)), 2):
        if moments[first] & moments[second]:
            at: Path = ("schedule", second)
            words = "a minute of its own, or other days: of two at once AWS does either first"
            yield Finding(at, f"the minute of schedule[{first}]", words, (("schedule",),))


# Any whole year: it has both halves of every zone's summer time.
_YEAR = [date(2027, 1, 1) + timedelta(days=day) for day in range(365)]


def _moments(turn: ScheduledCount) -> frozenset[datetime]:
    at, zone = time(*divmod(turn.at, 60)), ZoneInfo(turn.timezone)
    days = (day for day in _YEAR if day.weekday() in turn.days)
    return frozenset(datetime.combine(day, at, zone).astimezone(UTC) for day in days)


def _rolling_keeps_nothing_warm(file: EnvironmentFile) -> Iterator[Finding]:
    if isinstance(file.strategy, Rolling) and file.rollback.keep_warm:
        about = (("strategy",), ("rollback", "keep_warm"))
        found = format_duration(file.rollback.keep_warm)
        yield Finding(("rollback", "keep_warm"), found, "0s with rolling, or another strategy", about)


def _a_switch_leaves_time_for_a_takeover(file: EnvironmentFile) -> Iterator[Finding]:
    unattended = file.rollback.unattended
    if timedelta(0) < unattended < SHORTEST_UNATTENDED:
        at: Path = ("rollback", "unattended")
        found, least = format_duration(unattended), format_duration(SHORTEST_UNATTENDED)
        yield Finding(at, found, f"0s (never), or {least} at least: another controller needs time to take over", (at,))


def _metrics_have_time_to_be_judged(file: EnvironmentFile) -> Iterator[Finding]:
    """They come minutes late: only a bake, and the time in which the old version is kept warm, waits for them."""
    named = [name for name, metric in file.watch.metrics if metric is not None]
    is_watched_after = file.rollback.automatic and file.rollback.keep_warm
    if named and not _bakes(file.strategy) and not is_watched_after:
        at: Path = ("watch", "metrics")
        wanted = "a strategy that bakes, or automatic and keep_warm in rollback: nothing else waits for numbers"
        yield Finding(at, listed(named, "and"), wanted, (at, ("strategy",), ("rollback",)))


def _bounds_can_be_crossed(file: EnvironmentFile) -> Iterator[Finding]:
    """What is never good rings for ever, and what is always good never."""
    alarms, watched = file.alarms, file.watch.metrics.errors
    tasks: dict[Path, int | None] = {
        ("alarms", "unhealthy_hosts", "max"): alarms.unhealthy_hosts.max if alarms.unhealthy_hosts else None,
        ("alarms", "tasks", "min"): alarms.tasks.min if alarms.tasks else None,
    }
    for at, least in tasks.items():
        if least == 0:
            yield Finding(at, "0", "a number of tasks from 1 to 1000", (at,))
    shares: dict[Path, Percent | None] = {
        ("alarms", "errors", "max"): alarms.errors.max if alarms.errors else None,
        ("watch", "metrics", "errors", "max"): watched.max if watched and not watched.against else None,
    }
    for at, share in shares.items():
        if share and share.points == 100:
            yield Finding(at, str(share), "a share below 100%: no more of the answers can be errors", (at,))


def _bakes(strategy: Strategy) -> bool:
    match strategy:
        case BlueGreen(bake=bake):
            return bake > timedelta(0)
        case Canary(steps=steps):
            return any(step.bake > timedelta(0) for step in steps)
        case Rolling():
            return False


def _canary_rises_to_all(file: EnvironmentFile) -> Iterator[Finding]:
    if not isinstance(file.strategy, Canary):
        return
    weights = [step.weight for step in file.strategy.steps]
    for number, (before, weight) in enumerate(pairwise(weights), start=1):
        if weight <= before:
            yield _weight(number, str(weight), f"more than the step before, {before}")
    if weights[-1] != 100:
        yield _weight(len(weights) - 1, str(weights[-1]), "100 in the last step")


def _weight(number: int, found: str, wanted: str) -> Finding:
    return Finding(("strategy", "steps", number, "weight"), found, wanted, (("strategy",),))


def _approval_can_be_reached(file: EnvironmentFile) -> Iterator[Finding]:
    approval = file.gates.approval
    if not approval or not approval.reviewers or any(name.startswith("@") for name in approval.reviewers):
        return
    if approval.count > len(approval.reviewers):
        about: tuple[Path, ...] = (("gates", "approval"),)
        words = f"at most the number of reviewers, {len(approval.reviewers)}"
        yield Finding(("gates", "approval", "count"), str(approval.count), words, about)


_OF_FILES = (
    _routes_differ,
    _images_come_from_elsewhere,
    _soaks_elsewhere,
    _versions_are_released,
    _tags_fit,
    _tasks_verify_in_a_service,
    _windows_open,
    _turns_differ,
    _rolling_keeps_nothing_warm,
    _a_switch_leaves_time_for_a_takeover,
    _metrics_have_time_to_be_judged,
    _bounds_can_be_crossed,
    _canary_rises_to_all,
    _approval_can_be_reached,
)
