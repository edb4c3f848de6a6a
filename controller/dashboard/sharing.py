"""Parts of a page that are the same for everybody are drawn once for all pages that ask for them in the same second.

`live.js` says that it asks for live parts: of the answer it takes nothing else. So whoever it is for is left out.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from controller.dashboard.pages import HEADERS
from controller.dashboard.visiting import Visitor

ASKED = "X-Live-Parts"
MOST = 16


class Shared:
    """Of one kind of page. One is drawn at a time: whoever asks meanwhile for the same one waits for it."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, threading.Lock()
        self._drawn: OrderedDict[Hashable, bytes] = OrderedDict()

    def page(self, request: Request, visitor: Visitor, now: datetime, draw: Callable[[], Response]) -> Response:
        """`draw` is for nobody in particular, and raises what it can't draw. Pages that know of another change, or ask
        in another second, are drawn anew."""
        key = (request.url.path, request.url.query, visitor.since, int(now.timestamp()))
        with self._lock:
            if key not in self._drawn:
                self._drawn[key] = bytes(draw().body)
            while len(self._drawn) > self._most:
                self._drawn.popitem(last=False)
            return HTMLResponse(self._drawn[key], headers=dict(HEADERS))
