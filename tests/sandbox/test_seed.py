from __future__ import annotations

from pathlib import Path

import pytest

from controller.domain.manifest import normal_form, read_environment
from sandbox.seed import references, sandboxed

URL = "http://captioncraft-prod-1.eu-west-1.elb.amazonaws.com"
ENVIRONMENTS = Path(__file__).parents[2] / "environments"
SHIPPED = ("dev", "staging", "prod")


def shipped(environment: str) -> tuple[str, str]:
    file = f"environments/{environment}.yaml"
    return file, (ENVIRONMENTS / f"{environment}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("environment", SHIPPED)
def test_what_comes_out_is_valid_and_differs_only_where_it_says(environment: str) -> None:
    file, text = shipped(environment)
    seed = sandboxed(file, text, URL)
    before, after = (normal_form(read_environment(each, file)) for each in (text, seed.text))
    for change in seed.changes:
        assert change.file == file
        for whole in (before, after):
            _forget(whole, change.key)
    assert before == after


def _forget(tree: object, key: str) -> None:
    """Take a key path such as `strategy.steps[0].bake` out of nested dictionaries."""
    *path, last = key.replace("]", "").replace("[", ".").split(".")
    for name in path:
        tree = tree[int(name)] if isinstance(tree, list | tuple) else (tree or {}).get(name)  # type: ignore[union-attr, attr-defined]
    if isinstance(tree, dict):
        tree.pop(last, None)


@pytest.mark.parametrize("environment", SHIPPED)
def test_what_people_wait_for_is_short_and_health_stays(environment: str) -> None:
    file, text = shipped(environment)
    found = read_environment(sandboxed(file, text, URL).text, file)
    assert found.schedule == ()
    assert found.gates.window is None
    assert found.url == URL
    assert found.rollback.keep_warm.total_seconds() <= 60
    assert {each.health for each in found.services.values()} == {
        each.health for each in read_environment(text, file).services.values()
    }


def test_all_changes_of_production_are_named() -> None:
    changes = [str(change) for change in sandboxed(*shipped("prod"), URL).changes]
    assert changes == [
        "environments/prod.yaml: gates.soak.for: 30m -> 30s",
        "environments/prod.yaml: strategy.steps[0].bake: 5m -> 5s",
        "environments/prod.yaml: strategy.steps[1].bake: 5m -> 5s",
        "environments/prod.yaml: strategy.steps[2].bake: 15m -> 15s",
        "environments/prod.yaml: rollback.keep_warm: 30m -> 30s",
        "environments/prod.yaml: gates.window: {allow: [Mon-Thu 08:00-16:00], timezone: Europe/Berlin} -> off",
        f"environments/prod.yaml: url: https://captions.example.com -> {URL}",
    ]


@pytest.mark.parametrize("environment", SHIPPED)
def test_it_changes_nothing_the_second_time_but_what_is_already_short(environment: str) -> None:
    file, text = shipped(environment)
    once = sandboxed(file, text, URL).text
    again = sandboxed(file, once, URL)
    assert {change.key for change in again.changes} <= {"strategy.bake", "rollback.keep_warm", "gates.soak.for"} | {
        f"strategy.steps[{number}].bake" for number in range(3)
    }


def test_comments_survive() -> None:
    file, text = shipped("staging")
    assert "# the old version stays ready to take the traffic back" in sandboxed(file, text, URL).text


def test_references_are_those_of_all_services() -> None:
    assert references(shipped("prod")[1]) == (
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:captioncraft-prod-db:password::",
        "/captioncraft/prod/features",
    )
    assert references(shipped("dev")[1]) == ()
