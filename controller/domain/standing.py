"""Alarms and the dashboard that stand in an environment at all times, because its file declares them. Pure.

An alarm is about both slots of its service, so it is the same whichever of them is live: a deployment changes none. Its
minutes are those of CloudWatch, and three bad ones of the newest five make it ring: one slow minute is nobody's alarm,
and the newest minute may still be on its way. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from controller.domain.dashboard import Dashboard, dashboard_differences, drawn
from controller.domain.drift import Difference
from controller.domain.foundation import Foundation
from controller.domain.manifest import Alarms, EnvironmentFile, Service
from controller.domain.names import alarm_name
from controller.domain.series import Groups, Meters, Series

BAD_MINUTES, MINUTES = 3, 5

LEAST_ERRORS = 3
"""Fewer errors in a minute say nothing: one of ten requests at night is no tenth of anything. A service that fails
wholly rings from three requests a minute on."""


class AlarmKind(StrEnum):
    """The lines of `alarms:`, by their keys."""

    ERRORS = "errors"
    LATENCY_P95 = "latency_p95"
    LATENCY_P99 = "latency_p99"
    UNHEALTHY_HOSTS = "unhealthy_hosts"
    TASKS = "tasks"
    MEMORY = "memory"
    CPU = "cpu"


class Bad(StrEnum):
    """Which numbers are bad ones, compared with the threshold."""

    ABOVE = "above"
    FROM = "from"
    BELOW = "below"
    OTHERWISE = "otherwise"  # somebody made it do something that Tidegate never asks for


class Silence(StrEnum):
    """What a minute without a number counts as.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """

    GOOD = "good"
    BAD = "bad"
    KEEPS = "keeps"  # the alarm stays as it is
    UNKNOWN = "unknown"  # nothing is known, and the alarm says so


@dataclass(frozen=True)
class StandingAlarm:
    """One alarm of CloudWatch's. `service` is empty where nobody asked whose it is.

    `formulas` are metric maths over `series`, by id; `watched` is the id of the one whose numbers are compared.
    `topics` hear when it rings and when it is well again; without `is_loud` nobody does. `others` is what else it is
    set to, in AWS's words, and empty in what is wanted.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """

    name: str
    service: str
    text: str
    series: tuple[Series, ...]
    formulas: Mapping[str, str]
    watched: str
    bad: Bad
    threshold: float
    silence: Silence = Silence.GOOD
    bad_minutes: int = BAD_MINUTES
    minutes: int = MINUTES
    topics: tuple[str, ...] = ()
    is_loud: bool = True
    others: str = ""


@dataclass(frozen=True)
class Standing:
    """What is wanted, or what is there, by name. `services` (wanted) are those of the file: alarms of any other service
    stay until it is pruned, as the service itself does."""

    alarms: Mapping[str, StandingAlarm] = field(default_factory=dict)
    dashboard: Dashboard | None = None
    services: frozenset[str] = frozenset()

    def strays(self, found: "Standing") -> tuple[StandingAlarm, ...]:
        """What is there and nobody wants; all of it, where nothing is wanted."""
        return tuple(
            alarm
            for name, alarm in found.alarms.items()
            if name not in self.alarms and (not self.alarms or alarm.service in self.services)
        )


def declares(file: EnvironmentFile | None) -> bool:
    return file is not None and file.alarms != Alarms()


def declared_names(file: EnvironmentFile, place: str) -> frozenset[str]:
    """The names of all alarms that the file declares."""
    return frozenset(
        alarm_name(place, name, kind) for name, service in file.services.items() for kind in _kinds(file, service)
    )


def never_made(file: EnvironmentFile, place: str) -> frozenset[str]:
    """What the alarms would be called that the file declares and that a service without a route never gets."""
    names = (alarm_name(place, name, kind) for name in file.services for kind in _declared(file))
    return frozenset(names) - declared_names(file, place)


def wanted(file: EnvironmentFile, foundation: Foundation, groups: Mapping[str, Groups]) -> Standing:
    """What the file declares, as far as there are target groups to be measured: a service gets those of both slots with
    its first version. `groups` has every service of the file."""
    named = frozenset(file.services)
    if not declares(file):
        return Standing(services=named)
    alarms = {
        alarm.name: alarm
        for name, service in file.services.items()
        for alarm in _alarms(_Subject(name, service, file, Meters(name, foundation, groups[name])))
    }
    return Standing(alarms, drawn(file, foundation, groups, tuple(alarms)), named)


