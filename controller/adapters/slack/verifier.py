"""Is a request really Slack's? slack_sdk's check, so that nothing in a header or a body can break it.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from collections.abc import Sequence

from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from controller.domain.ports import Clock


class SlackSignatures:
    """Under any of the accepted secrets: two overlap while one is exchanged. Older than five minutes is never Slack's.

    `ValueError` for no secret, or an empty one.
    """

    def __init__(self, secrets: Sequence[str], clock: Clock) -> None:
        if not secrets or not all(secret.strip() for secret in secrets):
            raise ValueError("Slack's signing secret: none given, or an empty one")
        self._verifiers = [SignatureVerifier(secret, _Now(clock)) for secret in secrets]

    def is_slacks(self, body: bytes, timestamp: str, signature: str) -> bool:
        """slack_sdk raises for a timestamp that is no number, and for a signature that is not ASCII: those are not
        Slack's either."""
        if not timestamp.isascii() or not timestamp.isdecimal() or not signature.isascii():
            return False
        try:
            found = [verifier.is_valid(body, timestamp, signature) for verifier in self._verifiers]
        except (TypeError, ValueError, OverflowError):
            return False
        return True in found


class _Now(SlackClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()
