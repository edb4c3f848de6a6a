"""A Web API that answers what a test says, and remembers what it was asked."""

import gc
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from controller.adapters.slack.client import SlackChat
from controller.domain.secret import Secret

TOKEN = "xoxb-1-2-secret"
Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """`body` as bytes is sent as it is; None breaks the connection."""

    body: Json | bytes | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(error: str, **more: Any) -> Answer:
    return Answer({"ok": False, "error": error, **more})


@dataclass
class Api:
    """`answers` by method, the last one for good; what isn't there is `ok`."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, Json]] = field(default_factory=list)

    @property
    def chat(self) -> SlackChat:
        return SlackChat(self.url, Secret(TOKEN))

    def answer(self, method: str, *answers: Answer) -> None:
        self.answers[method] = list(answers)

    def next(self, method: str) -> Answer:
        found = self.answers.get(method, [Answer({"ok": True})])
        return found.pop(0) if len(found) > 1 else found[0]

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]


@pytest.fixture
def torn() -> Iterator[None]:
    """slack_sdk leaves the socket of an answer that breaks off to the garbage collector."""
    yield
    gc.collect()


@contextmanager
def serving() -> Iterator[Api]:
    api = Api("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            method = self.path.removeprefix("/api/").partition("?")[0]
            is_json = "json" in (self.headers.get("Content-Type") or "")
            given = json.loads(body) if is_json else {name: one[0] for name, one in parse_qs(body).items()}
            api.asked.append((method, given))
            answer = api.next(method)
            if answer.body is None:
                self.close_connection = True
                return
            sent = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(sent)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST  # noqa: N815 - the name that http.server looks for

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}/api/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
