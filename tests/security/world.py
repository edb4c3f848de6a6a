"""All doors as `app.py` puts them together, over rows of our own, with a GitHub and a Slack that are objects here.

Only the edges are fakes: who there is on GitHub, what Slack is sent, the clock. Routes, middleware, settings, rights
and rows are the product's.
"""

import asyncio
import hashlib
import hmac
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlencode

from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.types import Message

from controller import app as assembling
from controller.adapters.aws.session import Callers
from controller.domain.approval import Glass
from controller.domain.bindings import Binding
from controller.domain.errors import Blocked, Transient
from controller.domain.people import Permission, Person, Role, Rules
from controller.domain.ports import Cloud, Said, SignInBegun
from controller.domain.secret import Secret
from controller.domain.telling import Telling
from controller.inbox.doorkeeper import Doorkeeper, form_token
from controller.links import Links
from controller.loop.world import World
from controller.polls import Polls
from controller.settings import Settings
from controller.store import Store
from tests.support.builders import a_binding
from tests.support.rows import NoonClock, fill
from tests.support.stage import Stage
from tests.support.town import Town, caller

PUBLIC = "https://tidegate.example.com"
HOST = "tidegate.example.com"
COOKIE, BEGUN_COOKIE = "__Host-tidegate", "__Host-tidegate-sign-in"
BRANCHES = {"dev": "develop", "staging": "staging", "prod": "main"}
TEAM, APP, CHANNEL = "T0ACME0001", "A0TIDEGATE", "C0DEPLOYS"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
FORM = "application/x-www-form-urlencoded"

ROOT = "planted-root-token-of-the-operator"
OAUTH_SECRET = "planted-oauth-client-secret"
GITHUB_SECRET = "planted-github-webhook-secret"
AWS_SECRET = "planted-aws-webhook-secret"
SIGNING_SECRET = "planted-slack-signing-secret"
SLACK_TOKEN = "planted-slack-bot-token"
LINK_KEY = "planted-key-of-personal-links"
AUDIT_KEY = "planted-key-of-the-audit-chain"
GITHUB_TOKEN = "planted-github-api-token"
PLANTED = (
    *(ROOT, OAUTH_SECRET, GITHUB_SECRET, AWS_SECRET, SIGNING_SECRET, SLACK_TOKEN, LINK_KEY, AUDIT_KEY),
    GITHUB_TOKEN,
)

ANN, OWEN, ABEL, VERA, NOEL, WALT = (
    Person(number, login) for number, login in enumerate(("ann", "owen", "abel", "vera", "noel", "walt"), start=101)
)
"""An admin, an operator, an approver, a viewer, somebody without a right, and one who may break the glass with Ann."""

RIGHTS = {
    ANN: Permission.ADMIN,
    OWEN: Permission.MAINTAIN,
    ABEL: Permission.WRITE,
    VERA: Permission.READ,
    WALT: Permission.READ,
}
GLASS = Glass((ANN, WALT), 2)
AWAY = Transient("GitHub does not answer", code="github.unreachable")


class Elsewhere:
    """AWS and the rest of GitHub: nobody here has business there."""

    def of(self, binding: Binding) -> Cloud:
        raise Blocked("nothing of AWS is here", code="aws.none")

    def __getattr__(self, name: str) -> Any:
        raise Blocked(f"nothing is asked of {name} here", code="nothing.here")


@dataclass
class Bell:
    """In place of the loop: it hears who was woken."""

    woken: list[str] = field(default_factory=list)

    def wake(self, environment: str) -> None:
        self.woken.append(environment)

    def wake_inbox(self) -> None:
        self.woken.append("the inbox")


