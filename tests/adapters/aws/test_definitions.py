"""Task definitions: looked for by content before another one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.names import CONTENT_TAG, DEPLOYMENT_TAG
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import Rig, a_content

FAMILY = "captioncraft-dev-backend"


def revisions(rig: Rig) -> list[str]:
    found: list[str] = rig.sandbox.ecs.list_task_definitions(familyPrefix=FAMILY)["taskDefinitionArns"]
    return found


def test_new_content_becomes_a_tagged_revision(rig: Rig) -> None:
    content = rig.content()
    arn = rig.cloud.definitions.register(content, rig.permit())
    shown = rig.sandbox.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    tags = {tag["key"]: tag["value"] for tag in shown["tags"]}
    assert (tags[CONTENT_TAG], tags[DEPLOYMENT_TAG]) == (content.digest, "d-1")
    assert shown["taskDefinition"]["containerDefinitions"][0]["image"] == content.image
    assert "@sha256:" in content.image


def test_the_same_content_is_registered_once(rig: Rig) -> None:
    content = rig.content()
    first = rig.cloud.definitions.register(content, rig.permit())
    assert rig.cloud.definitions.register(content, rig.permit()) == first
    assert len(revisions(rig)) == 1


def test_another_process_finds_it_too(rig: Rig) -> None:
    content = rig.content()
    first = rig.cloud.definitions.register(content, rig.permit())
    rig.world.calls.clear()
    assert rig.stranger().definitions.register(content, rig.permit()) == first
    assert rig.changes() == []


def test_a_lost_answer_does_not_make_a_second_revision(rig: Rig) -> None:
    rig.world.faults.add(Fault(kind="lost_answer", operation="RegisterTaskDefinition", nth=1))
    content = rig.content()
    with pytest.raises(Transient):
        rig.cloud.definitions.register(content, rig.permit())
    assert rig.cloud.definitions.register(content, rig.permit()) == revisions(rig)[0]
    assert len(revisions(rig)) == 1


def test_contents_are_found_by_digest_and_absent_ones_left_out(rig: Rig) -> None:
    known, unknown = rig.content(), rig.content(tag="v2")
    arn = rig.cloud.definitions.register(known, rig.permit())
    assert rig.cloud.looks.definitions([known, unknown]) == {known.digest: arn}


def test_a_content_further_back_is_found(rig: Rig) -> None:
    contents = [rig.content(environment={"N": str(number)}) for number in range(4)]
    arns = [rig.cloud.definitions.register(content, rig.permit()) for content in contents]
    assert rig.cloud.looks.definitions(contents) == dict(zip([c.digest for c in contents], arns, strict=True))


def test_only_the_newest_revisions_are_looked_at(rig: Rig) -> None:
    contents = [rig.content(environment={"N": str(number)}) for number in range(11)]
    arns = [rig.cloud.definitions.register(content, rig.permit()) for content in contents]
    assert rig.cloud.looks.definitions(contents[:2]) == {contents[1].digest: arns[1]}


def test_a_revision_is_described_once(rig: Rig) -> None:
    content = rig.content()
    rig.cloud.definitions.register(content, rig.permit())
    rig.world.calls.clear()
    for _ in range(3):
        rig.cloud.looks.definitions([content])
    assert len(rig.calls("DescribeTaskDefinition")) == 1


def test_tags_that_arrive_late_are_asked_for_again(rig: Rig) -> None:
    content = rig.content()
    arn = rig.cloud.definitions.register(content, rig.permit())
    rig.hooks.append(("after-call.ecs.DescribeTaskDefinition", without_tags_once()))
    stranger = rig.stranger()
    assert stranger.looks.definitions([content]) == {}
    assert stranger.looks.definitions([content]) == {content.digest: arn}


def without_tags_once() -> Callable[..., None]:
    answers: list[object] = []

    def bare(parsed: dict[str, object], **_: object) -> None:
        if not answers:
            parsed["tags"] = []
        answers.append(parsed)

    return bare


def test_a_revision_with_our_digest_but_of_another_place_is_not_ours(rig: Rig) -> None:
    content = rig.content()
    rig.cloud.definitions.register(content, rig.permit())
    other = rig.clouds.of(rig.binding(stack="captioncraft-prod"))
    assert other.looks.definitions([content]) == {}


def test_an_unreadable_list_is_not_an_empty_one(rig: Rig) -> None:
    rig.world.faults.add(Fault(kind="denied", operation="ListTaskDefinitions"))
    with pytest.raises(Blocked):
        rig.cloud.definitions.register(rig.content(), rig.permit())
    assert rig.calls("RegisterTaskDefinition") == []


def test_without_the_lease_nothing_is_registered(rig: Rig) -> None:
    content = rig.content()
    rig.world.calls.clear()
    with pytest.raises(Conflict):
        rig.cloud.definitions.register(content, rig.lost_lease())
    assert rig.changes() == []


# log groups


def test_the_log_group_is_made_with_its_retention(rig: Rig) -> None:
    rig.cloud.definitions.register(rig.content(), rig.permit())
    (group,) = rig.sandbox.logs.describe_log_groups(logGroupNamePrefix="/ecs/captioncraft-dev/")["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/ecs/captioncraft-dev/backend", 30)


def test_a_log_group_that_is_right_is_left_alone(rig: Rig) -> None:
    rig.cloud.definitions.register(rig.content(), rig.permit())
    second = rig.content(tag="v2")
    rig.world.calls.clear()
    rig.cloud.definitions.register(second, rig.permit())
    assert rig.changes() == ["RegisterTaskDefinition"]


def test_a_log_group_without_end_has_no_retention(rig: Rig) -> None:
    rig.cloud.definitions.register(rig.content(log_retention_days=None), rig.permit())
    assert rig.calls("PutRetentionPolicy") == []


def retention(rig: Rig) -> int | None:
    (group,) = rig.sandbox.logs.describe_log_groups(logGroupNamePrefix="/ecs/captioncraft-dev/")["logGroups"]
    found: int | None = group.get("retentionInDays")
    return found


def test_new_days_reach_our_log_group(rig: Rig) -> None:
    rig.cloud.definitions.register(rig.content(), rig.permit())
    rig.cloud.definitions.register(rig.content(log_retention_days=7), rig.permit())
    assert retention(rig) == 7


def test_the_days_of_a_log_group_that_the_stack_made_are_never_changed(rig: Rig) -> None:
    """A shorter memory would delete lines."""
    rig.sandbox.logs.create_log_group(logGroupName="/ecs/captioncraft-dev/backend")
    rig.cloud.definitions.register(rig.content(), rig.permit())
    assert retention(rig) is None


def test_a_lost_answer_to_create_leaves_the_days_to_the_next_attempt(rig: Rig) -> None:
    rig.world.faults.add(Fault(kind="lost_answer", operation="CreateLogGroup", nth=1))
    content = rig.content()
    with pytest.raises(Transient):
        rig.cloud.definitions.register(content, rig.permit())
    rig.cloud.definitions.register(content, rig.permit())
    assert retention(rig) == 30


def test_a_group_whose_name_only_begins_alike_is_another_one(rig: Rig) -> None:
    rig.sandbox.logs.create_log_group(logGroupName="/ecs/captioncraft-dev/backend-two")
    rig.world.calls.clear()
    rig.cloud.definitions.register(rig.content(), rig.permit())
    assert rig.asked("CreateLogGroup")[0]["logGroupName"] == "/ecs/captioncraft-dev/backend"


def test_a_content_that_differs_in_order_only_is_the_same(rig: Rig) -> None:
    content = replace(a_content(), environment={"A": "1", "B": "2"})
    same = replace(content, environment={"B": "2", "A": "1"}, subnets=tuple(reversed(content.subnets)))
    arn = rig.cloud.definitions.register(content, rig.permit())
    assert rig.cloud.definitions.register(same, rig.permit()) == arn
