"""A table of mistakes: each is one edit of a good file, and what its author reads."""

from dataclasses import dataclass

import pytest

from controller.domain.errors import Rejected
from controller.domain.manifest import Problem, read_environment

GOOD = """\
environment: prod
branch: main
url: https://captions.example.com
gates: {}
strategy: {type: blue_green, bake: 5m}
rollback: {keep_warm: 30m}
verify: []
services:
  backend:
    image: {repository: captioncraft-backend, tag: "{branch}-{sha}"}
    route: {path: /api/*}
    port: 8000
    task: {cpu: 512, memory: 1024}
    count: 2
    health: {path: /health}
    env: {LOG_LEVEL: info}
    secrets: {}
  frontend:
    image: {repository: captioncraft-frontend, promote: staging}
    route: {path: /*}
    port: 8080
"""


@dataclass(frozen=True)
class Slip:
    """`old` becomes `new` in the good file; the one problem stands on `line` at `key` and says all of `words`."""

    old: str
    new: str
    line: int
    key: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.key} {self.new[:40]!r}"


def slip(old: str, new: str, line: int, key: str, *words: str) -> Slip:
    return Slip(old, new, line, key, words)


_TASK = "task: {cpu: 512, memory: 1024}"
_HEALTH = "health: {path: /health}"
_STRATEGY = "strategy: {type: blue_green, bake: 5m}"
_TAG = 'tag: "{branch}-{sha}"'
_B = "services.backend"
_F = "services.frontend"

SHAPES = [
    slip("branch: main", "branch: main\nbranch: main", 3, "branch", "the key again", "line 2"),
    slip("gates: {}", "gates: &g {}", 4, "gates", "an anchor or alias", "written out"),
    slip("gates: {}", "gates: !!map {}", 4, "gates", "a tag"),
    slip("gates: {}", "gates: ! {}", 4, "gates", "a tag"),
    slip("LOG_LEVEL: info", r'LOG_LEVEL: "\ud800"', 16, "services.backend.env.LOG_LEVEL", "half of a character"),
    slip("LOG_LEVEL: info", r'LOG_LEVEL: "\U99999999"', 1, "", "an escape that is no character"),
    slip("gates: {}", "gates:\n\tchecks: 1", 5, "", "a tab", "spaces"),
    slip("gates: {}", "gates: {", 6, "", "closing bracket"),
    slip("gates: {}", "gates: a: b", 4, "", "a second `:`"),
    slip("gates: {}", "7: {}", 4, "", "a key that is not text", "quotes"),
    slip("gates: {}", "? [a]\n: b", 4, "", "a key that is not text"),
    slip("gates: {}", "<<: {}", 4, "", "a merge key"),
    slip("gates: {}", "gates:", 4, "gates", "found nothing", "a mapping"),
    slip("gates: {}", "gates: []", 4, "gates", "found a list", "a mapping"),
    slip("verify: []", "verify: {}", 7, "verify", "found a mapping", "a list"),
    slip("verify: []", "verify: []\n---\na: b", 8, "", "a second document"),
    slip("verify: []", "verify: " + "[" * 30, 7, "", "more than 20 levels"),
    slip("environment: prod", "%YAML 1.1\n---\nenvironment: prod", 2, "", "a directive"),
    slip("environment: prod", "environment: 'prod", 22, "", "a quoted text that is broken off"),
    slip("environment: prod", "environment: @prod", 1, "", "special character", "quotes"),
    slip("environment: prod", "environment: pr\x00d", 1, "", "a control character"),
]

