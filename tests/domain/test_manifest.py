import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from controller.domain.errors import Rejected
from controller.domain.manifest import (
    BlueGreen,
    Canary,
    Count,
    EnvironmentFile,
    Health,
    HttpCheck,
    Percent,
    Rolling,
    Service,
    TaskCheck,
    environment_schema,
    format_duration,
    from_normal_form,
    is_tag,
    normal_form,
    parse_duration,
    read_environment,
    render_tag,
    unbuilt,
)
from controller.domain.manifest.tree import plant
from controller.domain.manifest.values import parse_percent
from controller.domain.manifest.windows import Span, parse_span
from tests.support.builders import a_revision

SMALL = """\
environment: dev
branch: develop
services:
  backend:
    image: {repository: captioncraft-backend, tag: "{branch}-{sha}"}
    route: {path: /api/*}
    port: 8000
  cleaner:
    image: {repository: captioncraft-cleaner, tag: v3}
"""


def read(text: str) -> EnvironmentFile:
    return read_environment(text, "environments/dev.yaml")


def read_with(line: str) -> EnvironmentFile:
    """The small file with one more line at the top."""
    return read(f"{line}\n{SMALL}")


def backend_with(line: str) -> Service:
    """The backend with one more line."""
    return read(SMALL.replace("    port: 8000", f"    port: 8000\n    {line}")).services["backend"]


# ---------------------------------------------------------------- what a file means


def test_a_small_file_gets_the_defaults_of_the_reference() -> None:
    file = read(SMALL)

    assert (file.on, file.drift, file.url, file.verify, file.schedule) == ("push", "report", None, (), ())
    assert file.strategy == Rolling(type="rolling", max=200)
    assert file.rollback.automatic
    assert file.services["backend"].count == Count(min=1, max=1)
    assert file.services["backend"].health == Health(path="/health")
    assert file.services["backend"].deregistration_delay == timedelta(seconds=30)


def test_a_service_without_a_route_is_a_worker_without_a_check() -> None:
    cleaner = read(SMALL).services["cleaner"]

    assert (cleaner.route, cleaner.health, cleaner.port) == (None, None, None)


def test_services_keep_the_order_of_the_file() -> None:
    names = ["zebra", "ant", "moth"]
    text = "".join(f"  {name}: {{image: {{repository: ab, tag: x}}}}\n" for name in names)

    assert list(read(f"environment: dev\nbranch: develop\nservices:\n{text}").services) == names


def test_a_plain_count_is_minimum_and_maximum_at_once() -> None:
    count = backend_with("count: 4").count

    assert (count.min, count.max, count.autoscaled) == (4, 4, False)


def test_a_count_without_a_maximum_does_not_scale() -> None:
    assert backend_with("count: {min: 3}").count.max == 3


def test_an_autoscaled_count_says_so() -> None:
    count = backend_with("count: {min: 2, max: 15, cpu: 70%, cooldown: {out: 10s, in: 20s}}").count

    assert count.autoscaled
    assert count.cpu == Percent(Decimal(70))
    assert (count.cooldown.out, count.cooldown.in_) == (timedelta(seconds=10), timedelta(seconds=20))


def test_one_path_and_a_list_of_paths_are_written_alike() -> None:
    routes = [read(SMALL.replace("/api/*", paths)).services["backend"].route for paths in ("/a", "[/a, /b]")]

    assert [route and route.path for route in routes] == [("/a",), ("/a", "/b")]


def test_rolling_keeps_nothing_warm_and_the_others_do() -> None:
    assert read(SMALL).rollback.keep_warm == timedelta(0)
    assert read_with("strategy: {type: rolling}\nrollback: {hold: next_commit}").rollback.keep_warm == timedelta(0)
    assert read_with("strategy: {type: blue_green}").rollback.keep_warm == timedelta(minutes=30)


def test_each_strategy_is_a_shape_of_its_own() -> None:
    canary = read_with(
        "strategy: {type: canary, steps: [{weight: 5, bake: 1m, confirm: true}, {weight: 100}]}"
    ).strategy
    blue_green = read_with("strategy: {type: blue_green, bake: 7m}").strategy

    assert isinstance(canary, Canary)
    assert [(step.weight, step.bake, step.confirm) for step in canary.steps] == [
        (5, timedelta(minutes=1), True),
        (100, timedelta(0), False),
    ]
    assert isinstance(blue_green, BlueGreen)
    assert blue_green.bake == timedelta(minutes=7)


def test_verification_is_by_request_or_by_task() -> None:
    file = read_with("verify: [{path: /ready}, {task: cleaner, command: [python, -V]}]")

    request, task = file.verify
    assert isinstance(request, HttpCheck)
    assert (request.path, request.status, request.within) == ("/ready", 200, timedelta(seconds=2))
    assert isinstance(task, TaskCheck)
    assert (task.task, task.command, task.timeout) == ("cleaner", ("python", "-V"), timedelta(minutes=10))


