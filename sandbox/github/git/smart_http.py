"""Git's smart HTTP protocol over one repository, one buffered request at a time.

Bodies are complete before the repository is touched, so a slow client never holds it.
https://git-scm.com/docs/http-protocol
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dulwich.errors import HookError
from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend
from dulwich.web import make_wsgi_chain

from sandbox.github.git.store import NO_OBJECT, GitStore


@dataclass(frozen=True)
class GitRequest:
    """One HTTP request below a repository's address; `path` starts with a slash, header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class GitReply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class UnmovedRef:
    """An update hook that refuses a ref which moved after the client looked.

    Without it dulwich leaves such a ref alone and still reports `ok` to the client.
    """

    def __init__(self, repo: Repo) -> None:
        self._repo = repo

    def execute(self, ref: bytes, old: bytes, new: bytes) -> tuple[bytes, bytes]:
        found = self._repo.get_refs().get(ref, NO_OBJECT.encode())  # type: ignore[call-overload]
        if found != old:
            raise HookError(f"fetch first: the ref is at {found.decode()[:12]}, you expected {old.decode()[:12]}")
        return b"", b""


def serve(git: GitStore, request: GitRequest) -> GitReply:
    """Answer a clone, fetch or push. Refs move inside this call; compare before and after to learn how."""
    body = io.BytesIO()
    started: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:
        started.update(status=int(status.partition(" ")[0]), headers=headers)
        return body.write

    git.repo.hooks["update"] = UnmovedRef(git.repo)  # type: ignore[assignment]
    repositories: dict[str, BackendRepo] = {"/": git.repo}
    chain = make_wsgi_chain(DictBackend(repositories))
    chunks: Iterable[bytes] = chain(_environ(request), start_response)
    for chunk in chunks:
        body.write(chunk)
    return GitReply(started["status"], started["headers"], body.getvalue())


def _environ(request: GitRequest) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": io.BytesIO(request.body),
    }
    if encoding := request.headers.get("content-encoding"):
        environ["HTTP_CONTENT_ENCODING"] = encoding
    return environ
