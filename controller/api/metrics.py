"""What Prometheus scrapes: read from the rows at the moment it asks, so that a restart forgets nothing. Only what is
refused leaves no rows, so that is counted as it comes."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.domain.environment import Environment
from controller.store import Store


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
        due = GaugeMetricFamily(
            "tidegate_next_look_timestamp_seconds", "When it is looked at next.", labels=["environment"]
        )
        for timer in timers:
            due.add_metric([timer.environment], timer.due_at.timestamp())
        yield due
        live = GaugeMetricFamily(
            "tidegate_live_since_timestamp_seconds", "When what is live settled.", labels=["environment"]
        )
        for row in rows:
            if row.live_since is not None:
                live.add_metric([row.name], row.live_since.timestamp())
        yield live


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
