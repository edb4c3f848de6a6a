"""What `alarms:` asks for: which alarms, on which numbers, and what differs from what is there."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.alarms import AlarmState, AlarmView, spelled, without_new
from controller.domain.canonical import canonical
from controller.domain.dashboard import Dashboard, note, read_dashboard
from controller.domain.drift import Difference
from controller.domain.names import alarm_name, dashboard_name
from controller.domain.slot import Slot
from controller.domain.standing import (
    Bad,
    Silence,
    Standing,
    StandingAlarm,
    changed,
    declared_names,
    declares,
    differences,
    never_made,
    wanted,
)
from tests.progress.steps import WORKER
from tests.support.builders import FILE, NOON, a_file, a_foundation

PLACE = "captioncraft-dev"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{}-{}/0f"
BALANCED = {"LoadBalancer": "app/captioncraft-dev/1", "TargetGroup": "targetgroup/backend-blue/0f"}
CONTAINED = {"ClusterName": PLACE, "ServiceName": f"{PLACE}-backend-blue"}


def groups(text: str, slots: tuple[Slot, ...] = tuple(Slot)) -> dict[str, dict[Slot, str]]:
    return {name: {slot: GROUP.format(name, slot) for slot in slots} for name in a_file(text).services}


def declared(line: str, text: str = FILE, **foundation: Any) -> Standing:
    text = f"{text}alarms: {{{line}}}\n"
    return wanted(a_file(text), a_foundation(**foundation), groups(text))


def the(kind: str, line: str, text: str = FILE, **foundation: Any) -> StandingAlarm:
    return declared(line, text, **foundation).alarms[f"tidegate-{PLACE}-backend-{kind}"]


@pytest.mark.parametrize(
    ("line", "bad", "threshold", "silence", "formulas", "series"),
    [
        (
            "errors: {max: 0.5%}",
            *(Bad.ABOVE, 0.5, Silence.GOOD),
            {
                "failed": "FILL(SUM([errors_blue, errors_green, refused_blue, refused_green]), 0)",
                "requests": "SUM([requests_blue, requests_green])",
                "share": "IF(failed >= 3, 100 * failed / requests, 0)",
            },
            {
                "errors_blue": ("HTTPCode_Target_5XX_Count", "Sum", BALANCED),
                "refused_blue": ("TargetConnectionErrorCount", "Sum", BALANCED),
                "requests_blue": ("RequestCount", "Sum", BALANCED),
            },
        ),
        (
            "latency_p95: {max: 800ms}",
            *(Bad.ABOVE, 0.8, Silence.GOOD),
            {"slower": "MAX([latency_blue, latency_green])"},
            {"latency_blue": ("TargetResponseTime", "p95", BALANCED)},
        ),
        (
            "latency_p99: {max: 2s}",
            *(Bad.ABOVE, 2.0, Silence.GOOD),
            {"slower": "MAX([latency_blue, latency_green])"},
            {"latency_blue": ("TargetResponseTime", "p99", BALANCED)},
        ),
        (
            "unhealthy_hosts: {max: 1}",
            *(Bad.FROM, 1.0, Silence.GOOD),
            {"hosts": "SUM([unhealthy_blue, unhealthy_green])"},
            {"unhealthy_blue": ("UnHealthyHostCount", "Maximum", BALANCED)},
        ),
        (
            "tasks: {min: 2}",
            *(Bad.BELOW, 2.0, Silence.BAD),
            {"running": "SUM([tasks_blue, tasks_green])"},
            {"tasks_blue": ("CPUUtilization", "SampleCount", CONTAINED)},
        ),
        (
            "memory: {max: 85%}",
            *(Bad.ABOVE, 85.0, Silence.GOOD),
            {"busier": "MAX([memory_blue, memory_green])"},
            {"memory_blue": ("MemoryUtilization", "Average", CONTAINED)},
        ),
        (
            "cpu: {max: 70%}",
            *(Bad.ABOVE, 70.0, Silence.GOOD),
            {"busier": "MAX([cpu_blue, cpu_green])"},
            {"cpu_blue": ("CPUUtilization", "Average", CONTAINED)},
        ),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)
def test_each_line_makes_one_alarm_of_each_service_over_both_slots(
    line: str,
    bad: Bad,
    threshold: float,
    silence: Silence,
    formulas: dict[str, str],
    series: dict[str, tuple[str, str, dict[str, str]]],
) -> None:
    kind = line.partition(":")[0]
    assert sorted(declared(line).alarms) == [f"tidegate-{PLACE}-{name}-{kind}" for name in ("backend", "frontend")]
    alarm = the(kind, line)
    assert (alarm.bad, alarm.threshold, alarm.silence, alarm.formulas) == (bad, threshold, silence, formulas)
    assert (alarm.watched, alarm.bad_minutes, alarm.minutes) == (list(formulas)[-1], 5 if kind == "tasks" else 3, 5)
    blue = {each.id: (each.metric, each.statistic, dict(each.of)) for each in alarm.series if each.id in series}
    assert blue == series
    assert sorted(each.id for each in alarm.series) == sorted(
        name.replace("blue", str(slot)) for name in series for slot in Slot
    )


def test_an_alarm_takes_ten_metrics_at_most_as_cloudwatch_does() -> None:
    every = "errors: {max: 1%}, latency_p95: {max: 1s}, unhealthy_hosts: {max: 1}, tasks: {min: 1}, cpu: {max: 1%}"
    assert max(len(alarm.series) for alarm in declared(every).alarms.values()) <= 10


def test_a_service_without_a_route_has_no_alarms_of_requests() -> None:
    every = "errors: {max: 1%}, latency_p99: {max: 1s}, unhealthy_hosts: {max: 1}, tasks: {min: 1}, memory: {max: 85%}"
    names = declared(every, WORKER).alarms
    assert [name for name in names if "worker" in name] == [
        f"tidegate-{PLACE}-worker-tasks",
        f"tidegate-{PLACE}-worker-memory",
    ]


def test_what_was_never_there_cannot_be_measured_yet() -> None:
    text = f"{FILE}alarms: {{errors: {{max: 1%}}, tasks: {{min: 1}}}}\n"
    found = wanted(a_file(text), a_foundation(), groups(text, slots=()))
    assert sorted(found.alarms) == [f"tidegate-{PLACE}-{name}-tasks" for name in ("backend", "frontend")]
    assert found.dashboard is not None


@pytest.mark.parametrize(
    ("count", "schedule", "least", "silence"),
    [
        ("2", "", 2, Silence.BAD),
        ("1", "", 1, Silence.BAD),
        ("{min: 1, max: 9, cpu: 70%}", "", 1, Silence.BAD),
        ("4", 'schedule: [{at: "20:00", count: 1}]\n', 1, Silence.BAD),
        ("4", 'schedule: [{at: "20:00", count: 0}, {at: "07:00", count: 4}]\n', 2, Silence.GOOD),
    ],
    ids=["as declared", "fewer", "scales", "fewer at night", "none at night"],
)
def test_a_service_is_not_short_of_tasks_that_its_file_lets_go(
    count: str, schedule: str, least: int, silence: Silence
) -> None:
    alarm = the("tasks", "tasks: {min: 2}", FILE.replace("count: 2", f"count: {count}") + schedule)
    assert (alarm.threshold, alarm.silence) == (least, silence)


def test_the_operators_topic_hears_of_it_and_without_one_nobody_does() -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:on-call"
    assert the("cpu", "cpu: {max: 85%}").topics == ()
    assert the("cpu", "cpu: {max: 85%}", alarm_topic=topic).topics == (topic,)


def test_a_file_without_alarms_wants_nothing() -> None:
    found = wanted(a_file(), a_foundation(), groups(FILE))
    assert not declares(a_file()) and (dict(found.alarms), found.dashboard) == ({}, None)
    assert declared_names(a_file(), PLACE) == frozenset()


def test_declared_names_are_those_of_the_alarms() -> None:
    text = f"{WORKER}alarms: {{errors: {{max: 1%}}, tasks: {{min: 1}}}}\n"
    assert declared_names(a_file(text), PLACE) == frozenset(wanted(a_file(text), a_foundation(), groups(text)).alarms)


def test_what_is_declared_and_never_made_is_a_workers_alarms_of_requests() -> None:
    text = f"{WORKER}alarms: {{errors: {{max: 1%}}, unhealthy_hosts: {{max: 1}}, tasks: {{min: 1}}}}\n"
    named = {f"tidegate-{PLACE}-worker-errors", f"tidegate-{PLACE}-worker-unhealthy_hosts"}
    assert never_made(a_file(text), PLACE) == named
    assert never_made(a_file(WORKER), PLACE) == frozenset()


def test_a_service_in_a_pattern_is_none_that_never_has_the_alarm_and_a_name_written_out_is_itself() -> None:
    slots, never = {"backend": Slot.BLUE, "worker": Slot.BLUE}, {"p-worker-errors"}
    assert spelled(["p-{service}-errors"], "dev", slots, never) == ("p-backend-errors",)
    assert spelled(["p-{service}-5xx"], "dev", slots, never) == ("p-backend-5xx", "p-worker-5xx")
    assert spelled(["p-worker-errors"], "dev", slots, never) == ("p-worker-errors",)


def test_names_fit_cloudwatchs_limits() -> None:
    assert len(alarm_name("p" * 128, "s" * 200, "unhealthy_hosts")) == 255
    assert dashboard_name("captioncraft-prod", "eu-west-1") == "tidegate-captioncraft-prod-eu-west-1"


# ---------------------------------------------------------------- what differs


def test_what_is_as_declared_differs_in_nothing() -> None:
    found = declared("errors: {max: 1%}")
    of_nobody = {name: replace(alarm, service="") for name, alarm in found.alarms.items()}
    assert differences(found, Standing(of_nobody, found.dashboard)) == ()


@pytest.mark.parametrize(
    ("change", "field", "is_", "was"),
    [
        ({"threshold": 7.0}, "threshold", "1", "7"),
        ({"silence": Silence.BAD}, "silence", "good", "bad"),
        ({"topics": ("a", "b")}, "topics", "none", "a, b"),
        ({"is_loud": False}, "is_loud", "True", "False"),
        ({"others": "a unit"}, "others", "", "a unit"),
        ({"bad_minutes": 1}, "bad_minutes", "3", "1"),
        ({"formulas": {"share": "1"}}, "formulas", None, "share = 1"),
        ({"series": ()}, "series", None, "none"),
        ({"text": "mine"}, "text", None, "mine"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_field_that_differs_is_named(change: dict[str, Any], field: str, is_: str | None, was: str) -> None:
    should = declared("errors: {max: 1%}")
    name = f"tidegate-{PLACE}-backend-errors"
    there = Standing({**should.alarms, name: replace(should.alarms[name], **change)}, should.dashboard)
    [found] = differences(should, there)
    assert (found.service, found.thing, found.field, found.found) == ("backend", f"alarm {name}", field, was)
    assert is_ is None or found.wanted == is_
    assert [alarm.name for alarm in changed(should, there, "backend")] == [name]
    assert changed(should, there, "frontend") == ()


def test_what_is_missing_differs() -> None:
    should = declared("errors: {max: 1%}")
    told = differences(should, Standing({}, None))
    name = f"tidegate-{PLACE}-backend-errors"
    assert told[0] == Difference("backend", f"alarm {name}", "alarm", "there", "none")
    assert told[-1] == Difference(None, f"dashboard tidegate-{PLACE}-eu-west-1", "dashboard", "there", "none")


def test_what_nobody_declares_any_more_is_a_stray_but_not_that_of_a_dropped_service() -> None:
    both = declared("errors: {max: 1%}, cpu: {max: 85%}")
    should = declared("cpu: {max: 85%}")
    of_another = replace(the("cpu", "cpu: {max: 85%}"), name="tidegate-captioncraft-dev-old-cpu", service="old")
    there = Standing({**both.alarms, of_another.name: of_another}, should.dashboard)
    assert [alarm.service for alarm in should.strays(there)] == ["backend", "frontend"]
    assert {each.wanted for each in differences(should, there)} == {"none"}


def test_where_nothing_is_declared_at_all_nothing_is_left() -> None:
    there = Standing({"x": replace(the("cpu", "cpu: {max: 85%}"), name="x", service="old")}, None)
    assert len(wanted(a_file(), a_foundation(), groups(FILE)).strays(there)) == 1


# ---------------------------------------------------------------- the dashboard


def body(text: str = FILE) -> dict[str, Any]:
    found = declared("errors: {max: 1%}", text).dashboard
    assert found is not None and found.body == canonical(json.loads(found.body))
    shown: dict[str, Any] = json.loads(found.body)
    return shown


def test_it_shows_both_slots_of_every_service_and_the_state_of_every_alarm() -> None:
    widgets = body()["widgets"]
    titles = [each["properties"].get("title", "") for each in widgets]
    of_each = ["requests a minute", "errors a minute", "time to the answer", "hosts"]
    of_each += ["running tasks", "use of what is reserved"]
    named = [f"{name}: {title}" for name in ("backend", "frontend") for title in of_each]
    assert titles == ["", "alarms", *named]
    assert note(PLACE) in widgets[0]["properties"]["markdown"]
    assert [arn.rpartition(":")[2] for arn in widgets[1]["properties"]["alarms"]] == [
        f"tidegate-{PLACE}-{name}-errors" for name in ("backend", "frontend")
    ]
    [shares] = [each["properties"]["metrics"] for each in widgets if each["properties"].get("title") == named[0]]
    assert [row[-1]["label"] for row in shares] == [
        "requests blue",
        "requests green",
        "share of blue",
        "share of green",
    ]
    assert shares[2][0]["expression"] == "100 * requests_blue / SUM([requests_blue, requests_green])"


def test_no_widget_lies_on_another() -> None:
    taken = set()
    for each in body()["widgets"]:
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert not taken & cells and each["x"] + each["width"] <= 24
        taken |= cells


def test_fifty_services_fit_into_what_cloudwatch_takes() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""
    head, entry = FILE.split("services:\n")
    entry = entry.split("  frontend:")[0]
    many = "".join(entry.replace("backend:", f"backend-{n}:").replace("/api/*", f"/api/{n}/*") for n in range(50))
    every = "errors: {max: 1%}, latency_p95: {max: 1s}, latency_p99: {max: 1s}, unhealthy_hosts: {max: 1},"
    every += " tasks: {min: 1}, memory: {max: 1%}, cpu: {max: 1%}"
    found = declared(every, f"{head}services:\n{many}")
    assert found.dashboard is not None and len(found.alarms) == 350
    widgets = json.loads(found.dashboard.body)["widgets"]
    metrics = [each["properties"]["metrics"] for each in widgets if each["type"] == "metric"]
    assert len(widgets) <= 500 and max(map(len, metrics)) <= 500 and sum(map(len, metrics)) <= 2500
    assert {len(each["properties"]["alarms"]) for each in widgets if each["type"] == "alarm"} == {100, 50}


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"widgets": [{"type": "text", "properties": {}}]}'])
def test_a_dashboard_that_does_not_say_so_is_not_ours(text: str) -> None:
    assert not read_dashboard("x", text, PLACE).is_ours


def test_its_own_body_is_read_as_ours_and_that_of_another_place_is_not() -> None:
    found = declared("errors: {max: 1%}").dashboard
    assert found is not None and read_dashboard(found.name, found.body, PLACE) == found
    assert not read_dashboard(found.name, found.body, "captioncraft-prod").is_ours


def test_a_widget_that_differs_is_named_by_its_title() -> None:
    should = declared("errors: {max: 1%}")
    assert should.dashboard is not None
    widgets = json.loads(should.dashboard.body)["widgets"]
    fewer = replace(should.dashboard, body=canonical({"widgets": widgets[:-1]}))
    [told] = differences(should, Standing(should.alarms, fewer))
    assert (told.service, told.field, told.found) == (None, "frontend: use of what is reserved", "none")
    wider = replace(should.dashboard, body=canonical({"widgets": [{**widgets[0], "width": 3}, *widgets[1:]]}))
    [told] = differences(should, Standing(should.alarms, wider))
    assert (told.field, told.found) == ("note", "changed")


def test_somebody_elses_dashboard_is_in_the_way_only_where_one_is_wanted() -> None:
    theirs = Dashboard(f"tidegate-{PLACE}-eu-west-1", "{}", is_ours=False)
    should = declared("errors: {max: 1%}")
    [told] = differences(should, Standing(should.alarms, theirs))
    assert told.found == "somebody else's"
    assert differences(Standing(), Standing({}, theirs)) == ()


# ---------------------------------------------------------------- watching a declared alarm


def test_a_declared_alarm_says_nothing_before_it_was_evaluated_once() -> None:
    quiet = AlarmView("a", AlarmState.NO_DATA, NOON)
    rings = AlarmView("b", AlarmState.RINGING, NOON + timedelta(minutes=1))
    found = {"a": quiet, "b": rings, "c": None, "mine": None, "silent": replace(quiet, name="silent")}
    assert without_new(found, {"a", "b", "c"}) == {"b": rings, "mine": None, "silent": found["silent"]}