NAMES = [
    slip("environment: prod", "enviroment: prod", 1, "environment", "nothing", "no default"),
    slip("gates: {}", "gate: {}", 4, "gate", "an unknown key", "did you mean gates?"),
    slip("port: 8000", "prot: 8000", 12, f"{_B}.prot", "an unknown key", "did you mean port?"),
    slip(_HEALTH, "health: {intervall: 10s}", 15, f"{_B}.health.intervall", "did you mean interval?"),
    slip(_STRATEGY, "strategy: {type: blue_green, steps: []}", 5, "strategy.steps", "bake or type", "type: canary"),
    slip("environment: prod", "environment: Prod", 1, "environment", '"Prod"', "small letters"),
    slip("environment: prod", "environment: prod-", 1, "environment", '"prod-"'),
    slip("environment: prod", f"environment: {'p' * 25}", 1, "environment", "25 characters", "at most 24"),
    slip("environment: prod", "environment: true", 1, "environment", "found true", "in quotes"),
    slip("branch: main", "branch: refs/heads/main", 2, "branch", "short name"),
    slip("branch: main", "branch: a..b", 2, "branch", '"a..b"'),
    slip("  backend:", "  Backend:", 9, "services.Backend", '"Backend"', "small letters"),
    slip("https://captions.example.com", "captions.example.com", 3, "url", "without a path"),
    slip("https://captions.example.com", "https://captions.example.com/", 3, "url", "without a path"),
    slip("gates: {}", "on: pushed", 4, "on", '"pushed"', "push or release", "did you mean push?"),
    slip("gates: {}", "drift: fix", 4, "drift", '"fix"', "report or correct"),
    slip("gates: {}", "paths: {ignore: [/docs/**]}", 4, "paths.ignore[0]", "relative to the repository"),
    slip("gates: {}", "paths: {ignore: [docs/**, docs/**]}", 4, "paths.ignore", "docs/** twice", "once"),
    slip("gates: {}", "notify: {slack: deploys}", 4, "notify.slack", '"deploys"', '"#deploys"'),
    slip("gates: {}", "alarms: {unhealthy_hosts: {max: 0}}", 4, "alarms.unhealthy_hosts.max", "found 0", "1 to 1000"),
    slip("gates: {}", "alarms: {tasks: {min: 0}}", 4, "alarms.tasks.min", "found 0", "1 to 1000"),
    slip("gates: {}", "alarms: {tasks: {min: 1001}}", 4, "alarms.tasks.min", "found 1001", "1 to 1000"),
    slip("gates: {}", "alarms: {errors: {max: 100%}}", 4, "alarms.errors.max", "found 100%", "below 100%"),
    slip("gates: {}", "watch: {metrics: {errors: {max: 100.0%}}}", 4, "watch.metrics.errors.max", "below 100%"),
    slip("gates: {}", "watch: {alarms: ['x-{colour}']}", 4, "watch.alarms[0]", "{slot}, {service} and {environment}"),
]  # fmt: skip

GATES = [
    slip("gates: {}", "gates: {checks: {required: []}}", 4, "gates.checks.required", "none", "at least one"),
    slip("gates: {}", "gates: {checks: {}}", 4, "gates.checks.required", "nothing", "no default"),
    slip("gates: {}", "gates: {image_scan: {block: [BAD]}}", 4, "gates.image_scan.block[0]", '"BAD"', "CRITICAL"),
    slip("gates: {}", "gates: {soak: {environment: prod}}", 4, "gates.soak.environment", "another environment"),
    slip("gates: {}", "gates: {soak: {environment: dev, for: 30}}", 4, "gates.soak.for", "30", "500ms, 30s"),
    slip("gates: {}", "gates: {soak: {environment: dev, for_: 30m}}", 4, "gates.soak.for_", "did you mean for?"),
    slip("gates: {}", "gates: {window: {allow: [Mon 8-16]}}", 4, "gates.window.allow[0]", '"Mon 8-16"', "Mon-Thu"),
    slip("gates: {}", "gates: {window: {allow: [Fri 22:00-02:00]}}", 4, "gates.window.allow[0]", "written as two"),
    slip(
        "gates: {}",
        "gates: {window: {allow: [Mon 08:00-16:00], timezone: Berlin}}",
        4,
        "gates.window.timezone",
        "Europe/Berlin",
    ),
    slip(
        "gates: {}",
        "gates: {window: {allow: [Mon 08:00-16:00], timezone: Europe/Bonn}}",
        4,
        "gates.window.timezone",
        '"Europe/Bonn"',
    ),
    slip("gates: {}", "gates: {approval: {count: 0}}", 4, "gates.approval.count", "found 0", "1 to 10"),
    slip("gates: {}", "gates: {approval: {count: 2, reviewers: [ada]}}", 4, "gates.approval.count", "at most"),
    slip("gates: {}", "gates: {approval: {reviewers: ['@acme']}}", 4, "gates.approval.reviewers[0]", "@acme/release"),
    slip(
        "gates: {}",
        "gates: {approval: {exclude_author: yes}}",
        4,
        "gates.approval.exclude_author",
        "true, false or all",
    ),
    slip("gates: {}", "gates: {approval: {expires: 31d}}", 4, "gates.approval.expires", "1m to 30d"),
]

