"""The exact request to SNS, and what its errors mean."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.mailing import Topic
from controller.adapters.aws.session import CHANGING, Access
from controller.domain.errors import Blocked, Transient

ARN = "arn:aws:sns:eu-west-1:123456789012:deployments"
ASKED = {"TopicArn": ARN, "Subject": "Tidegate prod: failed", "Message": "it failed\n"}


class Callers:
    """Whoever asks gets the one caller; `asked` is for what."""

    def __init__(self, client: Any) -> None:
        self.asked: list[Access] = []
        self._client = client

    def of(self, access: Access) -> Caller:
        self.asked.append(access)
        return Caller(self)

    def client(self, service: str, changes: bool) -> Any:
        assert (service, changes) == ("sns", True), "an answer that is lost is not asked for again by itself"
        return self._client


@pytest.fixture
def sns() -> Any:
    session = botocore.session.get_session()
    return session.create_client("sns", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x", config=CHANGING)


def a_topic(client: Any) -> Topic:
    return Topic(ARN, Callers(client))  # type: ignore[arg-type]


def test_it_is_published_where_the_arn_says_with_the_controllers_own_credentials() -> None:
    callers = Callers(None)
    Topic(ARN, callers)  # type: ignore[arg-type]
    assert callers.asked == [Access("123456789012", "eu-west-1")]


def test_a_letter_is_one_message_with_a_subject(sns: Any) -> None:
    with Stubber(sns) as stubber:
        stubber.add_response("publish", {"MessageId": "m-1"}, ASKED)
        a_topic(sns).publish("Tidegate prod: failed", "it failed\n")
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("Throttled", 429, Transient),
        ("InternalError", 500, Transient),
        ("AuthorizationError", 403, Blocked),
        ("NotFound", 404, Blocked),
        ("InvalidParameter", 400, Blocked),
    ],
)
def test_each_error_means_something(sns: Any, code: str, status: int, error: type[Exception]) -> None:
    stubber = Stubber(sns)
    stubber.add_client_error("publish", code, "no", status)
    with stubber, pytest.raises(error):
        a_topic(sns).publish("Tidegate prod: failed", "it failed\n")


def test_no_answer_comes_again(sns: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def silence(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://sns.eu-west-1.amazonaws.com")

    monkeypatch.setattr(sns, "publish", silence)
    with pytest.raises(Transient):
        a_topic(sns).publish("Tidegate prod: failed", "it failed\n")


@pytest.mark.parametrize(
    "arn", ["", "deployments", "arn:aws:sqs:eu-west-1:123456789012:x", "arn:aws:sns::123456789012:x"]
)
def test_what_is_no_topic_is_said_at_the_start(arn: str) -> None:
    with pytest.raises(Blocked):
        Topic(arn, Callers(None))  # type: ignore[arg-type]