def test_gates_left_out_are_not_asked() -> None:
    assert all(gate is None for _, gate in read(SMALL).gates)


def test_keys_that_python_reserves_have_an_underscore() -> None:
    soak = read_with("gates: {soak: {environment: staging, for: 45m}}").gates.soak

    assert soak is not None
    assert soak.for_ == timedelta(minutes=45)


def test_values_cannot_be_changed() -> None:
    file = read(SMALL)

    with pytest.raises(ValidationError):
        file.branch = "main"  # type: ignore[misc]
    with pytest.raises(TypeError):
        file.services["other"] = file.services["backend"]  # type: ignore[index]


# ---------------------------------------------------------------- YAML's surprises


@pytest.mark.parametrize(
    "text", ["yes", "no", "off", "08:00", "0123", "1_000", "2026-01-01", "1:30:00", "0x1F", "=", "NO"]
)
def test_what_older_yaml_changes_stays_the_text_that_was_written(text: str) -> None:
    assert backend_with(f"env: {{KEY: {text}}}").env["KEY"] == text


def test_on_is_a_key_and_not_a_truth() -> None:
    assert read_with("on: release").on == "release"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(ending: str) -> None:
    assert read(SMALL.replace("\n", ending)) == read(SMALL)


def test_json_is_read_as_well() -> None:
    text = '{"environment": "dev", "branch": "develop", "services": {"a": {"image": {"repository": "ab", "tag": "x"}}}}'

    assert read(text).environment == "dev"


def test_text_over_several_lines_is_read_as_yaml_says() -> None:
    assert backend_with("env:\n      KEY: |\n        a\n        b\n").env["KEY"] == "a\nb\n"


# ---------------------------------------------------------------- small values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), (0, 0), ("0s", 0), ("500ms", 0.5), ("30s", 30), ("1h30m", 5400), ("24h", 86400), ("30d", 2592000)],
)
def test_times_are_numbers_with_units(text: object, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "5", "5 m", "m5", "1.5h", "30s5m", "-1s", "٣s", "1w", "99999999d", None, True, 5]
)
def test_other_times_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match="wanted"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "500ms", "1m30s", "1h30m", "2d", "1d1ms"])
def test_a_time_is_written_as_it_was_read(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


def test_shares_are_exact() -> None:
    assert parse_percent("0.1%").fraction == Decimal("0.001")
    assert parse_percent("1%") < parse_percent("1.5%")
    assert [str(parse_percent(text)) for text in ("0%", "0.50%", "100%", "70%")] == ["0%", "0.5%", "100%", "70%"]


@pytest.mark.parametrize("text", ["1", "101%", "-1%", "100.1%", "1e1%", "%", " 1%", 0.5, None])
def test_other_shares_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match="wanted"):
        parse_percent(text)


def test_windows_may_run_over_the_end_of_the_week_and_to_midnight() -> None:
    assert parse_span("Sat-Mon 22:00-24:00") == Span(days=(0, 5, 6), opens=1320, closes=1440)


@pytest.mark.parametrize(
    "text", ["Mon-Thu 08:00-16:00", "Mon,Wed 00:00-24:00", "Mon-Sun 12:30-12:31", "Fri,Sat 01:00-02:00"]
)
def test_a_window_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_span(text)) == text


def test_a_tag_is_filled_in_with_what_a_tag_can_hold() -> None:
    assert render_tag("{branch}-{sha}", branch="feature/größe", commit="ab12") == "feature-gr--e-ab12"
    assert render_tag("v{version}", branch="main", commit="ab12", version="1.2.0") == "v1.2.0"


def test_a_version_is_put_in_as_it_is_and_may_be_no_tag() -> None:
    tags = {
        version: render_tag("{version}", branch="main", commit="ab12", version=version) for version in ("1.2", "a/b")
    }
    assert {tag: is_tag(tag) for tag in tags.values()} == {"1.2": True, "a/b": False}
    assert [is_tag(text) for text in ("x" * 128, "x" * 129, ".x", "1+2", "")] == [True, False, False, False, False]


def test_a_tag_that_needs_a_version_is_never_made_without_one() -> None:
    with pytest.raises(AssertionError, match="release"):
        render_tag("{version}", branch="main", commit="ab12")


# ---------------------------------------------------------------- round trips


@pytest.mark.parametrize("line", ["", "strategy: {type: blue_green}", "verify: [{task: cleaner, command: [a]}]"])
def test_the_normal_form_says_everything_and_reads_back_as_the_same_value(line: str) -> None:
    file = read_with(line)
    form = normal_form(file)

    assert from_normal_form(form) == file
    assert form["services"]["backend"]["health"]["interval"] == "10s"
    assert form["services"]["cleaner"]["health"] is None


