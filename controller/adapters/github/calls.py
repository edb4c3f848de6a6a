"""Single requests to GitHub, for what PyGithub's own objects say in too many: one attempt each, errors in our words.

While GitHub wants to be left alone, no repository of the same owner is asked about at all.
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock
from typing import Any, TypeVar

from github.Requester import Requester

from controller.adapters.github.errors import CONTENTS, RATE_LIMIT, Count, Unreadable, translated, unheard
from controller.adapters.github.pages import Pages
from controller.adapters.github.sign_in import App, Credentials, SignedIn
from controller.domain.errors import Transient
from controller.domain.ports import Clock

Entry = TypeVar("Entry")


class Calls:
    """Safe to use from many threads. `is_app`: whether it is an App's installation that asks."""

    def __init__(self, url: str, credentials: Credentials, clock: Clock, count: Count = unheard) -> None:
        self._signed_in, self._clock, self._count = SignedIn(url, credentials), clock, count
        self.is_app = isinstance(credentials, App)
        self._lock = Lock()
        self._not_before: dict[str, float] = {}

    def send(
        self,
        verb: str,
        repository: str,
        path: str,
        attempted: str,
        right: str = CONTENTS,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """What GitHub answers to `/repos/REPOSITORY/PATH`; a path that begins with a slash is asked for as it is, and
        without a repository by the App itself."""
        address = path if path.startswith("/") else f"/repos/{repository}/{path}"
        with self._asking(repository, attempted, right):
            requester = self._requester(repository)
            _, answer = requester.requestJsonAndCheck(verb, address, input=dict(body) if body is not None else None)
            return answer

    def ask(self, repository: str, path: str, attempted: str, right: str = CONTENTS) -> tuple[dict[str, str], Any]:
        """Headers, their names in lower case, and what is answered."""
        with self._asking(repository, attempted, right):
            headers, answer = self._requester(repository).requestJsonAndCheck("GET", f"/repos/{repository}{path}")
            return {str(name).lower(): str(value) for name, value in headers.items()}, answer

    def make(self, repository: str, path: str, attempted: str, right: str, body: Mapping[str, Any]) -> int:
        """The number that GitHub gives to what was made of `body`."""
        with self._asking(repository, attempted, right):
            requester = self._signed_in.client(repository).requester
            _, answer = requester.requestJsonAndCheck("POST", f"/repos/{repository}/{path}", input=dict(body))
            found = answer.get("id") if isinstance(answer, Mapping) else None
            if not isinstance(found, int):
                raise Unreadable("no number in what was answered")
            return found

    def entries(
        self, pages: Pages[Entry], repository: str, path: str, attempted: str, right: str = CONTENTS
    ) -> list[Entry]:
        """All of a list, page by page; what has not changed since costs nothing."""
        address = path if path.startswith("/") else f"/repos/{repository}/{path}"
        with self._asking(repository, attempted, right):
            return pages.entries(self._requester(repository), address)

    def _requester(self, repository: str) -> Requester:
        return self._signed_in.client(repository).requester if repository else self._signed_in.app()

    @contextmanager
    def _asking(self, repository: str, attempted: str, right: str) -> Iterator[None]:
        owner = repository.partition("/")[0].lower()
        with self._lock:
            left = self._not_before.get(owner, 0.0) - self._clock.monotonic()
        if left > 0:
            raise Transient(
                f"{attempted}: GitHub wants to be left alone for {left:.0f} seconds. It is tried again by itself.",
                code=RATE_LIMIT,
                retry_after=timedelta(seconds=left),
            )
        try:
            with translated(attempted, self._clock, right, count=self._count):
                yield
        except Transient as error:
            if error.code == RATE_LIMIT:
                with self._lock:
                    self._not_before[owner] = self._clock.monotonic() + error.retry_after.total_seconds()
            raise
