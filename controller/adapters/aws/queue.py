"""`ports.Queue`: an SQS queue, read with the controller's own credentials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import DELETE_MESSAGES, RECEIVE_MESSAGE
from controller.adapters.aws.session import Access, Callers
from controller.domain.arns import read_queue
from controller.domain.errors import Blocked
from controller.domain.ports import Message, Permit

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef

AT_ONCE = 10
WAIT_SECONDS = 5
"""Shorter than an answer may take, and than the ten seconds in which a controller that is told to stop has ended."""

HIDDEN_SECONDS = 60
"""For so long nobody else gets what was received: ten times what storing it may take."""

UNFENCED = Permit("", "", lambda: None)
"""Messages belong to no environment: there is no lease to lose."""


class EventQueue:
    def __init__(self, address: str, callers: Callers) -> None:
        """`address` is its URL, which says the account and the region; `Blocked` when it does not."""
        place = read_queue(address)
        if place is None:
            told = "wanted as in https://sqs.eu-west-1.amazonaws.com/123456789012/tidegate"
            raise Blocked(f"{address[:200]!r} is no standard queue's URL: {told}", code="settings.invalid")
        self._address = address
        self._caller: Caller = callers.of(Access(place.account, place.region))

    def receive(self) -> Sequence[Message]:
        """A long poll: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""
        asked = RECEIVE_MESSAGE(
            {
                "QueueUrl": self._address,
                "MaxNumberOfMessages": AT_ONCE,
                "WaitTimeSeconds": WAIT_SECONDS,
                "VisibilityTimeout": HIDDEN_SECONDS,
            }
        )
        reply = self._caller.change(asked, f"queue {self._address}", UNFENCED)
        return [Message(one["MessageId"], one["Body"], one["ReceiptHandle"]) for one in reply.get("Messages", ())]

    def delete(self, messages: Sequence[Message]) -> None:
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(messages)
        ]
        asked = DELETE_MESSAGES({"QueueUrl": self._address, "Entries": entries})
        self._caller.change(asked, f"queue {self._address}", UNFENCED)
