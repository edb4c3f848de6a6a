"""A thousand environments out of one: rows that are copies, and a stand-in for AWS and GitHub that answers for all.

One environment is really deployed, by the controller's own rooms on the sandbox's AWS. Every other one is the same
under another name: a request about it is answered as the request about the first would be, with its name, and its
account, put in. So each answer is as long and as true as the sandbox's, and the stand-in needs the memory of one.
"""

import asyncio
import hashlib
import hmac
import json
import re
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import create_engine, insert, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from controller.store.tables import DeploymentRow, EnvironmentRow, RevisionRow, SightingRow
from sandbox.wire.exchange import exchange
from sandbox.wire.front import Front
from tests.support.outside import ACCOUNT
from tests.support.processes import free_port, until
from tests.support.stage import Stage

FIRST = "captioncraft-dev"
BRANCHES = ("develop", "staging", "main")
ACCOUNTS = 10
ROLE = """\
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>{until}</Expiration></Credentials></AssumeRoleResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"""


def stack(number: int) -> str:
    return f"captioncraft-{number:04d}"


def account(number: int) -> str:
    return f"99999999900{number % ACCOUNTS}"


def bindings(size: int) -> str:
    """Three environments in a repository, a hundred in an account, and a role for each."""
    lines = ["environments:"]
    for number in range(size):
        role = f"arn:aws:iam::{account(number)}:role/tidegate-{number:04d}"
        place = f'{{account: "{account(number)}", region: eu-west-1, stack: {stack(number)}, role: "{role}"}}'
        lines += [
            f"  e{number:04d}:",
            f"    repository: acme/app-{number // 3:03d}",
            f"    branch: {BRANCHES[number % 3]}",
            f"    aws: {place}",
        ]
    return "\n".join(lines) + "\n"


def settled_stage(directory: Path, url: str = "") -> Stage:
    """One environment, live and at rest."""
    stage = Stage(directory, url=url)
    stage.push(content="first")
    stage.settle()
    return stage


def multiply(url: str, size: int) -> str:
    """Copy every row of dev that an environment at rest has; the commit that is recorded for all of them."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for table in (EnvironmentRow, RevisionRow, DeploymentRow, SightingRow):
            key = "name" if table is EnvironmentRow else "environment"
            columns = [column for column in table.metadata.tables[table.__tablename__].c if column.name != "seq"]
            for row in connection.execute(select(*columns)).mappings().all():
                copies = [_renamed(dict(row), key, number) for number in range(size)]
                connection.execute(insert(table), copies)
    engine.dispose()
    return f"{1:040x}"


def _renamed(row: dict[str, Any], key: str, number: int) -> dict[str, Any]:
    name = f"e{number:04d}"
    own = {key: name} | ({"id": f"{name}-1"} if "id" in row else {})
    return {column: _in_words_of(value, name, number) for column, value in row.items()} | own


def _in_words_of(value: Any, name: str, number: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    text = json.dumps(value).replace(FIRST, stack(number)).replace(ACCOUNT, account(number))
    return json.loads(text.replace("environment: dev", f"environment: {name}").replace("dev-1", f"{name}-1"))


class StandIn:
    """Answers on one port for AWS and GitHub, and counts what it was asked."""

    def __init__(self, stage: Stage, head: str) -> None:
        self._front, self._head = Front(stage.aws), head
        self.asked: Counter[str] = Counter()
        self.looked_at: set[int] = set()
        self._answered: set[tuple[str, str]] = set()
        self.port = free_port()
        routes = [
            Route("/", self._aws, methods=["POST"]),
            Route("/github/{rest:path}", self._github, methods=["GET"]),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=self.port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self._thread.start()
        until("the stand-in answers", lambda: self._server.started, [], 30)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    async def _aws(self, request: Request) -> Response:
        body = await request.body()
        if b"Action=AssumeRole" in body:
            self.asked["aws sts AssumeRole"] += 1
            over = datetime.now(UTC) + timedelta(hours=1)
            return Response(ROLE.format(key=f"ASIA{'0' * 16}", until=over.isoformat()), media_type="text/xml")
        named = re.search(rb"captioncraft-(\d{4})", body)
        number = int(named[1]) if named else 0
        inner = body.replace(stack(number).encode(), FIRST.encode()).replace(account(number).encode(), ACCOUNT.encode())
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = exchange(self._front, headers, inner)
        operation = _operation(headers, body)
        self.asked[f"aws {operation}"] += 1
        if operation == "DescribeServices":
            self.looked_at.add(number)
        answer = reply.body.replace(FIRST.encode(), stack(number).encode())
        answer = answer.replace(ACCOUNT.encode(), account(number).encode())
        return Response(answer, reply.status, dict(reply.headers), media_type=reply.content_type)

    async def _github(self, request: Request) -> Response:
        """https://docs.github.com/en/rest/git/refs#list-matching-references,
        https://docs.github.com/en/rest/pulls/pulls#list-pull-requests (there are none) and
        https://docs.github.com/en/rest/branches/branches#get-a-branch"""
        if request.headers.get("if-none-match") == '"same"':
            self.asked["github 304"] += 1
            return Response(status_code=304, headers={"etag": '"same"'})
        path = request.url.path
        is_new = (path, request.url.query) not in self._answered
        self._answered.add((path, request.url.query))
        self.asked["github, the first time" if is_new else "github, and it counts"] += 1
        if "/branches/" in path:
            person = {"name": "Ada", "email": "ada@example.com", "date": "2026-11-21T12:00:00Z"}
            git = {"author": person, "committer": person, "message": "First", "tree": {"sha": self._head}}
            commit = {"sha": self._head, "commit": git, "author": None}
            return _shown({"name": path.rpartition("/")[2], "commit": commit})
        if path.endswith("/matching-refs/heads/"):
            object_ = {"type": "commit", "sha": self._head}
            return _shown([{"ref": f"refs/heads/{one}", "object": object_} for one in BRANCHES], etag='"same"')
        return _shown([], etag='"same"') if path.endswith("/pulls") else Response(status_code=404)


def _shown(body: Any, **headers: str) -> Response:
    return Response(json.dumps(body), headers=headers, media_type="application/json")


def _operation(headers: dict[str, str], body: bytes) -> str:
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    action = re.search(rb"Action=(\w+)", body)
    return target or (action[1].decode() if action else "?")


def wake_everybody(port: int, secret: str, size: int) -> None:
    """A signed push for each environment: every one of them is looked at, and what a look leaves in memory is there."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        for number in range(size):
            repository = {"full_name": f"acme/app-{number // 3:03d}"}
            push = {"ref": f"refs/heads/{BRANCHES[number % 3]}", "after": "1" * 40, "repository": repository}
            body = json.dumps(push).encode()
            headers = {
                "Content-Type": "application/json",
                "X-GitHub-Event": "push",
                "X-GitHub-Delivery": str(uuid.UUID(int=number)),
                "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
            }
            client.post("/webhooks/github", content=body, headers=headers).raise_for_status()


@contextmanager
def a_stand_in(stage: Stage, head: str) -> Iterator[StandIn]:
    running = StandIn(stage, head)
    try:
        yield running
    finally:
        running.close()
