"""The templates and the page about events say what the code listens to."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from controller.adapters.aws.calls import CALLS
from controller.domain.delivery import HINTS
from webhooks.aws import SECRET_HEADER

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
TEMPLATES = sorted((ROOT / "examples" / "events").glob("*.yaml"))


def resources(template: Path) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(template.read_text(encoding="utf-8"))["Resources"])


def properties(template: Path, kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources(template).values() if each["Type"] == kind]


def test_there_is_a_template_for_each_way_of_rules() -> None:
    assert [template.name for template in TEMPLATES] == ["destination.yaml", "queue.yaml"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_asks_for_everything_that_is_heard_and_nothing_else(template: Path) -> None:
    patterns = [rule["EventPattern"] for rule in properties(template, "AWS::Events::Rule")]
    assert {name for pattern in patterns for name in pattern["detail-type"]} == set(HINTS)
    [narrowed] = [pattern for pattern in patterns if "detail" in pattern]
    [name] = narrowed["detail-type"]
    assert set(narrowed["detail"]["lastStatus"]) == HINTS[name]


def test_the_destination_shows_its_secret_in_the_header_that_is_read() -> None:
    [connection] = properties(TEMPLATES[0], "AWS::Events::Connection")
    name = connection["AuthParameters"]["ApiKeyAuthParameters"]["ApiKeyName"]
    assert name.lower() == SECRET_HEADER
    assert f"`{name}`" in PAGE


def test_the_queues_policy_allows_what_is_called() -> None:
    [policy] = properties(TEMPLATES[1], "AWS::IAM::ManagedPolicy")
    [statement] = policy["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == {
        grant.action for call in CALLS if call.service == "sqs" for grant in call.grants
    }


def test_only_the_rules_may_send_to_the_queue() -> None:
    [policy] = properties(TEMPLATES[1], "AWS::SQS::QueuePolicy")
    [statement] = policy["PolicyDocument"]["Statement"]
    named = [each["Fn::GetAtt"][0] for each in statement["Condition"]["ArnEquals"]["aws:SourceArn"]]
    rules = [name for name, each in resources(TEMPLATES[1]).items() if each["Type"] == "AWS::Events::Rule"]
    assert sorted(named) == sorted(rules)


@pytest.mark.parametrize("event", HINTS)
def test_the_page_tells_of_every_event(event: str) -> None:
    assert f"`{event}`" in PAGE
