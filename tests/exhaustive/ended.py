"""What a story leaves behind: everything that lasts, in words that do not depend on when it happened."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from controller.domain.deployment import Deployment, Kind
from controller.loop.anchoring import ANCHOR
from sandbox.world.ports import ContainerLaunch
from sandbox.world.view import Condition, FixedResponse, Forward, Redirect
from tests.exhaustive.play import Play
from tests.support.outside import PLACE


@dataclass(frozen=True)
class End:
    """Two runs of one story are compared by this."""

    deployments: tuple[tuple[Any, ...], ...]
    """Without those that put drift right: how many there are is told apart."""
    corrections: int
    drift: tuple[str, ...]
    live: int | None
    recorded: str | None
    hold: tuple[Any, ...] | None
    quarantines: tuple[Any, ...]
    trouble: tuple[str | None, str | None]
    orders: tuple[tuple[Any, ...], ...]
    deliveries: frozenset[str]
    """The states that there are: how many were accepted is up to who sends."""
    rules: tuple[Any, ...]
    groups: tuple[Any, ...]
    services: tuple[Any, ...]
    scaling: tuple[Any, ...]
    definitions: Mapping[str, int]
    log_groups: tuple[str, ...]
    alarms: tuple[Any, ...]
    dashboards: tuple[str, ...]
    tasks: Mapping[str, int]
    commands: Mapping[str, int]
    """How many tasks of each command were ever started."""
    runs: tuple[Any, ...]
    told: tuple[str, ...]


def _unnumbered(kind: str, key: str) -> str:
    """Without the row's version, which counts what was written and not what happened."""
    return key.rpartition(":")[0] if kind in {"progress", "environment"} else key


def ended(play: Play) -> End:
    environment = play.environment
    with play.store.read() as unit:
        deployments = unit.deployments.page("dev", limit=100).items
    hold = environment.hold
    return End(
        deployments=tuple(
            (each.id, str(each.kind), str(each.phase), each.reason.code, each.revision.commit.sha[-4:])
            for each in sorted(deployments, key=lambda one: one.number)
            if each.kind is not Kind.CORRECT
        ),
        corrections=sum(each.kind is Kind.CORRECT for each in deployments),
        drift=tuple(each.difference.told for each in environment.drift.found),
        live=environment.live,
        recorded=environment.recorded,
        hold=(hold.reason.code, str(hold.until), hold.deployment) if hold else None,
        quarantines=tuple((one.deployment, sorted(one.contents.items())) for one in environment.quarantines),
        trouble=tuple(one.code if one else None for one in (environment.problem, environment.trouble)),  # type: ignore[arg-type]
        orders=tuple(play.rows("SELECT kind, coalesce(deployment, ''), state FROM orders ORDER BY id")),
        deliveries=frozenset(state for (state,) in play.rows("SELECT DISTINCT state FROM deliveries")),
        rules=tuple(_rules(play)),
        groups=tuple(_groups(play)),
        services=tuple(_services(play)),
        scaling=tuple(_scaling(play)),
        definitions=_definitions(play),
        log_groups=_log_groups(play),
        alarms=tuple(_alarms(play)),
        dashboards=tuple(each["DashboardName"] for each in _dashboards(play)),
        tasks=Counter(launch.containers[0].digest for launch in play.outside.runtime.running),
        commands=Counter(" ".join(first.command) for first in _first_containers(play) if first.command),
        runs=tuple(play.rows("SELECT environment, number, service, state FROM runs ORDER BY seq")),
        told=tuple(
            sorted(
                {
                    _unnumbered(kind, key)
                    for kind, key, _ in play.told
                    if kind != ANCHOR and not _is_of_drift(key, deployments)
                }
            )
        ),
    )


def _is_of_drift(key: str, deployments: Sequence[Deployment]) -> bool:
    of = {each.id for each in deployments if each.kind is Kind.CORRECT}
    return ":drift." in key or key.partition(":")[0] in of


def _first_containers(play: Play) -> Iterator[ContainerLaunch]:
    return (launch.containers[0] for launch in play.outside.runtime.launches)


def _alarms(play: Play) -> Iterator[tuple[Any, ...]]:
    """What they are set to; their states come and go."""
    for each in play.outside.look("cloudwatch", "DescribeAlarms", MaxRecords=100)["MetricAlarms"]:
        formulas = [query["Expression"] for query in each.get("Metrics", []) if "Expression" in query]
        yield each["AlarmName"], each["Threshold"], len(each.get("Metrics", [])), *formulas


