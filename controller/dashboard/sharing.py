"""Parts of a page that are the same for everybody are drawn once for all pages that ask for them in the same second.

`live.js` says that it asks for live parts: of the answer it takes nothing else. So whoever it is for is left out.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from controller.dashboard.pages import HEADERS
from controller.dashboard.visiting import Visitor

ASKED = "X-Live-Parts"
MOST = 16


@dataclass
class _Drawing:
    """`body` is None until somebody has drawn it, who holds the lock meanwhile."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    body: bytes | None = None


class Shared:
    """Of one kind of page; the newest `most` are kept. Whoever asks for one that is being drawn waits for that one, and
    for no other."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, threading.Lock()
        self._drawings: OrderedDict[Hashable, _Drawing] = OrderedDict()

    def page(self, request: Request, visitor: Visitor, now: datetime, draw: Callable[[], Response]) -> Response:
        """`draw` is for nobody in particular, and raises what it can't draw: then the next one tries. Pages that know
        of another change, or ask in another second, are drawn anew."""
        drawing = self._drawing((request.url.path, request.url.query, visitor.since, int(now.timestamp())))
        with drawing.lock:
            if drawing.body is None:
                drawing.body = bytes(draw().body)
        return HTMLResponse(drawing.body, headers=dict(HEADERS))

    def _drawing(self, key: Hashable) -> _Drawing:
        """One that is dropped while it is drawn serves those who have it."""
        with self._lock:
            drawing = self._drawings.setdefault(key, _Drawing())
            while len(self._drawings) > self._most:
                self._drawings.popitem(last=False)
            return drawing
