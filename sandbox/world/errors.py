"""How a call can end other than with an answer."""

from __future__ import annotations


class AwsError(Exception):
    """An error answer, as the caller sees it: `code` is what boto3 shows as `Error.Code`."""

    def __init__(self, code: str, message: str, http_status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status

    @property
    def fault(self) -> str:
        """Whose it is."""
        return "Sender" if self.http_status < 500 else "Receiver"


class CallLost(Exception):
    """No answer reached the caller; whether the call took effect, only the world knows."""

    def __init__(self, service: str, operation: str, took_effect: bool) -> None:
        super().__init__(f"no answer to {service} {operation}")
        self.service = service
        self.operation = operation
        self.took_effect = took_effect