STRATEGIES = [
    slip(_STRATEGY, "strategy: {type: cannary}", 5, "strategy.type", '"cannary"', "did you mean canary?"),
    slip(_STRATEGY, "strategy: rolling", 5, "strategy", '"rolling"', "a mapping"),
    slip(_STRATEGY, "strategy: {bake: 5m}", 5, "strategy.type", "nothing", "rolling, blue_green or canary"),
    slip(_STRATEGY, "strategy: {type: canary, steps: []}", 5, "strategy.steps", "none", "at least one"),
    slip(
        _STRATEGY,
        "strategy: {type: canary, steps: [{weight: 10}, {weight: 10}, {weight: 100}]}",
        5,
        "strategy.steps[1].weight",
        "more than the step before, 10",
    ),
    slip(
        _STRATEGY, "strategy: {type: canary, steps: [{weight: 50}]}", 5, "strategy.steps[0].weight", "100 in the last"
    ),
    slip(_STRATEGY, "strategy: {type: canary, steps: [{weight: 0}]}", 5, "strategy.steps[0].weight", "from 1 to 100"),
    slip(_STRATEGY, "strategy: {type: blue_green, bake: 25h}", 5, "strategy.bake", '"25h"', "0s to 24h"),
    slip(_STRATEGY, "strategy: {type: blue_green, bake: 1.5h}", 5, "strategy.bake", '"1.5h"', "1h30m"),
    slip(_STRATEGY, "strategy: {type: blue_green, bake: 500ms}", 5, "strategy.bake", "whole number of s"),
    slip(_STRATEGY, "strategy: {type: rolling}", 6, "rollback.keep_warm", "30m", "0s with rolling"),
    slip("rollback: {keep_warm: 30m}", "rollback: {hold: nobody}", 6, "rollback.hold", "person or next_commit"),
    slip(
        "gates: {}",
        "watch: {metrics: {errors: {max: 101%}}}",
        4,
        "watch.metrics.errors.max",
        '"101%"',
        "from 0% to 100%",
    ),
    slip("gates: {}", "watch: {metrics: {errors: {max: 1}}}", 4, "watch.metrics.errors.max", "found 1", "70%"),
    slip(
        "strategy: {type: blue_green, bake: 5m}\nrollback: {keep_warm: 30m}",
        "watch: {metrics: {errors: {max: 1%}, latency_p99: {max: 1s}}}",
        5,
        "watch.metrics",
        "errors and latency_p99",
        "a strategy that bakes, or automatic and keep_warm",
    ),
    slip(
        "5m}\nrollback: {keep_warm: 30m}",
        "0s}\nrollback: {automatic: false}\nwatch: {metrics: {errors: {max: 1%}}}",
        7,
        "watch.metrics",
        "found errors",
    ),
    slip("gates: {}", "alarms: {cpu: {max: 0%}}", 4, "alarms.cpu.max", "above 0%"),
    slip("gates: {}", "schedule: [{at: 25:00, count: 0}]", 4, "schedule[0].at", '"25:00"', '"20:00"'),
    slip("gates: {}", "schedule: [{at: '20:00', days: Mo, count: 0}]", 4, "schedule[0].days", "Mon-Fri"),
    slip(
        "gates: {}",
        "schedule: [{at: '20:00', count: 0}, {at: '07:00', count: 2}, {at: '20:00', days: Fri, count: 1}]",
        4,
        "schedule[2]",
        "the minute of schedule[0]",
        "a minute of its own, or other days",
    ),
    slip(
        "gates: {}",
        "schedule: [{at: '20:00', count: 0}, {at: '21:00', timezone: Europe/Berlin, count: 2}]",
        4,
        "schedule[1]",
        "the minute of schedule[0]",
    ),
    slip("verify: []", "verify: [{status: 200}]", 7, "verify[0]", "either `path` or `task`"),
    slip("verify: []", "verify: [{path: ready}]", 7, "verify[0].path", "a leading slash"),
    slip("verify: []", "verify: [{path: /a, timeout: 1s}]", 7, "verify[0].timeout", "an unknown key", "within"),
    slip(
        "verify: []", "verify: [{task: worker, command: [a]}]", 7, "verify[0].task", '"worker"', "backend or frontend"
    ),
    slip("verify: []", "verify: [{task: backend, command: a b}]", 7, "verify[0].command", '"a b"', "a list"),
]

