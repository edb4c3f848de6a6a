"""The HTTP API as questions. Answers are JSON values; a refusal is an error that knows its exit code."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from controller.cli.endpoint import Endpoint
from controller.cli.http import TIMEOUT_SECONDS, Asked, NoReply, Reply, Send
from controller.cli.saying import NO, UNREACHABLE, WRONG_USE

LONGEST_SECONDS = 1800.0
"""For what the controller has to work on: a million entries of audit take a minute or more."""

FIELDS_ARE_WRONG = frozenset({"body.invalid", "query.invalid"})


class Refusal(Exception):
    """What the API said no with; `code` is the exit code, `status` 0 when nobody answered, `problem` the API's own code
    for it."""

    def __init__(self, code: int, sentence: str, status: int = 0, problem: str = "") -> None:
        super().__init__(sentence)
        self.code, self.status, self.problem = code, status, problem


class Client:
    def __init__(self, endpoint: Endpoint, send: Send) -> None:
        self._endpoint, self._send = endpoint, send

    def environments(self) -> list[dict[str, Any]]:
        return list(self._get("/environments")["items"])

    def environment(self, name: str) -> dict[str, Any]:
        return self._get(f"/environments/{_part(name)}")

    def plan(self, name: str) -> dict[str, Any]:
        return self._get(f"/environments/{_part(name)}/plan")

    def explanation(self, name: str) -> dict[str, Any]:
        return self._get(f"/environments/{_part(name)}/explain")

    def candidates(self, name: str) -> Any:
        return self._get(f"/environments/{_part(name)}/candidates")

    def deployments(self, **query: object) -> dict[str, Any]:
        return self._get("/deployments", query)

    def deployment(self, deployment_id: str) -> dict[str, Any]:
        return self._get(f"/deployments/{_part(deployment_id)}")

    def delivery(self, **query: object) -> dict[str, Any]:
        return self._get("/delivery", query)

    def order(self, number: int) -> dict[str, Any]:
        return self._get(f"/orders/{number}")

    def audit_verification(self, anchors: Sequence[Mapping[str, object]] | None) -> dict[str, Any]:
        """Compared with anchors where some are given."""
        if anchors is None:
            return self._ask("GET", "/audit/verification", seconds=LONGEST_SECONDS)
        return self._ask("POST", "/audit/comparison", json.dumps({"anchors": anchors}).encode(), LONGEST_SECONDS)

    def leave_order(self, environment: str, body: Mapping[str, object]) -> int:
        """Asked once more where no answer came: under its key it is one order."""
        path = f"/environments/{_part(environment)}/orders"
        told = json.dumps({**body, "idempotency_key": secrets.token_urlsafe(12)}).encode()
        try:
            return int(self._ask("POST", path, told)["id"])
        except Refusal as refusal:
            if refusal.status:
                raise
        return int(self._ask("POST", path, told)["id"])

    def answer_approval(self, deployment_id: str, body: Mapping[str, object]) -> int:
        path = f"/deployments/{_part(deployment_id)}/approvals"
        return int(self._ask("POST", path, json.dumps(body).encode())["id"])

    def _get(self, path: str, query: Mapping[str, object] | None = None) -> dict[str, Any]:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(given)}" if given else path)

    def _ask(
        self, method: str, path: str, body: bytes | None = None, seconds: float = TIMEOUT_SECONDS
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._endpoint.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            reply = self._send(Asked(method, f"{self._endpoint.api}{path}", headers, body, seconds))
        except NoReply as error:
            told = f"the controller at {self._endpoint.api} can't be reached: {error}"
            raise Refusal(UNREACHABLE, told) from error
        return self._answer(reply)

    def _answer(self, reply: Reply) -> dict[str, Any]:
        try:
            found = json.loads(reply.body)
        except ValueError:
            found = None
        if 200 <= reply.status < 300 and isinstance(found, dict):
            return found
        if not isinstance(found, dict) or "detail" not in found:
            told = f"{self._endpoint.api} answered {reply.status}, and not as a controller does"
            raise Refusal(UNREACHABLE, told, reply.status)
        raise _refusal(reply.status, found)


def _refusal(status: int, problem: Mapping[str, Any]) -> Refusal:
    told = _told(problem)
    if status == 401:
        return Refusal(UNREACHABLE, f"the controller doesn't take this token: {told}", status)
    if status >= 500:
        return Refusal(UNREACHABLE, f"{told} (correlation id {problem.get('correlation_id', '?')})", status)
    return Refusal(WRONG_USE if status in {400, 413, 422} else NO, told, status, str(problem.get("code", "")))


def _told(problem: Mapping[str, Any]) -> str:
    """What is wrong with fields that a person typed is said of the fields: nobody here knows of a body."""
    errors = problem.get("errors", ())
    if problem.get("code") in FIELDS_ARE_WRONG and errors:
        return "\n".join(errors)
    return "".join([problem["detail"], *(f"\n  {line}" for line in errors)])


def _part(name: str) -> str:
    """One segment of a path: dots alone would name another one."""
    return quote(name, safe="").replace(".", "%2E") if set(name) <= {"."} else quote(name, safe="")
