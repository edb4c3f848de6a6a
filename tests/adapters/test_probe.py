"""HttpProbe against a small real server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from controller.adapters.probe import BODY_LIMIT, HttpProbe
from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.secret import Secret
from tests.support.processes import free_port

HEADER = "X-Tidegate-Slot"
DEBUG = (
    b"X-Tidegate-Slot: backend.open-sesame\nAPI=http://hidden.example.com\nDB_PASS=hunter2\n\x1b[31mred\x1b[0m "
    + b"x" * 105
    + b" open-sesame "
    + b"y" * 50
)
"""A page that repeats its request and its settings; where it is cut stands the last of them."""


@dataclass
class StandingClock:
    """Shows the readings it was given, one for each look, and the last one for ever."""

    readings: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a probe never sleeps")


@dataclass
class Server:
    """Answers by path; remembers what it was asked."""

    port: int
    seen: list[tuple[str, dict[str, str]]]
    hung_up: threading.Event


@pytest.fixture
def server() -> Iterator[Server]:
    seen: list[tuple[str, dict[str, str]]] = []
    released, hung_up = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, dict(self.headers)))
            answers: dict[str, Callable[[], None]] = {
                "/ready": lambda: self._send(200, b"ready"),
                "/away": lambda: self._send(302, b"", {"Location": "/ready"}),
                "/broken": lambda: self._send(503, b"<h1>no\n database</h1>"),
                "/debug": lambda: self._send(500, DEBUG),
                "/garbled": lambda: self.wfile.write(b"\x1b[31mno HTTP\r\n\r\n"),
                "/endless": self._send_for_ever,
                "/silent": lambda: (released.wait(20), None)[1],
            }
            answers[self.path]()

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _send_for_ever(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while not released.is_set():
                    self.wfile.write(b"x" * 65536)
            except OSError:
                hung_up.set()

        def log_message(self, *_: object) -> None:
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving.daemon_threads = True
    thread = threading.Thread(target=lambda: serving.serve_forever(poll_interval=0.01))
    thread.start()
    yield Server(serving.server_port, seen, hung_up)
    released.set()
    serving.shutdown()
    serving.server_close()
    thread.join()


def a_check(url: str, status: int = 200, seconds: float = 5, header: tuple[str, Secret] | None = None) -> HttpCheck:
    return HttpCheck("backend", url, status, timedelta(seconds=seconds), header)


def ask(check: HttpCheck, connect_to: dict[str, str] | None = None, clock: StandingClock | None = None) -> CheckAnswer:
    return HttpProbe(clock or StandingClock(), connect_to or {}).ask(check)


def test_the_wanted_status_passes(server: Server) -> None:
    answer = ask(a_check(f"http://127.0.0.1:{server.port}/ready"))
    assert (answer.passed, answer.found) == (True, "status 200 in 0 ms")


def test_another_status_says_what_came_back(server: Server) -> None:
    answer = ask(a_check(f"http://127.0.0.1:{server.port}/broken"))
    assert (answer.passed, answer.found) == (False, 'status 503 "<h1>no database</h1>"; wanted 200')


def test_a_redirect_is_not_followed(server: Server) -> None:
    answer = ask(a_check(f"http://127.0.0.1:{server.port}/away"))
    assert (answer.passed, answer.found) == (False, "status 302; wanted 200")
    assert [path for path, _ in server.seen] == ["/away"]


def test_the_header_is_sent_and_never_told(server: Server) -> None:
    check = a_check(f"http://127.0.0.1:{server.port}/broken", header=(HEADER, Secret("open-sesame")))
    answer = ask(check)
    assert server.seen[0][1][HEADER] == "open-sesame"
    assert "open-sesame" not in repr(answer)


def test_what_a_page_repeats_of_the_request_and_of_settings_is_taken_out_before_it_is_cut(server: Server) -> None:
    hidden = frozenset({"open-sesame", "http://hidden.example.com"})
    answer = ask(replace(a_check(f"http://127.0.0.1:{server.port}/debug"), hidden=hidden))
    told = "X-Tidegate-Slot: backend.[redacted] API=[redacted] DB_PASS=[redacted] red xxx"
    assert answer.found.startswith(f'status 500 "{told}') and answer.found.endswith('…"; wanted 200')
    assert answer.found.isprintable() and "open" not in repr(answer)


def test_an_answer_that_is_none_is_told_without_what_moves_a_cursor(server: Server) -> None:
    answer = ask(a_check(f"http://127.0.0.1:{server.port}/garbled"))
    assert not answer.passed and answer.found.isprintable()


def test_another_connection_keeps_the_host_header(server: Server) -> None:
    url = "http://captions.example.com/ready"
    answer = ask(a_check(url), connect_to={"captions.example.com:80": f"127.0.0.1:{server.port}"})
    assert answer.passed
    assert server.seen[0][1]["Host"] == "captions.example.com"


def test_the_port_of_the_url_stays_in_the_host_header(server: Server) -> None:
    url = "http://captions.example.com:8443/ready"
    ask(a_check(url), connect_to={"captions.example.com:8443": f"127.0.0.1:{server.port}"})
    assert server.seen[0][1]["Host"] == "captions.example.com:8443"


def test_the_mapping_is_for_one_port_only(server: Server) -> None:
    refused = f"127.0.0.1:{free_port()}"
    mapping = {"captions.example.com:80": f"127.0.0.1:{server.port}", "captions.example.com:81": refused}
    assert not ask(a_check("http://captions.example.com:81/ready"), connect_to=mapping).passed


def test_a_refused_connection_is_an_answer() -> None:
    answer = ask(a_check(f"http://127.0.0.1:{free_port()}/ready"))
    assert not answer.passed
    assert answer.found.startswith("connect error: ")


def test_an_url_that_is_none_is_an_answer() -> None:
    assert not ask(a_check("http://[nonsense/ready")).passed


def test_silence_is_an_answer(server: Server) -> None:
    answer = ask(a_check(f"http://127.0.0.1:{server.port}/silent", seconds=0.05))
    assert (answer.passed, answer.found) == (False, "no answer within 0.05s")


def test_an_answer_that_comes_too_late_does_not_pass(server: Server) -> None:
    clock = StandingClock([0.0, 1.0, 7.0])
    answer = ask(a_check(f"http://127.0.0.1:{server.port}/ready", seconds=5), clock=clock)
    assert (answer.passed, answer.found) == (False, "status 200 after 7.0s; wanted within 5s")


def test_an_endless_body_is_left_after_its_first_part(server: Server) -> None:
    answer = ask(a_check(f"http://127.0.0.1:{server.port}/endless"))
    assert answer.passed
    assert server.hung_up.wait(10), f"more than {BODY_LIMIT} bytes were read, and still are"


def test_a_proxy_of_the_environment_is_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    assert ask(a_check(f"http://127.0.0.1:{server.port}/ready")).passed