SERVICES = [
    slip("branch: main", f"branch: {'b' * 90}", 10, f"{_B}.image.tag", "131 characters", "at most 128"),
    slip(_TAG, 'tag: "a:1"', 10, f"{_B}.image.tag", '"a:1"', "a tag of letters"),
    slip(_TAG, 'tag: "{branch}-{commit}"', 10, f"{_B}.image.tag", "{commit}", "{branch}, {sha} and {version}"),
    slip(_TAG, 'tag: "{version}"', 10, f"{_B}.image.tag", "{version}", "on: release"),
    slip(_TAG, "tag: 1.5", 10, f"{_B}.image.tag", "found 1.5", "in quotes"),
    slip(f", {_TAG}", "", 10, f"{_B}.image", "neither", "either promote or tag"),
    slip(_TAG, f"{_TAG}, promote: dev", 10, f"{_B}.image", "promote and tag", "either promote or tag"),
    slip("promote: staging", "promote: prod", 19, "services.frontend.image.promote", "another environment"),
    slip("captioncraft-backend", "acme/Back", 10, f"{_B}.image.repository", "without registry and tag"),
    slip("    port: 8000\n", "", 9, f"{_B}.port", "nothing", "because the service has a route"),
    slip("port: 8000", "port: 70000", 12, f"{_B}.port", "from 1 to 65535"),
    slip("port: 8000", "port: '8000'", 12, f"{_B}.port", '"8000"', "a port"),
    slip("path: /api/*", "path: api/*", 11, f"{_B}.route.path", "a path pattern"),
    slip("path: /api/*", f"path: /{'a' * 128}", 11, f"{_B}.route.path", "129 characters", "at most 128"),
    slip("path: /api/*", "path: []", 11, f"{_B}.route.path", "at least one"),
    slip("path: /api/*", "path: [/a, /b, /c, /d, /e]", 11, f"{_B}.route", "5 paths and 0 hosts", "at most 4"),
    slip("path: /api/*", "path: /*", 20, "services.frontend.route", "the route of backend"),
    slip("path: /api/*", "path: /api/*, host: example", 11, f"{_B}.route.host", "a host name"),
    slip(_TASK, "task: {cpu: 500}", 13, f"{_B}.task.cpu", "found 500", "256, 512, 1024"),
    slip(_TASK, "task: {cpu: 512, memory: 512}", 13, f"{_B}.task.memory", "1024 to 4096 in steps of 1024"),
    slip(_TASK, "task: {cpu: 256, memory: 1536}", 13, f"{_B}.task.memory", "512, 1024 or 2048"),
    slip(_TASK, "task: {cpu: 512, memory: 1024, role: admin}", 13, f"{_B}.task.role", "arn:aws:iam"),
    slip(_TASK, "task: {cpu: 512, memory: 1024, stop_timeout: 1s}", 13, f"{_B}.task.stop_timeout", "to 120s"),
    slip(_TASK, "task: {cpu: 512, memory: 1024, architecture: arm}", 13, f"{_B}.task.architecture", "X86_64 or ARM64"),
    slip("count: 2", "count: -1", 14, f"{_B}.count", "found -1", "from 1 to 1000"),
    slip("count: 2", "count: two", 14, f"{_B}.count", '"two"', "{min: 2, max: 8}"),
    slip("count: 2", "count: 2.5", 14, f"{_B}.count", "2.5", "a whole number of tasks"),
    slip("count: 2", "count: {min: 3, max: 2, cpu: 70%}", 14, f"{_B}.count.min", "at most the max of 2"),
    slip("count: 2", "count: {max: 0, cpu: 70%}", 14, f"{_B}.count.max", "found 0", "from 1 to 1000"),
    slip("count: 2", "count: {min: 3, max: 0, cpu: 70%}", 14, f"{_B}.count.max", "found 0", "from 1 to 1000"),
    slip("count: 2", "count: {min: 2, max: 4}", 14, f"{_B}.count.max", "nothing else scales"),
    slip("count: 2", "count: {min: 0, max: 4, cpu: 70%}", 14, f"{_B}.count.min", "at least 1"),
    slip("count: 2", "count: 0", 14, f"{_B}.count", "found 0", "at least 1", "pruned", "schedule"),
    slip("count: 2", "count: {min: 0}", 14, f"{_B}.count", "found 0", "at least 1", "pruned"),
    slip("count: 2", "count: {min: -1}", 14, f"{_B}.count.min", "found -1"),
    slip("count: 2", "count: 2\n    capacity: {base: 3}", 15, f"{_B}.capacity.base", "at most the fewest tasks, 2"),
    slip(_HEALTH, "health: {interval: 4s}", 15, f"{_B}.health.interval", '"4s"', "5s to 300s"),
    slip(_HEALTH, "health: {interval: 301s}", 15, f"{_B}.health.interval", '"301s"', "5s to 300s"),
    slip(_HEALTH, "health: {timeout: 10s}", 15, f"{_B}.health.timeout", "10s", "shorter than the interval of 10s"),
    slip(_HEALTH, "health: {healthy: 1}", 15, f"{_B}.health.healthy", "found 1", "2 to 10"),
    slip(_HEALTH, "health: {unhealthy: 11}", 15, f"{_B}.health.unhealthy", "found 11", "2 to 10"),
    slip(_HEALTH, "health: null", 15, f"{_B}.health", "nothing", "because the service has a route"),
    slip(_HEALTH, "deregistration_delay: 3601s", 15, f"{_B}.deregistration_delay", "0s to 3600s"),
    slip(_HEALTH, "smoke: [{path: /ready, status: 99}]", 15, f"{_B}.smoke[0].status", "100 to 599"),
    slip(_HEALTH, "logs: {retention: 29d}", 15, f"{_B}.logs.retention", '"29d"', "30d"),
    slip(_HEALTH, "before: {command: []}", 15, f"{_B}.before.command", "none", "at least one"),
    slip(_HEALTH, "before: {command: [run, 5]}", 15, f"{_B}.before.command[1]", "found 5", "in quotes"),
    slip("    route: {path: /*}\n", "    smoke: [{path: /a}]\n", 20, "services.frontend.smoke", "or a route"),
    slip("    route: {path: /*}\n", "    count: {requests: 600}\n", 20, f"{_F}.count.requests", "600", "or a route"),
    slip("    route: {path: /*}\n", "    health: {}\n", 20, "services.frontend.health", "or a route"),
    slip("LOG_LEVEL: info", "LOG_LEVEL: 5", 16, f"{_B}.env.LOG_LEVEL", "a number without quotes", "in quotes"),
    slip("LOG_LEVEL: info", "LOG_LEVEL: true", 16, f"{_B}.env.LOG_LEVEL", "true or false without quotes"),
    slip("{LOG_LEVEL: info}", "{LOG_LEVEL: null}", 16, f"{_B}.env.LOG_LEVEL", "found nothing", "text"),
    slip("LOG_LEVEL: info", "LOG-LEVEL: info", 16, f"{_B}.env.LOG-LEVEL", "a variable's name"),
    slip("secrets: {}", "secrets: {KEY: hunter2}", 17, f"{_B}.secrets.KEY", "not shown", "a secret's ARN"),
    slip("secrets: {}", "secrets: hunter2", 17, f"{_B}.secrets", "not shown", "a mapping"),
    slip("secrets: {}", "parameters: {KEY: /aws/x}", 17, f"{_B}.parameters.KEY", "a Parameter Store name"),
    slip("secrets: {}", "parameters: {LOG_LEVEL: /x}", 17, f"{_B}.parameters.LOG_LEVEL", "again, after env"),
]  # fmt: skip