def _dashboards(play: Play) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = play.outside.look("cloudwatch", "ListDashboards")["DashboardEntries"]
    return found


def differences(found: End, wanted: End) -> list[str]:
    told = []
    for each in fields(End):
        a, b = getattr(found, each.name), getattr(wanted, each.name)
        if each.name == "deliveries" and a <= b:
            continue  # one that was never accepted is not there
        if a != b:
            told.append(f"END {each.name}: {_apart(a, b)}, undisturbed {_apart(b, a)}")
    return told


def _apart(a: Any, b: Any) -> Any:
    """Only what the other one lacks, where both are lists."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return [each for each in a if each not in b]
    return a


def _rules(play: Play) -> Iterator[Any]:
    aws = play.outside.aws
    for rule in aws.traffic.rules(play.outside.listener):
        conditions = sorted(_condition(one) for one in rule.conditions)
        yield rule.priority, conditions, _action(play, rule.action)


def _condition(condition: Condition) -> tuple[Any, ...]:
    values = ("a secret",) if condition.field == "header" else condition.values
    return condition.field, condition.name, values, condition.pairs


def _action(play: Play, action: Forward | FixedResponse | Redirect) -> Any:
    if not isinstance(action, Forward):
        return str(action)
    groups = ((play.outside.aws.traffic.group(one.group_arn), one.weight) for one in action.groups)
    return tuple((group.name if group else "gone", weight) for group, weight in groups), action.stickiness_seconds


def _groups(play: Play) -> Iterator[Any]:
    for group in play.outside.look("elbv2", "DescribeTargetGroups").get("TargetGroups", []):
        shown = play.outside.look("elbv2", "DescribeTargetHealth", TargetGroupArn=group["TargetGroupArn"])
        attributes = play.outside.look(
            "elbv2", "DescribeTargetGroupAttributes", TargetGroupArn=group["TargetGroupArn"]
        )["Attributes"]
        settings = sorted((key, str(value)) for key, value in group.items() if not key.endswith(("Arn", "Arns")))
        states = Counter(one["TargetHealth"]["State"] for one in shown["TargetHealthDescriptions"])
        yield group["TargetGroupName"], settings, dict(states), sorted((one["Key"], one["Value"]) for one in attributes)


def _scaling(play: Play) -> Iterator[Any]:
    """What scales, whatever makes it."""
    for operation, what in (
        ("DescribeScalableTargets", "ScalableTargets"),
        ("DescribeScalingPolicies", "ScalingPolicies"),
        ("DescribeScheduledActions", "ScheduledActions"),
    ):
        for shown in play.outside.look("application-autoscaling", operation, ServiceNamespace="ecs")[what]:
            lasting = {key: str(value) for key, value in shown.items() if not key.endswith(("ARN", "Time", "Alarms"))}
            yield what, sorted(lasting.items())


def _services(play: Play) -> Iterator[Any]:
    names = play.outside.look("ecs", "ListServices", cluster=PLACE, maxResults=100)["serviceArns"]
    for at in range(0, len(names), 10):
        shown = play.outside.look("ecs", "DescribeServices", cluster=PLACE, services=names[at : at + 10])["services"]
        for one in shown:
            runs = _definition(play, one["taskDefinition"])
            if one["desiredCount"] or one["runningCount"]:  # one that is empty is as good as none
                yield one["serviceName"], one["status"], runs, one["desiredCount"], one["runningCount"]


def _definition(play: Play, arn: str) -> tuple[Any, ...]:
    """Without its number: of two that are alike either will do."""
    shown = play.outside.look("ecs", "DescribeTaskDefinition", taskDefinition=arn)["taskDefinition"]
    unlike = {"taskDefinitionArn", "revision", "registeredAt"}
    return tuple(sorted((key, str(value)) for key, value in shown.items() if key not in unlike))


def _log_groups(play: Play) -> tuple[str, ...]:
    shown = play.outside.look("logs", "DescribeLogGroups")["logGroups"]
    return tuple(sorted(f"{one['logGroupName']} {one.get('retentionInDays')}" for one in shown))


def _definitions(play: Play) -> Mapping[str, int]:
    shown = play.outside.look("ecs", "ListTaskDefinitions", maxResults=100)["taskDefinitionArns"]
    return Counter(arn.rpartition("/")[2].rpartition(":")[0] for arn in shown)