def differences(wanted: Standing, found: Standing) -> tuple[Difference, ...]:
    return (
        *(each for alarm in wanted.alarms.values() for each in _differs(alarm, found.alarms.get(alarm.name))),
        *(Difference(each.service, _thing(each.name), "alarm", "none", "there") for each in wanted.strays(found)),
        *dashboard_differences(wanted.dashboard, found.dashboard),
    )


def changed(wanted: Standing, found: Standing, service: str) -> tuple[StandingAlarm, ...]:
    """The alarms of a service that are missing, or not as they should be."""
    return tuple(
        alarm
        for alarm in wanted.alarms.values()
        if alarm.service == service and any(_differs(alarm, found.alarms.get(alarm.name)))
    )


COMPARED = tuple(each.name for each in fields(StandingAlarm) if each.name not in {"name", "service"})


def _differs(alarm: StandingAlarm, found: StandingAlarm | None) -> Iterator[Difference]:
    thing = _thing(alarm.name)
    if found is None:
        yield Difference(alarm.service, thing, "alarm", "there", "none")
        return
    for name in COMPARED:
        here, there = getattr(alarm, name), getattr(found, name)
        if here != there:
            yield Difference(alarm.service, thing, name, _told(here), _told(there))


def _thing(name: str) -> str:
    return f"alarm {name}"


def _told(value: object) -> str:
    match value:
        case tuple():
            return ", ".join(map(str, value)) or "none"
        case Mapping():
            return "; ".join(f"{name} = {text}" for name, text in sorted(value.items()))
        case float():
            return f"{value:g}"
    return str(value)


# ---------------------------------------------------------------- what each line makes


@dataclass(frozen=True)
class _Subject:
    """What an alarm is about."""

    name: str
    service: Service
    file: EnvironmentFile
    meters: Meters

    def alarm(
        self,
        kind: AlarmKind,
        says: str,
        series: Collection[Series],
        formulas: Mapping[str, str],
        bad: Bad,
        threshold: float,
        silence: Silence = Silence.GOOD,
        bad_minutes: int = BAD_MINUTES,
    ) -> StandingAlarm:
        """The last of the formulas is the watched one."""
        foundation = self.meters.foundation
        return StandingAlarm(
            name=alarm_name(foundation.stack, self.name, kind),
            service=self.name,
            text=f"{self.name}: {says}. Kept by Tidegate, as alarms.{kind} of the environment's file says.",
            series=tuple(sorted(series, key=lambda each: each.id)),
            formulas=formulas,
            watched=list(formulas)[-1],
            bad=bad,
            threshold=threshold,
            silence=silence,
            bad_minutes=bad_minutes,
            topics=(foundation.alarm_topic,) if foundation.alarm_topic else (),
        )


def _listed(series: Iterable[Series]) -> str:
    return f"[{', '.join(each.id for each in series)}]"


def _errors(subject: _Subject) -> Iterator[StandingAlarm]:
    bound, meters = subject.file.alarms.errors, subject.meters
    requests = meters.of_requests("requests", "RequestCount", "Sum").values()
    if bound is None or not requests:
        return
    failed = [
        *meters.of_requests("errors", "HTTPCode_Target_5XX_Count", "Sum").values(),
        *meters.of_requests("refused", "TargetConnectionErrorCount", "Sum").values(),
    ]
    formulas = {
        "failed": f"FILL(SUM({_listed(failed)}), 0)",
        "requests": f"SUM({_listed(requests)})",
        "share": f"IF(failed >= {LEAST_ERRORS}, 100 * failed / requests, 0)",
    }
    says = f"more than {bound.max} of the answers are server errors"
    yield subject.alarm(AlarmKind.ERRORS, says, [*requests, *failed], formulas, Bad.ABOVE, float(bound.max.points))