@dataclass
class Chat:
    """What Slack is sent."""

    said: list[tuple[str, ...]] = field(default_factory=list)

    def whisper(
        self, place: str, user: str, text: str, links: Sequence[tuple[str, str]] = (), asks_code: bool = False
    ) -> None:
        self.said.append(("whisper", place, user, text, *(address for _, address in links)))

    def ask_reason(self, trigger: str, private: str, subject: str) -> None:
        self.said.append(("ask_reason", private, subject))

    def ask_code(self, trigger: str, private: str) -> None:
        self.said.append(("ask_code", private))

    def post(self, channel: str, telling: Telling) -> Said:
        self.said.append(("post", channel, repr(telling)))
        return Said(channel, str(len(self.said)))

    def edit(self, said: Said, telling: Telling) -> bool:
        self.said.append(("edit", said.place, repr(telling)))
        return True

    def find(self, channel: str, subject: str, since: datetime) -> Said | None:
        return None

    def reply(self, said: Said, text: str, aloud: bool) -> None:
        self.said.append(("reply", said.place, text))

    def direct(self, user: str, text: str, links: Sequence[tuple[str, str]] = ()) -> None:
        self.said.append(("direct", user, text, *(address for _, address in links)))


@dataclass
class Porter:
    """GitHub's sign-in: whoever comes back with a code that was given out once is that person."""

    codes: dict[str, tuple[Person, str]] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    begun: list[SignInBegun] = field(default_factory=list)

    def begin(self) -> SignInBegun:
        number = len(self.begun) + 1
        self.begun.append(SignInBegun("https://github.com/login/oauth/authorize?x=1", f"s{number}", f"v{number}"))
        return self.begun[-1]

    def code(self, person: Person, verifier: str) -> str:
        """What GitHub sends back with whoever began with this verifier."""
        made = f"c{len(self.codes) + 1}"
        self.codes[made] = (person, verifier)
        return made

    def finish(self, code: str, verifier: str) -> Person:
        self.finished.append(code)
        person, wanted = self.codes.pop(code, (None, None))
        if person is None or wanted != verifier:
            raise Blocked("it did not take the code", code="sign_in.refused")
        return person


@dataclass(frozen=True)
class Reply:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.body)

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


