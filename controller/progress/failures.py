"""Why tasks stopped, as people read it."""

import json

from controller.domain.snapshot import TaskFailure

STOPPED_BY_ECS = (0, 143)
"""Exit codes of a program that did as it was told; its last words tell of the stop, not of the cause."""


def told(failure: TaskFailure) -> str:
    ended_by_itself = failure.exit_code not in {None, *STOPPED_BY_ECS}
    last = f"; its last words: {gist(failure.log_lines[-1])}" if failure.log_lines and ended_by_itself else ""
    return f"{failure.explanation}{last}"


def gist(line: str) -> str:
    """What a log line says to people: of a JSON object the event and the reason, of anything else all of it.

    >>> gist('{"level": "error", "event": "cannot start", "reason": "no database"}')
    'cannot start: no database'
    """
    try:
        told = json.loads(line)
    except ValueError:
        return line
    if not isinstance(told, dict):
        return line
    said = [told[key] for key in ("event", "message", "msg", "error", "reason") if isinstance(told.get(key), str)]
    return ": ".join(said) or line
