"""The last lines of a task's log, fit to be kept and shown."""

import re

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import GET_LOG_EVENTS
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.wire.definitions import log_stream

LINES = 20
LONGEST = 500
"""Characters of a line that are kept."""

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What moves a cursor, colours a terminal, or turns the reading order round."""

SECRETS = (
    (re.compile(r"(\w://[^\s:/@]*:)[^\s@/]+(@)"), r"\1[redacted]\2"),
    (
        re.compile(r"(?i)((?:password|passwd|secret|token|api[_-]?key)\w*[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]+"),
        r"\1[redacted]",
    ),
)
"""What programs print of their settings when they fail: passwords in addresses, and values with a telling name."""


class LogTail:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

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


def harmless(line: str) -> str:
    """
    >>> harmless("\\x1b[31mcannot reach postgresql://app:hunter2@db/captions\\n")
    'cannot reach postgresql://app:[redacted]@db/captions'
    """
    line = UNPRINTABLE.sub("", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line)).rstrip()
    for pattern, shown in SECRETS:
        line = pattern.sub(shown, line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
