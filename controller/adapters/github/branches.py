"""Heads of all branches, asked for so that an answer that has not changed costs nothing of the rate limit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from github.Requester import Requester

PER_PAGE = 100
HEADS = "refs/heads/"
NEXT_PAGE = re.compile(r'<([^>]+)>; *rel="next"')
"""https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""


@dataclass(frozen=True)
class Page:
    """One page as it was last answered. `following` is the address of the next one."""

    etag: str
    heads: Mapping[str, str]
    following: str | None

    @property
    def may_be_kept(self) -> bool:
        """A full page that was the last one looks the same when another one comes after it."""
        return bool(self.etag) and (self.following is not None or len(self.heads) < PER_PAGE)


class Branches:
    """Pages by their address, for all threads.

    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api (conditional requests)
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: dict[str, Page] = {}

    def heads(self, requester: Requester, repository: str) -> dict[str, str]:
        """https://docs.github.com/en/rest/git/refs#list-matching-references: branch → sha."""
        found: dict[str, str] = {}
        address: str | None = f"/repos/{repository}/git/matching-refs/heads/?per_page={PER_PAGE}"
        while address is not None:
            page = self._page(requester, address)
            found.update(page.heads)
            address = page.following
        return found

    def _page(self, requester: Requester, address: str) -> Page:
        with self._lock:
            known = self._pages.get(address)
        condition = {"If-None-Match": known.etag} if known is not None and known.may_be_kept else {}
        headers, refs = requester.requestJsonAndCheck("GET", address, headers=condition)
        if refs is None and known is not None:  # 304: not modified
            return known
        page = _read(headers, refs)
        with self._lock:
            self._pages[address] = page
        return page


def _read(headers: Mapping[str, str], refs: list[Mapping[str, Mapping[str, str]]]) -> Page:
    following = NEXT_PAGE.search(headers.get("link", ""))
    heads = {str(ref["ref"]).removeprefix(HEADS): ref["object"]["sha"] for ref in refs}
    return Page(headers.get("etag", ""), heads, following[1] if following else None)
