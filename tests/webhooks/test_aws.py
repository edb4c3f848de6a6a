"""What is read out of AWS's events, whichever way they come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from controller.domain.delivery import HINTS, Delivery, DeliveryState
from tests.webhooks.aws_samples import (
    ACCOUNT,
    ALARM_ARN,
    CLUSTER_ARN,
    EVENT_ID,
    REGION,
    REPOSITORY_ARN,
    SERVICE_ARN,
    a_deployment_event,
    a_task_event,
    an_alarm_event,
    an_alarm_message,
    an_event,
    an_image_event,
)
from tests.webhooks.door import NOW
from tests.webhooks.topic import MESSAGE_ID, a_notification
from webhooks import aws
from webhooks.refusals import Outcome, Refused

QUEUE_ID = "19dd0b57-b21e-4ac1-bd88-01bbb068cb78"
OLD_SERVICE_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/backend"


def read(event: Mapping[str, Any]) -> Delivery:
    return aws.from_event_bridge(json.dumps(event).encode(), NOW)


def fetched(given: Any) -> Delivery:
    return aws.from_queue(given if isinstance(given, str) else json.dumps(given), QUEUE_ID, NOW)


EVENTS: list[tuple[dict[str, Any], str, str, DeliveryState]] = [
    (an_alarm_event("ALARM"), ALARM_ARN, "ALARM", DeliveryState.RECEIVED),
    (an_alarm_event("OK"), ALARM_ARN, "OK", DeliveryState.RECEIVED),
    (an_alarm_event("INSUFFICIENT_DATA"), ALARM_ARN, "INSUFFICIENT_DATA", DeliveryState.RECEIVED),
    (a_task_event("STOPPED"), CLUSTER_ARN, "STOPPED", DeliveryState.RECEIVED),
    (a_task_event("RUNNING"), CLUSTER_ARN, "RUNNING", DeliveryState.RECEIVED),
    (a_task_event("PENDING"), CLUSTER_ARN, "PENDING", DeliveryState.IGNORED),
    (a_deployment_event(), SERVICE_ARN, "SERVICE_DEPLOYMENT_FAILED", DeliveryState.RECEIVED),
    (a_deployment_event(clusterArn=CLUSTER_ARN), CLUSTER_ARN, "SERVICE_DEPLOYMENT_FAILED", DeliveryState.RECEIVED),
    (an_image_event(), REPOSITORY_ARN, "PUSH", DeliveryState.RECEIVED),
    (
        an_event("ECR Image Action", {"repository-name": "acme/backend", "action-type": "DELETE"}),
        REPOSITORY_ARN,
        "DELETE",
        DeliveryState.IGNORED,
    ),
    (
        an_event("ECR Image Scan", {"repository-name": "acme/backend", "scan-status": "COMPLETE"}),
        REPOSITORY_ARN,
        "COMPLETE",
        DeliveryState.RECEIVED,
    ),
    (
        an_event("Inspector2 Scan", {"repository-name": REPOSITORY_ARN, "scan-status": "INITIAL_SCAN_COMPLETE"}),
        REPOSITORY_ARN,
        "INITIAL_SCAN_COMPLETE",
        DeliveryState.RECEIVED,
    ),
]


@pytest.mark.parametrize(("event", "ref", "action", "arrives_as"), EVENTS)
def test_what_an_event_is_about(event: dict[str, Any], ref: str, action: str, arrives_as: DeliveryState) -> None:
    found = read(event)
    assert (found.id, found.source, found.event) == (EVENT_ID, "aws", event["detail-type"])
    assert (found.ref, found.action, found.arrives_as) == (ref, action, arrives_as)
    assert (found.repository, found.branch, found.commit) == (None, None, None)


def test_every_hint_can_be_read() -> None:
    assert {event["detail-type"] for event, *_ in EVENTS} == set(HINTS)


def test_an_older_service_names_no_cluster() -> None:
    assert read(a_deployment_event() | {"resources": [OLD_SERVICE_ARN]}).ref == OLD_SERVICE_ARN


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_a_repository_is_in_the_partition_of_its_region(region: str, partition: str) -> None:
    found = read(an_image_event(region=region))
    assert found.ref == f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/acme/backend"


def test_an_id_is_the_same_however_it_is_written() -> None:
    assert read(an_alarm_event(id=EVENT_ID.upper())).id == EVENT_ID


def test_the_fetched_event_and_the_sent_one_are_one_delivery() -> None:
    assert fetched(an_alarm_event()) == read(an_alarm_event())


def test_a_message_in_its_envelope_is_opened() -> None:
    found = fetched(a_notification())
    assert (found.id, found.event, found.action, found.ref) == (
        MESSAGE_ID,
        "CloudWatch Alarm State Change",
        "ALARM",
        ALARM_ARN,
    )
    assert fetched(a_notification(json.dumps(a_task_event()))).ref == CLUSTER_ARN


def test_an_alarms_own_message_has_the_queues_id() -> None:
    assert (fetched(an_alarm_message()).id, fetched(an_alarm_message()).ref) == (QUEUE_ID, ALARM_ARN)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "not json",
        "[]",
        "\ud800",
        '{"id": "1", "id": "2"}',
        "[" * 100_000,
        {},
        {"id": EVENT_ID},
        an_alarm_event(id=None),
        a_notification(MessageId=None),
        a_notification(TopicArn="arn:aws:s3:::bucket"),
        a_notification() | {"Message": None},
        a_notification('{"AlarmArn": 7}'),
        an_alarm_message(AlarmArn=f"{ALARM_ARN}\n"),
    ],
)
def test_what_is_no_event_is_malformed(given: Any) -> None:
    with pytest.raises(Refused) as refused:
        fetched(given)
    assert refused.value.outcome is Outcome.MALFORMED