SLIPS = [*SHAPES, *NAMES, *GATES, *STRATEGIES, *SERVICES]


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(Rejected) as caught:
        read_environment(text, "environments/prod.yaml")
    return tuple(problem for problem in caught.value.problems if isinstance(problem, Problem))


def test_the_file_that_the_mistakes_are_made_in_is_good() -> None:
    assert read_environment(GOOD, "environments/prod.yaml").environment == "prod"


@pytest.mark.parametrize("mistake", SLIPS, ids=str)
def test_a_mistake_is_found_where_it_is_and_told_in_our_words(mistake: Slip) -> None:
    assert GOOD.count(mistake.old) == 1, "the mistake must change exactly one place"

    problems = problems_of(GOOD.replace(mistake.old, mistake.new))

    told = next((problem for problem in problems if problem.key == mistake.key), None)
    assert told is not None, problems
    assert told.line == mistake.line
    for words in mistake.words:
        assert words in str(told)


@pytest.mark.parametrize("mistake", SLIPS, ids=str)
def test_one_mistake_makes_one_problem(mistake: Slip) -> None:
    problems = problems_of(GOOD.replace(mistake.old, mistake.new))

    misspelt = {"enviroment: prod": 2, "prot: 8000": 2}  # the unknown key, and the key that is therefore missing
    assert len(problems) == misspelt.get(mistake.new, 1), problems


