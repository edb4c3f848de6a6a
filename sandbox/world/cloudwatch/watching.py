"""Alarms looked at again and again, as long as there are any, and composites as soon as a child has changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from sandbox.world.cloudwatch import history, reasons
from sandbox.world.cloudwatch.evaluation import COMPARISONS, MORE, Terms, judge
from sandbox.world.cloudwatch.model import Alarm, State, alarms, now, seconds
from sandbox.world.cloudwatch.queries import Answers, Query, queries_of
from sandbox.world.cloudwatch.reasons import Point
from sandbox.world.cloudwatch.rules import rule_of
from sandbox.world.place import Place

OFTEN, SELDOM = 10, 60
"""How often alarms are looked at whose period is under a minute, and all others: in AWS's seconds.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html"""
SOON_SECONDS = 1.0
"""After so long is a composite alarm that was made or changed looked at."""


def follow(place: Place) -> None:
    """Have a timer for each pace at which an alarm is looked at, and no other."""
    paces = {pace(each) for each in alarms(place).values() if each.kind == "MetricAlarm"}
    timers = place.world.alarm_timers
    for each in (OFTEN, SELDOM):
        key = place.account, place.region, each
        if each in paces and key not in timers:
            timers[key] = place.after(_until_next(place, each), partial(_look, place, each))
        elif each not in paces and key in timers:
            timers.pop(key).cancel()


def _until_next(place: Place, pace: int) -> float:
    """AWS's seconds until the next whole pace: then a period is over, and nobody waits for half of another one."""
    passed = now(place) % seconds(place, pace)
    return pace * (1 - passed / seconds(place, pace))


def pace(alarm: Alarm) -> int:
    periods = [query.period for query in queries(alarm) if query.metric is not None]
    return OFTEN if min(periods) < SELDOM else SELDOM


def queries(alarm: Alarm) -> list[Query]:
    settings = alarm.settings
    if "Metrics" in settings:
        return queries_of(settings["Metrics"])
    statistic = settings.get("Statistic") or settings["ExtendedStatistic"]
    return [Query("m1", "", True, "", settings, statistic, settings["Period"], settings.get("Unit"))]


def _look(place: Place, whose: int) -> None:
    """Evaluate all alarms of one pace."""
    place.world.alarm_timers.pop((place.account, place.region, whose))
    follow(place)
    for _, alarm in sorted(alarms(place).items()):
        if alarm.kind == "MetricAlarm" and pace(alarm) == whose:
            _evaluate(place, alarm)


def _evaluate(place: Place, alarm: Alarm) -> None:
    terms = terms_of(alarm.settings)
    period, begins, points = _points(place, alarm, terms.periods + MORE)
    verdict = judge([value for _, value in points], terms)
    if verdict.state is None or verdict.state == alarm.state:
        return
    judged: list[Point] = [(time, value) for time, value in (points[at] for at in verdict.points) if value is not None]
    reason = reasons.of_points(alarm, terms, verdict, judged)
    change(place, alarm, verdict.state, reason, reasons.data_of_points(alarm, period, begins, judged, place.now()))


def terms_of(settings: dict[str, Any]) -> Terms:
    compare, threshold = COMPARISONS[settings["ComparisonOperator"]], settings["Threshold"]
    periods = settings["EvaluationPeriods"]
    wanted = settings.get("DatapointsToAlarm", periods)
    return Terms(periods, wanted, lambda value: compare(value, threshold), settings.get("TreatMissingData", "missing"))


def _points(place: Place, alarm: Alarm, count: int) -> tuple[int, int, list[tuple[int, float | None]]]:
    """The period, where the first one begins, and the newest complete periods, oldest first.

    Periods of a minute and more end with the last minute, shorter ones with themselves.
    """
    asked = queries(alarm)
    period = max(query.period for query in asked if query.metric is not None)
    step, width = seconds(place, period), seconds(place, min(period, SELDOM))
    at = now(place)
    ends = at - at % width
    begins = ends - step * count
    returned = next(query.id for query in asked if query.is_returned)
    series = Answers(place, asked, begins, ends)[returned]
    return period, begins, [(time, series.points.get(time)) for time in range(begins, ends, step)]


def change(
    place: Place, alarm: Alarm, state: State, reason: str, reason_data: str = "", path: Sequence[str] = ()
) -> None:
    """Let an alarm have a state, and every composite alarm above it follow.

    `path` are the alarms whose change led here: one that would lead to itself is left alone, as on AWS.
    """
    if not history.transition(place, alarm, state, reason, reason_data):
        return
    for parent in parents(place, alarm.name):
        if parent.name not in (*path, alarm.name):
            settle(place, parent, reasons.of_child(alarm), (*path, alarm.name))


def parents(place: Place, name: str) -> list[Alarm]:
    """The composite alarms whose rules name an alarm."""
    known = alarms(place)
    return [
        known[each]
        for each in sorted(known)
        if known[each].kind == "CompositeAlarm" and name in rule_of(known[each].settings["AlarmRule"]).children
    ]


def settle(place: Place, alarm: Alarm, reason: str, path: Sequence[str] = ()) -> None:
    """Give a composite alarm the state that its rule calls for."""
    known = alarms(place)
    children = [known[name] for name in rule_of(alarm.settings["AlarmRule"]).children]
    change(place, alarm, called_for(place, alarm), reason, reasons.data_of_children(children), path)


def called_for(place: Place, alarm: Alarm) -> State:
    """By a composite alarm's rule."""
    known = alarms(place)
    return "ALARM" if rule_of(alarm.settings["AlarmRule"]).holds(lambda name: known[name].state) else "OK"


def settle_soon(place: Place, alarm: Alarm, verb: str) -> None:
    """A composite alarm was `created` or `updated`."""

    def look() -> None:
        if alarms(place).get(alarm.name) is alarm:
            settle(place, alarm, reasons.of_rule(alarm, called_for(place, alarm), verb))

    place.after(SOON_SECONDS, look)
