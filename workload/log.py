"""One JSON object a line on stdout: what CloudWatch Logs Insights and `jq` read without a parser."""

import json
import logging
import sys
from datetime import UTC, datetime

from workload.version import Identity


class JsonLines(logging.Formatter):
    """Renders a record and its `fields` (given as `extra={"fields": {...}}`) as one line."""

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._who = {"service": identity.name, "version": identity.version}

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **self._who,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(identity: Identity, level: str) -> None:
    """Send our events from `level` on, and the libraries' warnings, to stdout as JSON lines.

    What uvicorn says about its own start and stop is left out: `serve` tells the same in our words.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(identity))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("workload").setLevel(level)
