"""Log lines, as people read them."""

import json


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
