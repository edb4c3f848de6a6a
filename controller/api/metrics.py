"""What Prometheus scrapes: read from the rows at the moment it asks, so that a restart forgets nothing. Only what is
refused leaves no rows, so that is counted as it comes."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.domain.deployment import IN_FLIGHT, Deployment, Phase
from controller.domain.dora import WEEKS, Four, Report
from controller.domain.environment import Environment
from controller.domain.ports import Clock
from controller.store import Store

KEPT_SECONDS = 300.0


class Environments(Collector):
    """Gauges by environment, in one read however many there are."""

    def __init__(self, store: Store, version: str) -> None:
        self._store, self._version = store, version

    def collect(self) -> Iterator[Metric]:
        with self._store.read() as unit:
            rows, timers = unit.environments.all(), unit.timers.all()
        yield _info(self._version)
        yield _flags("tidegate_environment_held", "It waits for a person or a commit after turning back.", rows, "hold")
        yield _flags("tidegate_environment_problem", "Its newest commit can't be taken.", rows, "problem")
        yield _flags("tidegate_environment_trouble", "The last pass could not look or act.", rows, "trouble")
        drift = GaugeMetricFamily(
            "tidegate_environment_drift", "So many declared fields are otherwise on AWS.", labels=["environment"]
        )
        for row in rows:
            drift.add_metric([row.name], len(row.drift.found))
        yield drift
        yield _moments(
            "tidegate_next_look_timestamp_seconds",
            "When it is looked at next.",
            {timer.environment: timer.due_at for timer in timers},
        )
        since = {row.name: row.live_since for row in rows}
        yield _moments("tidegate_live_since_timestamp_seconds", "When what is live settled.", since)


class Deployments(Collector):
    """What moves, what waits for people, and how many there ever were: as many series as environments times phases."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        with self._store.read() as unit:
            names = [row.name for row in unit.environments.all()]
            is_open, counted = unit.deployments.all_open(), unit.deployments.counted()
        open_ones = [one for name in names for one in is_open.get(name, ())]
        yield _counts(names, counted)
        yield _by_environment(
            "tidegate_deployments_in_flight",
            "Deployments that move now: they run, or turn back.",
            {name: sum(one.environment == name and one.phase in IN_FLIGHT for one in open_ones) for name in names},
        )
        waits = [one for one in open_ones if one.waits_for_people]
        yield _by_environment(
            "tidegate_approvals_waiting",
            "Deployments that wait for people: for approvals, or for somebody to confirm.",
            {name: sum(one.environment == name for one in waits) for name in names},
        )
        asked = {name: min((_asked(one) for one in waits if one.environment == name), default=None) for name in names}
        yield _moments(
            "tidegate_approval_asked_timestamp_seconds", "Since when the one that waits longest asks people.", asked
        )


class Messages(Collector):
    """What came in, and what is still to go out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        with self._store.read() as unit:
            (waiting, oldest), newest = unit.outbox.waiting(), unit.deliveries.newest_at()
        yield GaugeMetricFamily("tidegate_outbox_waiting", "Messages that are still to be sent.", value=waiting)
        yield _moment("tidegate_outbox_oldest_timestamp_seconds", "When the oldest of them was written.", oldest)
        yield _moment("tidegate_delivery_newest_timestamp_seconds", "When a webhook or a message came last.", newest)


def asked(registry: CollectorRegistry) -> Callable[[str, str], None]:
    """Counts calls to AWS, by its services, and to `github`: `done`, or the kind of the error (domain/errors.py)."""
    counter = Counter(
        "tidegate_calls", "Calls to AWS and GitHub, by how they ended.", ["service", "outcome"], registry=registry
    )
    return lambda service, outcome: counter.labels(service, outcome).inc()


def passed(registry: CollectorRegistry, clock: Clock) -> Callable[[str, float], None]:
    """Hears of each pass that ended: the environment, and its seconds."""
    took = Histogram(
        "tidegate_pass_seconds", "How long a pass over an environment took.", buckets=PASS_SECONDS, registry=registry
    )
    ended = Gauge(
        "tidegate_pass_ended_timestamp_seconds", "When its last pass ended.", ["environment"], registry=registry
    )

    def hear(environment: str, seconds: float) -> None:
        took.observe(seconds)
        ended.labels(environment).set(clock.now().timestamp())

    return hear


PASS_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Delivery(Collector):
    """The four keys by environment, over twelve weeks; worked out anew every few minutes, however often it is
    scraped. What nobody can tell has no sample."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._known: tuple[float, list[Report]] | None = None

    def collect(self) -> Iterator[Metric]:
        reports = self._reports()
        for name, told, read in FOUR:
            family = GaugeMetricFamily(f"tidegate_delivery_{name}", told, labels=["environment"])
            for report in reports:
                value = read(report.four)
                if value is not None and report.environment is not None:
                    family.add_metric([report.environment], value)
            yield family

    def _reports(self) -> list[Report]:
        now = self._clock.monotonic()
        with self._lock:
            if self._known is None or now - self._known[0] >= KEPT_SECONDS:
                with self._store.read() as unit:
                    names = [environment.name for environment in unit.environments.all()]
                    moment = self._clock.now()
                    self._known = now, list(unit.delivery_facts.reports(names, moment, WEEKS))
            return self._known[1]


