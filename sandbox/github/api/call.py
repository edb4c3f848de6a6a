"""What a REST handler gets and what it may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.github.errors import ApiError
from sandbox.github.links import Links
from sandbox.github.people import Person
from sandbox.github.state import Repository, State

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request: who asks, for what, with which parameters."""

    state: State
    links: Links
    by: Person
    address: str
    """The asked address, without its query."""
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: Json
    headers: Mapping[str, str]
    app_id: int | None = None
    """The App that asks in its own name."""
    installed_app_id: int | None = None
    """The App whose installation asks."""

    @property
    def repository(self) -> Repository:
        found = self.state.repository(f"{self.path['owner']}/{self.path['repo']}")
        if found is None:
            raise ApiError.not_found()
        return found

    def require_repository(self) -> None:
        """ApiError 404 when the path names a repository that is not there."""
        _ = self.repository

    def needs(self, *names: str) -> tuple[Any, ...]:
        """Fields of the body that must be there; ApiError 422 names the first that is not."""
        for name in names:
            if self.body.get(name) in (None, ""):
                raise ApiError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return tuple(self.body[name] for name in names)


@dataclass(frozen=True)
class Reply:
    """An answer with another status than 200, or that is not JSON."""

    status: int
    body: Any = None
    raw: bytes | None = None
    headers: Json = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Page:
    """A list of which the caller gets one page.

    `shape` is applied to that page's items only. `key` wraps the list as {total_count, key: [...]}.
    """

    items: Sequence[Any]
    shape: Callable[[Any], Json]
    key: str | None = None
    extra: Json = field(default_factory=dict)


Handler = Callable[[Call], Any]
Rest = tuple[str, str, Handler]
