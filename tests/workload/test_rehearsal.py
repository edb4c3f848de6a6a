"""A version that misbehaves on purpose does so in exactly the way its one edited line says."""

import ast
import json
from pathlib import Path

import httpx
import pytest

from workload import rehearsal
from workload.misbehave import is_chosen

SOURCE = Path(rehearsal.__file__).read_text()


def test_what_is_shipped_behaves():
    constants = {name: value for name, value in vars(rehearsal).items() if name.isupper()}
    assert len(constants) == 8
    assert not any(constants.values())


def test_each_constant_is_one_plain_assignment_below_one_line_of_meaning():
    lines = SOURCE.splitlines()
    for node in ast.parse(SOURCE).body[1:]:
        assert isinstance(node, ast.Assign)
        assert isinstance(node.value, ast.Constant)
        assert lines[node.lineno - 2].startswith("# ")
        assert lines[node.lineno - 3] == ""


def test_crash_ends_with_status_1_and_says_why(tree):
    ended = tree.rehearse(CRASH=True).run("backend")
    assert ended.returncode == 1
    told = json.loads(ended.stdout)
    assert (told["level"], told["event"]) == ("error", "cannot start")
    assert "CRASH" in told["reason"]


@pytest.mark.parametrize(
    ("change", "health", "ready"),
    [({"UNHEALTHY": True}, 500, 200), ({"NOT_READY": True}, 200, 503), ({"ERROR_RATE": 1.0}, 200, 200)],
)
def test_a_probe_fails_only_in_its_own_rehearsal(tree, change, health, ready):
    with tree.rehearse(**change).started("backend") as service:
        assert httpx.get(f"{service.url}/health").status_code == health
        assert httpx.get(f"{service.url}/api/health").status_code == health
        assert httpx.get(f"{service.url}/ready").status_code == ready
        assert httpx.get(f"{service.url}/api/ready").status_code == ready


@pytest.mark.parametrize(("module", "path"), [("backend", "/api/version"), ("frontend", "/")])
def test_error_rate_fails_that_share_of_requests_with_problem_details(tree, module, path):
    with tree.rehearse(ERROR_RATE=0.25).started(module) as service, httpx.Client() as client:
        answers = [client.get(service.url + path) for _ in range(12)]
    failed = [answer for answer in answers if answer.status_code == 500]
    assert len(failed) == 3
    assert failed[0].headers["content-type"] == "application/problem+json"
    assert "x-captioncraft-version" in failed[0].headers


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 0), (0.001, 1), (0.1, 100), (0.3, 300), (0.5, 500), (1.0, 1000)])
def test_the_share_of_chosen_requests_is_exact(rate, expected):
    assert sum(is_chosen(number, rate) for number in range(1, 1001)) == expected


def test_slow_ms_delays_answers_but_no_probe(tree):
    with tree.rehearse(SLOW_MS=300).started("backend") as service:
        probe, page = (httpx.get(service.url + path) for path in ("/health", "/version"))
    assert page.elapsed.total_seconds() >= 0.3
    assert probe.elapsed < page.elapsed


def test_migration_says_what_it_does_and_fails_only_in_its_rehearsal(tree):
    good = tree.run("migrate")
    assert (good.returncode, "nothing to migrate" in good.stdout) == (0, True)
    bad = tree.rehearse(MIGRATION_FAILS=True).run("migrate")
    assert (bad.returncode, "MIGRATION_FAILS" in bad.stdout) == (1, True)