def test_two_spellings_of_one_meaning_have_one_normal_form() -> None:
    one = read_with("rollback: {keep_warm: 90s}\nstrategy: {type: blue_green, bake: 300s}")
    other = read_with("strategy: {bake: 5m, type: blue_green}\nrollback: {automatic: true, keep_warm: 1m30s}")

    assert normal_form(one) == normal_form(other)


# ---------------------------------------------------------------- what is not built yet


@dataclass(frozen=True)
class Named:
    line: str
    key: str


IN_SERVICES = [
    Named("task: {health: {command: [a]}}", "services.backend.task.health"),
]

BUILT = """\
notify: {slack: "#deploys"}
on: release
paths: {ignore: ["*.md"]}
url: https://example.com
strategy: {type: blue_green, bake: 1m}
gates: {approval: {count: 2, exclude_author: all}}
rollback: {automatic: false, keep_warm: 5m, hold: next_commit}
verify: [{path: /ready}, {task: backend, command: [a]}]
watch: {metrics: {errors: {max: 1%, against: live}, latency_p95: {max: 800ms}}}
alarms: {errors: {max: 1%}, latency_p95: {max: 1s}, tasks: {min: 2}}
"""


@pytest.mark.parametrize("named", IN_SERVICES, ids=lambda named: named.line)
def test_what_is_not_built_of_a_service_names_the_service(named: Named) -> None:
    text = SMALL.replace("    port: 8000", f"    port: 8000\n    {named.line}")

    assert [entry.key for entry in unbuilt(read(text))] == [named.key]


def test_what_is_built_is_not_called_unbuilt() -> None:
    service = "count: 3\n    health: {interval: 5s, timeout: 2s}\n    env: {A: b}\n    smoke: [{path: /a}]"
    service += "\n    before: {command: [a]}"
    text = BUILT + SMALL.replace("    port: 8000", f"    port: 8000\n    {service}\n    logs: {{retention: 7d}}")

    assert unbuilt(read(text)) == ()


# ---------------------------------------------------------------- the schema


def editor_complaints(text: str) -> list[Any]:
    return list(Draft202012Validator(environment_schema()).iter_errors(plant(text, "").value))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(environment_schema())


def test_the_patterns_of_the_schema_are_those_of_every_editor() -> None:
    patterns = re.findall(r'"pattern": "(.*?)(?<!\\)"', json.dumps(environment_schema()))

    assert patterns
    for pattern in patterns:
        assert not re.search(r"\(\?(?![:=!])|\\\\[AZzpP\"'-]", pattern), f"{pattern} is Python's own dialect"


@pytest.mark.parametrize("line", BUILT.splitlines())
def test_the_schema_takes_whatever_is_valid(line: str) -> None:
    assert editor_complaints(f"{line}\n{SMALL}") == []


@pytest.mark.parametrize(
    "line",
    ["gate: {}", "strategy: {type: blue}", "rollback: {keep_warm: 5}", "watch: {metrics: {errors: {max: 1}}}",
     "services: {Bad Name: {image: {repository: ab, tag: x}}}", "gates: {approval: {count: 0}}"],
)  # fmt: skip
def test_the_schema_shows_an_editor_what_is_wrong_in_itself(line: str) -> None:
    text = line if line.startswith("services") else f"{line}\n{SMALL}"

    assert editor_complaints(f"environment: dev\nbranch: develop\n{text}" if text is line else text) != []
    with pytest.raises(Rejected):
        read(text)


def test_turns_of_one_minute_on_other_days_are_fine() -> None:
    night = "schedule: [{at: '20:00', days: Mon-Thu, count: 1}, {at: '20:00', days: Fri, count: 0}]\n"
    assert len(read_environment(f"{SMALL}{night}", "dev.yaml").schedule) == 2


def test_what_was_taken_once_stays_readable_when_new_files_are_asked_for_more() -> None:
    """What is live was recorded by an earlier Tidegate, and a later one must be able to go on with it."""
    text = SMALL.replace("  cleaner:\n", "  cleaner:\n    count: 0\n")
    with pytest.raises(Rejected, match="at least 1"):
        read_environment(text, "dev.yaml")
    assert replace(a_revision(), text=text).file.services["cleaner"].count.min == 0


def test_a_bound_that_was_taken_once_stays_readable() -> None:
    text = f"{SMALL}alarms: {{unhealthy_hosts: {{max: 0}}, tasks: {{min: 0}}, errors: {{max: 100%}}}}\n"
    with pytest.raises(Rejected, match="1 to 1000"):
        read_environment(text, "dev.yaml")
    assert replace(a_revision(), text=text).file.alarms.unhealthy_hosts is not None


def test_any_share_of_errors_is_fine_where_they_are_compared_with_the_live_version() -> None:
    watched = "strategy: {type: blue_green}\nwatch: {metrics: {errors: {max: 100%, against: live}}}\n"
    assert read_environment(f"{SMALL}{watched}", "dev.yaml").watch.metrics.errors is not None
