"""The only way to AWS: a declared call, its parameters, and what it is about."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, cast

import botocore
from botocore.exceptions import BotoCoreError, ClientError

from controller.adapters.aws.calls import Reply, Request
from controller.adapters.aws.errors import from_answer, from_silence
from controller.domain.errors import TidegateError
from controller.domain.ports import Permit


class Clients(Protocol):
    """Where clients come from: one for reading and one for changing, for each service."""

    def client(self, service: str, changes: bool) -> Any: ...


Count = Callable[[str, str], None]
"""Hears of each call: the service, and how it ended: `done`, or the kind of the error."""


def unheard(service: str, outcome: str) -> None:
    """Where nobody counts."""


class Caller:
    """Sends calls to one account and region, as one role. `about` names the thing, for the error message."""

    def __init__(self, clients: Clients, count: Count = unheard) -> None:
        self._clients, self._count = clients, count

    def read(self, request: Request[Reply], about: str) -> Reply:
        assert not request.call.changes, f"{request.call.operation} changes something: it needs a permit"
        return self._send(request, about)

    def pages(self, request: Request[Reply], about: str) -> Iterator[Reply]:
        """Every page of an answer; a caller that stops early sends no more requests."""
        assert request.call.pages is not None, f"{request.call.operation} has no pages"
        asked, answered = request.call.pages
        following: Any = None
        while True:
            token = {asked: following} if following else {}
            reply = self.read(replace(request, parameters={**request.parameters, **token}), about)
            yield reply
            following = cast("Mapping[str, Any]", reply).get(answered)
            if not following:
                return

    def change(self, request: Request[Reply], about: str, permit: Permit, hidden: Iterable[str] = ()) -> Reply:
        """One attempt, right after the permit was checked. `hidden` are secrets that an error must not repeat."""
        assert request.call.changes, f"{request.call.operation} changes nothing: it needs no permit"
        permit.check()
        return self._send(request, about, hidden)

    def _send(self, request: Request[Reply], about: str, hidden: Iterable[str] = ()) -> Reply:
        try:
            reply = self._sent(request, about, hidden)
        except TidegateError as error:
            self._count(request.call.service, type(error).__name__.lower())
            raise
        self._count(request.call.service, "done")
        return reply

    def _sent(self, request: Request[Reply], about: str, hidden: Iterable[str]) -> Reply:
        call = request.call
        attempted = f"{call.service} {call.operation} for {about}"
        client = self._clients.client(call.service, call.changes)
        method = getattr(client, botocore.xform_name(call.operation))
        try:
            return cast("Reply", method(**request.parameters))
        except ClientError as error:
            raise from_answer(error, attempted, hidden) from error
        except BotoCoreError as error:
            ours = from_silence(error, attempted)
            if ours is None:
                raise
            raise ours from error
