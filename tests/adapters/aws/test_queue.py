"""The exact requests to SQS, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.queue import AT_ONCE, HIDDEN_SECONDS, WAIT_SECONDS, EventQueue
from controller.adapters.aws.session import CHANGING, READ_SECONDS, Access
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.ports import Message

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/tidegate"
ASKED = {
    "QueueUrl": QUEUE,
    "MaxNumberOfMessages": AT_ONCE,
    "WaitTimeSeconds": WAIT_SECONDS,
    "VisibilityTimeout": HIDDEN_SECONDS,
}


class OneClient:
    def __init__(self, client: Any) -> None:
        self._client = client

    def client(self, service: str, changes: bool) -> Any:
        assert (service, changes) == ("sqs", True), "an answer that is lost is not asked for again by itself"
        return self._client


class Callers:
    """Whoever asks gets the one caller; `asked` is for what."""

    def __init__(self, client: Any) -> None:
        self.asked: list[Access] = []
        self._caller = Caller(OneClient(client))

    def of(self, access: Access) -> Caller:
        self.asked.append(access)
        return self._caller


@pytest.fixture
def sqs() -> Any:
    session = botocore.session.get_session()
    return session.create_client("sqs", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x", config=CHANGING)


def a_queue(client: Any) -> EventQueue:
    return EventQueue(QUEUE, Callers(client))  # type: ignore[arg-type]


def test_it_is_read_where_its_url_says_with_the_controllers_own_credentials() -> None:
    callers = Callers(None)
    EventQueue(QUEUE, callers)  # type: ignore[arg-type]
    assert callers.asked == [Access("123456789012", "eu-west-1")]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "tidegate",
        "arn:aws:sqs:eu-west-1:123456789012:tidegate",
        "http://sqs.eu-west-1.amazonaws.com/123456789012/tidegate",
        "https://sqs.eu-west-1.amazonaws.com.attacker.io/123456789012/tidegate",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/tidegate.fifo",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/tidegate/",
    ],
)
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(Blocked, match="no standard queue's URL"):
        EventQueue(address, Callers(None))  # type: ignore[arg-type]


def test_a_poll_waits_shorter_than_an_answer_may_take() -> None:
    assert 0 < WAIT_SECONDS < READ_SECONDS


def test_messages_are_received_by_one_long_poll(sqs: Any) -> None:
    message = {"MessageId": "1", "Body": "{}", "ReceiptHandle": "r"}
    with Stubber(sqs) as stub:
        stub.add_response("receive_message", {"Messages": [message]}, ASKED)
        stub.add_response("receive_message", {}, ASKED)
        queue = a_queue(sqs)
        assert queue.receive() == [Message("1", "{}", "r")]
        assert queue.receive() == []


def test_messages_are_deleted_together(sqs: Any) -> None:
    entries = [{"Id": "0", "ReceiptHandle": "r"}, {"Id": "1", "ReceiptHandle": "s"}]
    with Stubber(sqs) as stub:
        reply = {
            "Successful": [{"Id": "0"}],
            "Failed": [{"Id": "1", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}],
        }
        stub.add_response("delete_message_batch", reply, {"QueueUrl": QUEUE, "Entries": entries})
        a_queue(sqs).delete([Message("1", "{}", "r"), Message("2", "{}", "s")])
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "status", "becomes", "ours"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", 400, Blocked, "queue.missing"),
        ("QueueDoesNotExist", 400, Blocked, "queue.missing"),
        ("AccessDenied", 403, Blocked, "aws.denied"),
        ("AccessDeniedException", 400, Blocked, "aws.denied"),
        ("OverLimit", 403, Transient, "aws.throttled"),
        ("RequestThrottled", 403, Transient, "aws.throttled"),
        ("KmsThrottled", 400, Transient, "aws.throttled"),
        ("KmsAccessDenied", 400, Blocked, "aws.denied"),
        ("InvalidAddress", 404, Blocked, "queue.missing"),
        ("InternalError", 500, Transient, "aws.unavailable"),
        ("ExpiredToken", 403, Blocked, "aws.credentials"),
    ],
)
def test_what_an_error_means(sqs: Any, code: str, status: int, becomes: type[TidegateError], ours: str) -> None:
    with Stubber(sqs) as stub:
        stub.add_client_error("receive_message", code, "said AWS", status)
        with pytest.raises(becomes) as raised:
            a_queue(sqs).receive()
    assert raised.value.code == ours
    assert QUEUE in str(raised.value)


class Broken:
    def receive_message(self, **_: Any) -> Mapping[str, Any]:
        raise ConnectTimeoutError(endpoint_url=QUEUE)

    def delete_message_batch(self, **_: Any) -> Mapping[str, Any]:
        raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "DeleteMessageBatch")


def test_no_answer_is_asked_for_again_later() -> None:
    queue = a_queue(Broken())
    with pytest.raises(Transient):
        queue.receive()
    with pytest.raises(Transient):
        queue.delete([Message("1", "{}", "r")])