def _latency(kind: AlarmKind, percent: int) -> Callable[[_Subject], Iterator[StandingAlarm]]:
    def made(subject: _Subject) -> Iterator[StandingAlarm]:
        bound = subject.file.alarms.latency_p95 if kind is AlarmKind.LATENCY_P95 else subject.file.alarms.latency_p99
        series = subject.meters.of_requests("latency", "TargetResponseTime", f"p{percent}").values()
        if bound is not None and series:
            seconds = bound.max.total_seconds()
            says = f"more than {100 - percent} of 100 answers take longer than {seconds:g} s"
            yield subject.alarm(kind, says, series, {"slower": f"MAX({_listed(series)})"}, Bad.ABOVE, seconds)

    return made


def _unhealthy_hosts(subject: _Subject) -> Iterator[StandingAlarm]:
    bound = subject.file.alarms.unhealthy_hosts
    series = subject.meters.of_requests("unhealthy", "UnHealthyHostCount", "Maximum").values()
    if bound is not None and series:
        formulas = {"hosts": f"SUM({_listed(series)})"}
        says = f"{bound.max} or more of its tasks fail the load balancer's check"
        yield subject.alarm(AlarmKind.UNHEALTHY_HOSTS, says, series, formulas, Bad.FROM, float(bound.max))


def _tasks(subject: _Subject) -> Iterator[StandingAlarm]:
    """Every running task is one sample of CPU use a minute, whether or not requests come, and no task is none.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html#cw_running_task_count
    A service that its file lets run fewer tasks, by `count` or by `schedule`, is not short of them then; where it may
    run none at all, nobody can tell sleep from death, and it counts as asleep. All five minutes must be bad: a service
    that has just begun has no numbers for those before it.
    """
    bound = subject.file.alarms.tasks
    if bound is None:
        return
    allowed = [subject.service.count.min, *(entry.count for entry in subject.file.schedule)]
    least = min([bound.min, *(count for count in allowed if count)])
    series = subject.meters.of_tasks("tasks", "CPUUtilization", "SampleCount").values()
    formulas = {"running": f"SUM({_listed(series)})"}
    says, silence = f"fewer than {least} of its tasks run", Silence.BAD if all(allowed) else Silence.GOOD
    yield subject.alarm(AlarmKind.TASKS, says, series, formulas, Bad.BELOW, float(least), silence, MINUTES)


def _use(kind: AlarmKind, metric: str, noun: str) -> Callable[[_Subject], Iterator[StandingAlarm]]:
    def made(subject: _Subject) -> Iterator[StandingAlarm]:
        bound = subject.file.alarms.cpu if kind is AlarmKind.CPU else subject.file.alarms.memory
        if bound is not None:
            series = subject.meters.of_tasks(kind, metric, "Average").values()
            says = f"its tasks use more than {bound.max} of their {noun}"
            formulas = {"busier": f"MAX({_listed(series)})"}
            yield subject.alarm(kind, says, series, formulas, Bad.ABOVE, float(bound.max.points))

    return made


_MAKERS: Mapping[AlarmKind, Callable[[_Subject], Iterator[StandingAlarm]]] = {
    AlarmKind.ERRORS: _errors,
    AlarmKind.LATENCY_P95: _latency(AlarmKind.LATENCY_P95, 95),
    AlarmKind.LATENCY_P99: _latency(AlarmKind.LATENCY_P99, 99),
    AlarmKind.UNHEALTHY_HOSTS: _unhealthy_hosts,
    AlarmKind.TASKS: _tasks,
    AlarmKind.MEMORY: _use(AlarmKind.MEMORY, "MemoryUtilization", "memory"),
    AlarmKind.CPU: _use(AlarmKind.CPU, "CPUUtilization", "CPU"),
}

OF_REQUESTS = frozenset({AlarmKind.ERRORS, AlarmKind.LATENCY_P95, AlarmKind.LATENCY_P99, AlarmKind.UNHEALTHY_HOSTS})
"""What only a service with a route can be measured by."""


def _kinds(file: EnvironmentFile, service: Service) -> tuple[AlarmKind, ...]:
    return tuple(kind for kind in _declared(file) if service.route is not None or kind not in OF_REQUESTS)


def _declared(file: EnvironmentFile) -> tuple[AlarmKind, ...]:
    return tuple(kind for kind in AlarmKind if getattr(file.alarms, kind) is not None)


def _alarms(subject: _Subject) -> Iterator[StandingAlarm]:
    for kind in _kinds(subject.file, subject.service):
        yield from _MAKERS[kind](subject)
