"""The shipped environments, and the page that explains the format."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from controller.domain.manifest import (
    BlueGreen,
    Canary,
    EnvironmentFile,
    Rolling,
    environment_schema,
    normal_form,
    read_environment,
    unbuilt,
)
from controller.domain.manifest.tree import plant
from tests.support import format_reference

ENVIRONMENTS = Path(__file__).parent.parent / "environments"
README = ENVIRONMENTS / "README.md"
SHIPPED = ("dev", "staging", "prod")


def shipped(name: str) -> EnvironmentFile:
    path = ENVIRONMENTS / f"{name}.yaml"
    return read_environment(path.read_text(), path.name)


def example() -> str:
    (text,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), flags=re.DOTALL)
    return str(text)


@pytest.mark.parametrize(("name", "branch"), [("dev", "develop"), ("staging", "staging"), ("prod", "main")])
def test_each_shipped_file_is_valid_and_follows_its_branch(name: str, branch: str) -> None:
    file = shipped(name)

    assert (file.environment, file.branch) == (name, branch)
    assert list(file.services) == ["backend", "frontend"]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_services_share_the_load_balancer_by_path(name: str) -> None:
    services = shipped(name).services

    assert {key: (service.route and service.route.path, service.port) for key, service in services.items()} == {
        "backend": (("/api/*",), 8000),
        "frontend": (("/*",), 8080),
    }


def test_dev_rolls_every_push_out_and_waits_for_nothing_that_is_not_built() -> None:
    dev = shipped("dev")

    assert isinstance(dev.strategy, Rolling)
    assert dev.rollback.hold == "next_commit"
    assert {service.image.tag for service in dev.services.values()} == {"{branch}-{sha}"}
    assert [service.count.min for service in dev.services.values()] == [2, 2]
    assert unbuilt(dev) == ()


def test_dev_costs_nothing_at_night_and_little_by_day() -> None:
    dev = shipped("dev")

    assert [entry.count for entry in dev.schedule] == [0, 2]
    assert {str(service.capacity.spot) for service in dev.services.values()} == {"100%"}


def test_staging_promotes_what_ran_in_dev_and_tests_after_the_switch() -> None:
    staging = shipped("staging")

    assert isinstance(staging.strategy, BlueGreen)
    assert {service.image.promote for service in staging.services.values()} == {"dev"}
    assert [service.count.min for service in staging.services.values()] == [4, 4]
    assert staging.gates.approval is not None
    assert staging.gates.approval.count == 1
    assert [type(check).__name__ for check in staging.verify] == ["HttpCheck", "TaskCheck"]


def test_prod_asks_two_people_and_moves_a_tenth_first() -> None:
    prod = shipped("prod")

    assert isinstance(prod.strategy, Canary)
    assert [step.weight for step in prod.strategy.steps] == [10, 50, 100]
    assert prod.gates.approval is not None
    assert (prod.gates.approval.count, prod.gates.approval.expires) == (2, timedelta(hours=24))
    assert [(service.count.min, service.count.max) for service in prod.services.values()] == [(2, 15), (2, 10)]
    assert {service.image.promote for service in prod.services.values()} == {"staging"}


@pytest.mark.parametrize("name", SHIPPED)
def test_editors_find_no_fault_with_a_shipped_file(name: str) -> None:
    path = ENVIRONMENTS / f"{name}.yaml"
    validator = Draft202012Validator(environment_schema())

    assert list(validator.iter_errors(plant(path.read_text(), path.name).value)) == []
    assert list(validator.iter_errors(normal_form(shipped(name)))) == []


def test_the_page_explains_every_key_with_its_form_default_and_meaning() -> None:
    written = README.read_text().split("## Every key\n\n", 1)[1].strip()
    drawn = format_reference.reference()

    assert written == drawn, f"replace what follows `## Every key` in environments/README.md by:\n\n{drawn}"


def test_the_example_on_the_page_is_a_valid_file() -> None:
    assert read_environment(example(), "environments/README.md").environment == "prod"


def test_the_example_on_the_page_names_every_key_there_is() -> None:
    named = {re.sub(r"^services\.\w+", "services.*", key) for key in _keys_in(example())}
    other_kinds = {"strategy.max", "strategy.bake"}

    assert _keys_of_the_format() - named == other_kinds


def _keys_in(text: str) -> Iterator[str]:
    for path in plant(text, "").keys:
        yield "".join("[]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _keys_of_the_format() -> set[str]:
    return {
        f"{path}.{key}".removeprefix(".")
        for path, _, model in format_reference.mappings()
        for key, _ in format_reference.fields(model)
    }