def _lead(four: Four) -> float | None:
    return four.lead.total.median.total_seconds() if four.lead.total.median is not None else None


def _restore(four: Four) -> float | None:
    return four.restore.total.median.total_seconds() if four.restore.total.median is not None else None


FOUR: tuple[tuple[str, str, Callable[[Four], float | None]], ...] = (
    ("deployments_per_week", "Deployments that succeeded.", lambda four: four.frequency.per_week),
    ("lead_time_median_seconds", "From the first commit to the success.", _lead),
    ("change_failure_ratio", "Of the deployments that started, those that failed.", lambda four: four.failures.share),
    ("restore_time_median_seconds", "From a failure to the traffic being home.", _restore),
)


def received(registry: CollectorRegistry) -> Callable[[str], Callable[[str], None]]:
    """For each sender (`github`, `aws`, `queue`) what counts the outcomes of its requests or messages."""
    counter = Counter(
        "tidegate_deliveries", "What became of what was sent to us.", ["sender", "outcome"], registry=registry
    )
    return lambda sender: lambda outcome: counter.labels(sender, outcome).inc()


def redelivered(registry: CollectorRegistry) -> Callable[[str], None]:
    """Counts webhooks that GitHub could not deliver: `asked` for again, and `recovered` since."""
    counter = Counter("tidegate_lost_webhooks", "Webhooks that were lost.", ["outcome"], registry=registry)
    return lambda outcome: counter.labels(outcome).inc()


def troubled(registry: CollectorRegistry, is_troubled: Callable[[], bool]) -> None:
    gauge = Gauge("tidegate_queue_trouble", "The queue of AWS events could not be read.", registry=registry)
    gauge.set_function(lambda: float(is_troubled()))


def _info(version: str) -> Metric:
    family = GaugeMetricFamily("tidegate_info", "Always 1; its label says which version runs.", labels=["version"])
    family.add_metric([version], 1)
    return family


def _flags(name: str, told: str, rows: tuple[Environment, ...], field: str) -> Metric:
    family = GaugeMetricFamily(name, told, labels=["environment"])
    for row in rows:
        family.add_metric([row.name], 0 if getattr(row, field) is None else 1)
    return family


def _counts(names: Sequence[str], counted: Mapping[tuple[str, Phase], int]) -> Metric:
    """Every phase of every environment, so that what never happened is 0 and not absent."""
    told = "Deployments there ever were, by the phase that they are in or ended in."
    family = GaugeMetricFamily("tidegate_deployments", told, labels=["environment", "phase"])
    for name in names:
        for phase in Phase:
            family.add_metric([name, str(phase)], counted.get((name, phase), 0))
    return family


def _by_environment(name: str, told: str, found: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=["environment"])
    for environment, value in found.items():
        family.add_metric([environment], value)
    return family


def _moments(name: str, told: str, found: Mapping[str, datetime | None]) -> Metric:
    """Without those that have none."""
    return _by_environment(name, told, {place: at.timestamp() for place, at in found.items() if at is not None})


def _moment(name: str, told: str, at: datetime | None) -> Metric:
    family = GaugeMetricFamily(name, told)
    if at is not None:
        family.add_metric([], at.timestamp())
    return family


def _asked(deployment: Deployment) -> datetime:
    """Since when it asks people."""
    if deployment.asked is not None:
        return deployment.asked.since
    step = deployment.step
    return (step.started_at if step else None) or deployment.created_at