class Doors:
    """`ask` is one request, with exactly the headers that are given beside Host."""

    def __init__(
        self,
        file: Path,
        public: str = PUBLIC,
        signs_in: bool = True,
        glass: Glass | None = None,
        people: Mapping[str, Rules] = MappingProxyType({}),
        stage: Stage | None = None,
        anonymous: str = "",
    ) -> None:
        """`stage`: over the rows of a controller that runs and the AWS that it sees, instead of rows of our own and
        none. `anonymous`: what those may who have not signed in, as the setting has it."""
        self.file, self.bell, self.chat, self.porter = file, Bell(), Chat(), Porter()
        self.clock: Any = stage.time if stage else NoonClock()
        self.town = stage.town if stage else Town()
        self.town.rights |= RIGHTS
        self.settings = _settings(file, public, anonymous)
        self.store = stage.store if stage else Store(f"sqlite:///{file}", self.clock, keys=self.settings.keyring())
        self.bindings = {
            name: replace(a_binding(name, branch), glass=glass, people=people.get(name, Rules()))
            for name, branch in BRANCHES.items()
        }
        self.bindings = dict(stage.world.bindings) if stage else self.bindings
        self.doorkeeper = Doorkeeper(self.store, self.clock, Secret(ROOT))
        self.links = Links(self.store, self.clock, self.settings.links)
        self.polls = Polls(self.town, self.store)
        self.app = self._assembled(stage.world if stage else self._world(), signs_in)
        self.dump = _Dump(file)

    def _world(self) -> World:
        nowhere: Any = Elsewhere()
        return World(
            store=self.store,
            clock=self.clock,
            clouds=nowhere,
            source=nowhere,
            probe=nowhere,
            polls=self.polls,
            bindings=self.bindings,
            token=lambda: "never",
        )

    def _assembled(self, world: World, signs_in: bool) -> Starlette:
        bell: Any = self.bell
        edges = assembling.Edges(chat=self.chat, sign_in=self.porter if signs_in else None)  # type: ignore[arg-type]
        callers, self.registry = Callers(self.clock.now), CollectorRegistry()
        self.hub = assembling.watching(self.store)
        return assembling.web(self.settings, world, bell, callers, self.links, edges, self.registry, self.hub)

    def close(self) -> None:
        self.dump.close()
        self.store.close()

    # ---------------------------------------------------------------- asking

    def ask(self, method: str, path: str, headers: Iterable[tuple[str, str | bytes]] = (), body: Any = b"") -> Reply:
        return asyncio.run(self.asked(method, path, headers, body))

    async def asked(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str | bytes]] = (),
        body: bytes | Sequence[bytes] | AsyncIterator[bytes] = b"",
        client: str = "192.0.2.7",
    ) -> Reply:
        """`body` in pieces is sent in pieces; `path` with its query. Whoever has sent all of it goes when the answer is
        complete; where it is a stream of events, which has no end, after the first ones."""
        given = [(name.lower().encode(), _raw(value)) for name, value in headers]
        if not any(name == b"host" for name, _ in given):
            given.insert(0, (b"host", HOST.encode()))
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote(target),
            "raw_path": target.encode(),
            "query_string": query.encode("utf-8"),
            "root_path": "",
            "headers": given,
            "client": (client, 40000),
            "server": (HOST, 443),
            "state": {},
        }
        pieces = _pieces(body)
        sent: list[Message] = []
        is_asked, is_answered = False, asyncio.Event()

        async def receive() -> Message:
            nonlocal is_asked
            message = await anext(pieces)
            if message["type"] == "http.disconnect" and is_asked:
                await is_answered.wait()
            is_asked = is_asked or message.get("more_body") is False
            return message

        async def send(message: Message) -> None:
            sent.append(message)
            is_endless = (b"content-type", b"text/event-stream; charset=utf-8") in sent[0]["headers"]
            if message["type"] == "http.response.body" and (is_endless or not message.get("more_body")):
                is_answered.set()

        await self.app(scope, receive, send)
        start = next(message for message in sent if message["type"] == "http.response.start")
        content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
        shown = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
        return Reply(start["status"], shown, content)

    # ---------------------------------------------------------------- ways in

    def session(self, person: Person) -> str:
        return self.doorkeeper.sign_in(person)

    def token(self, role: Role, owner: Person | None = None, name: str = "") -> str:
        by = caller(owner or ANN)
        text, _ = self.doorkeeper.make_token(name or f"{role.words} of {owner}", role, owner, by, None)
        return text

    def post(self, path: str, session: str, fields: Mapping[str, str] | None = None, **changes: Any) -> Reply:
        """A form as the page of whoever has this session sends it; `changes` are headers that are otherwise."""
        body = urlencode({"form": form_token(session), **(fields or {})}).encode()
        return self.ask("POST", path, form_headers(session, **changes), body)

    def look(self, path: str, session: str | None = None, *more: tuple[str, str]) -> Reply:
        return self.ask("GET", path, [*([("cookie", f"{COOKIE}={session}")] if session else []), *more])

    def come_back(self, cookie: str, query: str, *more: tuple[str, str], method: str = "GET") -> Reply:
        """From GitHub, in the browser that holds this cookie."""
        headers = [("cookie", f"{BEGUN_COOKIE}={cookie}"), *more]
        return self.ask(method, f"/sign-in/callback?{query}", headers)

    def begin(self, onward: str = "/me") -> tuple[str, SignInBegun]:
        """The cookie of a sign-in that was begun in some browser, and what GitHub was asked."""
        reply = self.ask("GET", f"/sign-in?{urlencode({'next': onward})}")
        (cookie,) = (value for value in reply.all("set-cookie") if value.startswith(BEGUN_COOKIE))
        return cookie.partition(";")[0].partition("=")[2], self.porter.begun[-1]

    def api(self, method: str, path: str, token: str | None = ROOT, body: Any = None) -> Reply:
        headers = [("authorization", f"Bearer {token}")] if token is not None else []
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask(method, f"/api/v1{path}", [*headers, ("content-type", "application/json")], content)

    def slack(self, payload: Any, **changes: Any) -> Reply:
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return self.ask("POST", "/webhooks/slack", self.slack_headers(body, **changes), body)

    def slack_headers(self, body: bytes, **changes: Any) -> list[tuple[str, str | bytes]]:
        stamp = str(changes.get("stamp", int(self.clock.now().timestamp())))
        secret = changes.get("secret", SIGNING_SECRET)
        signature = "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        return [
            ("content-type", FORM),
            ("x-slack-request-timestamp", changes.get("raw_stamp", stamp)),
            ("x-slack-signature", changes.get("signature", signature)),
        ]

    def tie(self, person: Person, account: str) -> None:
        with self.store.write() as unit:
            unit.identities.put(TEAM, account, person, self.clock.now())

    # ---------------------------------------------------------------- rows

    @property
    def orders(self) -> list[dict[str, Any]]:
        return self.dump.rows("SELECT * FROM orders ORDER BY id")