def test_all_mistakes_are_told_at_once_and_in_the_order_of_the_file() -> None:
    text = GOOD.replace("environment: prod", "environment: Prod").replace("port: 8000", "port: 0")
    text = text.replace("path: /*", "path: /api/*").replace("count: 2", "count: {min: 2, max: 3}")

    problems = problems_of(text)

    assert [problem.key for problem in problems] == [
        "environment", "services.backend.port", "services.backend.count.max", "services.frontend.route",
    ]  # fmt: skip


def test_what_is_wrong_in_itself_is_not_compared_with_its_neighbours() -> None:
    problems = problems_of(GOOD.replace(_HEALTH, "health: {interval: 3s, timeout: 20s}"))

    assert [problem.key for problem in problems] == ["services.backend.health.interval"]


@pytest.mark.parametrize(
    "line",
    ["secrets: {PASSWORD: hunter2}", "secrets: [hunter2]", "secrets: {PASSWORD hunter2}", "secrets: {P: {v: hunter2}}",
     "parameters: {PASSWORD: 'hunter2 x'}", "secrets: {PASSWORD: 'hunter2}", "secrets: {P: a: hunter2}",
     "secrets: {PASSWORD: &hunter2 x}", "secrets: {PASSWORD: !hunter2 x}", "secrets: {P: *hunter2 }"],
)  # fmt: skip
def test_a_secret_written_into_the_file_is_not_repeated(line: str) -> None:
    for problem in problems_of(GOOD.replace("secrets: {}", line)):
        assert "hunter2" not in str(problem)
        assert "hunter2" not in repr(problem)


def test_a_problem_reads_as_one_line_that_an_editor_can_jump_to() -> None:
    (problem,) = problems_of(GOOD.replace("port: 8000", "port: 0"))

    assert str(problem) == (
        "environments/prod.yaml:12:11: services.backend.port: found 0; wanted a port from 1 to 65535"
    )


def test_a_file_that_is_too_large_is_not_even_parsed() -> None:
    (problem,) = problems_of(GOOD + "#" * 256 * 1024)

    assert (problem.line, problem.wanted) == (1, "at most 262144 bytes")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "prod", "---\n...\n"])
def test_a_file_without_a_mapping_wants_one(text: str) -> None:
    (problem,) = problems_of(text)

    assert problem.wanted == "a mapping"


def test_more_services_than_a_load_balancer_has_rules_for_are_refused() -> None:
    services = "".join(f"  s{number}: {{image: {{repository: ab, tag: x}}}}\n" for number in range(51))
    (problem,) = problems_of(f"environment: dev\nbranch: develop\nservices:\n{services}")

    assert (problem.key, problem.found, problem.wanted) == ("services", "51 entries", "at most 50")


def test_a_mapping_of_no_services_is_refused() -> None:
    (problem,) = problems_of("environment: dev\nbranch: develop\nservices: {}\n")

    assert (problem.line, problem.key, problem.wanted) == (3, "services", "at least one entry")
