"""«No request failed» is worth something only if the load sees those that do."""

import itertools
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.load import Asked, SteadyLoad
from tests.support.processes import free_port


class Handler(BaseHTTPRequestHandler):
    """Every third request is answered 503, every fourth by closing the connection."""

    protocol_version = "HTTP/1.1"
    numbers = itertools.count(1)

    def do_GET(self) -> None:
        number = next(self.numbers)
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if number % 4 == 0:
            self.close_connection = True
            return
        self.send_response(503 if number % 3 == 0 else 200)
        self.send_header("X-CaptionCraft-Version", "1.2.3" if number % 3 else "none")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *told: object) -> None:
        """Nothing: the client is what is tested."""


@pytest.fixture
def port() -> Iterator[int]:
    Handler.numbers = itertools.count(1)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield int(server.server_address[1])
        server.shutdown()


def test_every_request_is_accounted_for(port: int) -> None:
    with SteadyLoad(Asked(port, rate=200, seconds=0.1175)) as load:
        report = load.wait()
    assert report.sent == 24, report
    assert (report.by_status["200"], report.by_status["503"]) == (12, 6)
    assert report.failed == 12
    assert report.by_version["1.2.3"] == 12
    assert any("503" in failure for failure in report.failures)
    assert any("no answer" in failure for failure in report.failures)


def test_where_nobody_listens_every_request_fails() -> None:
    with SteadyLoad(Asked(free_port(), rate=200, seconds=0.0475)) as load:
        report = load.wait()
    assert (report.sent, report.failed) == (10, 10), report
