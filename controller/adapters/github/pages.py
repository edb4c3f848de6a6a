"""Lists that GitHub hands out in pages, asked for so that a page that has not changed costs nothing of the rate limit.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api (conditional requests)
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from github.Requester import Requester

from controller.adapters.github.errors import Unreadable

PER_PAGE = 100
"""The most that GitHub gives; an address asks for it."""

NEXT_PAGE = re.compile(r'<([^>]+)>; *rel="next"')
"""https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Page(Generic[Entry]):
    """One page as it was last answered. `following` is the address of the next one."""

    etag: str
    entries: Sequence[Entry]
    following: str | None

    @property
    def may_be_kept(self) -> bool:
        """A full page that was the last one looks the same when another one comes after it."""
        return bool(self.etag) and (self.following is not None or len(self.entries) < PER_PAGE)


class Pages(Generic[Entry]):
    """Pages by their address, for all threads; only the `kept` that were asked for last.

    `read` makes one entry of each that a page's body has, and may fail as reading an unknown shape does.
    """

    def __init__(self, read: Callable[[Any], Sequence[Entry]], kept: int) -> None:
        self._read, self._kept = read, kept
        self._lock = Lock()
        self._pages: OrderedDict[str, Page[Entry]] = OrderedDict()

    def entries(self, requester: Requester, address: str) -> list[Entry]:
        """All of the list whose first page is at `address`. Raises what PyGithub raises, and `Unreadable`."""
        return [entry for page in self.walk(requester, address) for entry in page]

    def walk(self, requester: Requester, address: str) -> Iterator[Sequence[Entry]]:
        """Page after page, each asked for when it is wanted."""
        following: str | None = address
        while following is not None:
            page = self._page(requester, following)
            yield page.entries
            following = page.following

    def _page(self, requester: Requester, address: str) -> Page[Entry]:
        with self._lock:
            known = self._pages.get(address)
        condition = {"If-None-Match": known.etag} if known is not None and known.may_be_kept else {}
        headers, body = requester.requestJsonAndCheck("GET", address, headers=condition)
        page = self._understood(address, headers, body) if known is None or body is not None else known  # 304
        self._keep(address, page)
        return page

    def _understood(self, address: str, headers: Mapping[str, str], body: Any) -> Page[Entry]:
        try:
            entries = tuple(self._read(body))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Unreadable(f"{address}: {type(error).__name__}: {error}") from error
        following = NEXT_PAGE.search(headers.get("link", ""))
        return Page(headers.get("etag", ""), entries, following[1] if following else None)

    def _keep(self, address: str, page: Page[Entry]) -> None:
        with self._lock:
            self._pages[address] = page
            self._pages.move_to_end(address)
            while len(self._pages) > self._kept:
                self._pages.popitem(last=False)
