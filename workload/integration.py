"""Asks the environment that it runs in for a caption, the way its users do: `python -m workload.integration`.

Exit status 0 when every answer is as it should be, 1 when one is not, 2 when nobody said where to ask: that is
TIDEGATE_TARGET, which Tidegate sets for a task of `verify`.
"""

import json
import logging
import os
import sys
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from workload import log
from workload.version import Identity

logger = logging.getLogger("workload.integration")
TIMEOUT_SECONDS = 10.0


def ready(target: str) -> str:
    """What is wrong with `/ready`; empty when nothing is."""
    _asked(f"{target}/ready")
    return ""


def captions(target: str) -> str:
    """What is wrong with a caption; empty when nothing is."""
    answer = _asked(f"{target}/api/generate-captions", {"description": "a tide gate at dawn", "hashtags": 2})
    tags = answer.get("hashtags")
    return "" if answer.get("caption") and isinstance(tags, list) else f"no caption in {json.dumps(answer)[:200]}"


CHECKS: Mapping[str, Callable[[str], str]] = {"ready": ready, "captions": captions}


def main() -> int:
    log.configure(Identity.of("captioncraft-integration"), "INFO")
    target = os.environ.get("TIDEGATE_TARGET", "").rstrip("/")
    if not target.startswith(("http://", "https://")):
        logger.error("nothing to ask", extra={"fields": {"reason": "TIDEGATE_TARGET is no address"}})
        return 2
    return 1 if [name for name in CHECKS if not _passes(name, target)] else 0


def _passes(name: str, target: str) -> bool:
    try:
        wrong = CHECKS[name](target)
    except (OSError, ValueError) as error:
        wrong = str(error)
    if wrong:
        logger.error("check failed", extra={"fields": {"check": name, "reason": wrong}})
    else:
        logger.info("check passed", extra={"fields": {"check": name}})
    return not wrong


def _asked(url: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
    """The JSON answer; OSError for any status that is no success."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - http or https only
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310
        found: Any = json.load(reply)
    return found if isinstance(found, dict) else {"answer": found}


if __name__ == "__main__":
    sys.exit(main())
