"""The last lines of a task's log."""

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import GET_LOG_EVENTS
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.wire.definitions import log_stream
from controller.domain.errors import Blocked
from controller.domain.strangers import harmless

LINES = 20


class LogTail:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def allowed_lines(self, log_group: str, service: str, task: str) -> tuple[str, ...]:
        """None where the role may not read them: then it is told without them why a task has failed."""
        try:
            return self.lines(log_group, service, task)
        except Blocked:
            return ()

    def lines(self, log_group: str, service: str, task: str) -> tuple[str, ...]:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html: the last ones.

        Without a log group or stream there are none: the task never wrote a line.
        """
        stream = log_stream(service, task)
        asked = GET_LOG_EVENTS(
            {"logGroupName": log_group, "logStreamName": stream, "limit": LINES, "startFromHead": False}
        )
        try:
            reply = self._caller.read(asked, f"log {stream} in {log_group}")
        except Gone:
            return ()
        return tuple(harmless(event.get("message", "")) for event in reply["events"])
