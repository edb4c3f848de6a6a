"""`ports.Mailing`: an SNS topic, published to with the controller's own credentials."""

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import PUBLISH
from controller.adapters.aws.session import Access, Callers
from controller.domain.arns import read_arn
from controller.domain.errors import Blocked
from controller.domain.ports import Permit

UNFENCED = Permit("", "", lambda: None)
"""What is told belongs to no environment: there is no lease to lose."""


class Topic:
    def __init__(self, arn: str, callers: Callers) -> None:
        """`Blocked` for what is no topic's ARN."""
        found = read_arn(arn)
        if found is None or found.service != "sns" or not found.region or not found.resource:
            told = "wanted as in arn:aws:sns:eu-west-1:123456789012:deployments"
            raise Blocked(f"{arn[:200]!r} is no topic's ARN: {told}", code="settings.invalid")
        self._arn = arn
        self._caller: Caller = callers.of(Access(found.account, found.region))

    def publish(self, subject: str, text: str) -> None:
        """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
        asked = PUBLISH({"TopicArn": self._arn, "Subject": subject, "Message": text})
        self._caller.change(asked, f"topic {self._arn}", UNFENCED)