def form_headers(session: str, **changes: Any) -> list[tuple[str, str | bytes]]:
    """As a browser sends a form of ours; None leaves a header out."""
    wanted = {
        "cookie": f"{COOKIE}={session}",
        "origin": PUBLIC,
        "sec_fetch_site": "same-origin",
        "content_type": FORM,
        **changes,
    }
    return [(name.replace("_", "-"), value) for name, value in wanted.items() if value is not None]


def pressed(account: str, action: str, value: str, **changes: Any) -> dict[str, Any]:
    """A button of ours."""
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "api_app_id": APP,
        "user": {"id": account},
        "channel": {"id": CHANNEL},
        "trigger_id": "1.2.3",
        "actions": [{"action_id": action, "value": value}],
        **changes,
    }


def filled_in(account: str, form: str, private: str, typed: str, **changes: Any) -> dict[str, Any]:
    """A form of ours."""
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "api_app_id": APP,
        "user": {"id": account},
        "trigger_id": "1.2.3",
        "view": {
            "callback_id": form,
            "private_metadata": private,
            "state": {"values": {"reason": {"typed": {"value": typed}}}},
        },
        **changes,
    }


def _settings(file: Path, public: str, anonymous: str) -> Settings:
    def secret(text: str) -> SecretStr:
        return SecretStr(text)

    return Settings(
        state_dir=file.parent,
        database_url=secret(f"sqlite:///{file}"),
        host="0.0.0.0",
        public_url=public,
        anonymous=anonymous,  # type: ignore[arg-type]
        github_token=secret(GITHUB_TOKEN),
        github_oauth_id="an-oauth-app",
        github_oauth_secret=secret(OAUTH_SECRET),
        github_webhook_secrets=(secret(GITHUB_SECRET),),
        slack_token=secret(SLACK_TOKEN),
        slack_signing_secret=(secret(SIGNING_SECRET),),
        slack_team=TEAM,
        slack_app=APP,
        link_keys=(secret(LINK_KEY),),
        aws_webhook_secrets=(secret(AWS_SECRET),),
        aws_topics=(TOPIC,),
        api_token=secret(ROOT),
        audit_keys=(secret(AUDIT_KEY),),
    )


def _raw(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


async def _pieces(body: bytes | Sequence[bytes] | AsyncIterator[bytes]) -> AsyncIterator[Message]:
    if isinstance(body, bytes):
        yield {"type": "http.request", "body": body, "more_body": False}
    elif isinstance(body, Sequence):
        for piece in body:
            yield {"type": "http.request", "body": piece, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}
    else:
        async for piece in body:
            yield {"type": "http.request", "body": piece, "more_body": True}
    while True:
        yield {"type": "http.disconnect"}


class _Dump:
    """The rows, read beside the store. `version` changes with every commit that changes anything."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        listed = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        self.tables = sorted(row["name"] for row in listed if not row["name"].startswith("sqlite_"))

    @property
    def version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def rows(self, statement: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(statement).fetchall()]

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        return {table: self.rows(f'SELECT * FROM "{table}"') for table in self.tables}

    def restore(self, pristine: sqlite3.Connection) -> None:
        pristine.backup(self._connection)

    def copy(self) -> sqlite3.Connection:
        made = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.backup(made)
        return made

    def close(self) -> None:
        self._connection.close()


def changed(before: Mapping[str, list[Any]], after: Mapping[str, list[Any]]) -> frozenset[str]:
    """The tables in which a row came, went or differs."""
    return frozenset(table for table in after if before[table] != after[table])


def opened(directory: Path, migrated: Path, **options: Any) -> Doors:
    """Doors over the usual rows: dev moves, staging is held, prod was never deployed."""
    file = directory / "tidegate.db"
    shutil.copyfile(migrated, file)
    doors = Doors(file, **options)
    fill(doors.store)
    return doors
