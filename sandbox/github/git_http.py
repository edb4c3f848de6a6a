"""Git over HTTP as a route: reads the request, lets the desk do the work, announces what moved."""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.github import refs
from sandbox.github.desk import Desk
from sandbox.github.git.smart_http import GitReply, GitRequest, serve
from sandbox.github.people import Person
from sandbox.github.shapes.commits import split_identity
from sandbox.github.state import Repository, State

MAX_PUSH_BYTES = 256 * 2**20


def routes(desk: Desk) -> list[Route]:
    async def git(request: Request) -> Response:
        body = await request.body()
        path, credentials = request.path_params, request.headers.get("authorization", "")
        name = f"{path['owner']}/{path['repo']}"
        asked = GitRequest(request.method, f"/{path['path']}", request.url.query, dict(request.headers.items()), body)
        reply = await desk.do(lambda: _serve(desk.state, name, asked, credentials))
        return Response(reply.body, reply.status, dict(reply.headers))

    return [Route("/{owner}/{repo}.git/{path:path}", git, methods=["GET", "POST"])]


def _serve(state: State, name: str, request: GitRequest, credentials: str) -> GitReply:
    repository = state.repository(name)
    if repository is None:
        return GitReply(404, [("content-type", "text/plain")], f"Repository {name} not found".encode())
    if request.path != "/git-receive-pack":
        return serve(repository.git, request)
    before = repository.git.refs()
    reply = serve(repository.git, request)
    pusher = _signed_in(state, credentials) or _committer(state, repository, before)
    refs.announce(state, repository, before, pusher or state.people.everyone[0])
    return reply


def _signed_in(state: State, credentials: str) -> Person | None:
    """Whose token or login came with a push; git sends none unless it is asked, and nobody asks here."""
    user, _, password = _basic(credentials).partition(":")
    people = state.people
    return people.with_token(password) or people.with_token(user) or people.named(user)


def _committer(state: State, repository: Repository, before: refs.Refs) -> Person | None:
    """Who committed what a push brought, if that is somebody known here."""
    for ref, sha in repository.git.refs().items():
        if before.get(ref) != sha:
            return state.people.with_email(split_identity(repository.git.commit(repository.git.peel(sha)).committer)[1])
    return None


def _basic(credentials: str) -> str:
    scheme, _, value = credentials.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
