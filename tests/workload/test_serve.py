"""Real processes: how a service starts, and how it stops without a client noticing."""

import re
import signal
import socket
import sys
from datetime import datetime

import httpx
import psutil
import pytest


@pytest.mark.parametrize("module", ["backend", "frontend"])
def test_a_service_starts_quickly_is_small_and_ends_with_0(tree, module, capsys):
    with tree.started(module) as service:
        assert httpx.get(f"{service.url}/health").status_code == 200
        process = psutil.Process(service.process.pid)
        listening = datetime.fromisoformat(service.started["time"]).timestamp()
        megabytes = process.memory_info().rss / 1e6
        seconds = listening - process.create_time()
        with capsys.disabled():
            sys.stdout.write(f"\n{module}: listens after {seconds:.2f} s, {megabytes:.0f} MB resident\n")
        assert megabytes < 80
        service.process.terminate()
        assert service.process.wait(timeout=10) == 0


def test_the_copy_in_the_working_directory_is_what_runs(tree):
    (tree.directory / "workload" / "VERSION").write_text("9.9.9\n")
    with tree.started("backend", CAPTIONCRAFT_COMMIT="abc123") as service:
        told = httpx.get(f"{service.url}/version")
    assert (told.json()["version"], told.json()["commit"]) == ("9.9.9", "abc123")
    assert told.headers["x-captioncraft-version"] == "9.9.9"
    assert service.started["version"] == "9.9.9"


def test_a_request_in_flight_is_finished_before_the_process_ends(tree):
    with tree.rehearse(SLOW_MS=1200).started("backend") as service, connected(service) as slow:
        slow.sendall(b"GET /api/version HTTP/1.1\r\nHost: captions\r\n\r\n")
        # The second connection is answered after the first was accepted and read.
        assert httpx.get(f"{service.url}/health").status_code == 200
        service.process.terminate()
        answer = read_all(slow)
        assert service.process.wait(timeout=10) == 0
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"name":"captioncraft-backend"' in answer
    assert b"connection: close" in answer.lower()


def test_an_idle_connection_is_answered_once_more_and_then_closed_without_a_reset(tree):
    with tree.started("backend") as service, connected(service) as idle, connected(service) as silent:
        idle.sendall(b"HEAD /version HTTP/1.1\r\nHost: captions\r\n\r\n")  # its answer is one piece
        assert b"connection: close" not in idle.recv(65536).lower()
        service.process.send_signal(signal.SIGTERM)
        while service.next_event()["event"] != "stopping":
            pass
        idle.sendall(b"GET /ready HTTP/1.1\r\nHost: captions\r\n\r\n")
        farewell = read_all(idle)
        assert farewell.startswith(b"HTTP/1.1 503")
        assert b"connection: close" in farewell.lower()
        assert read_all(silent) == b""
        assert service.process.wait(timeout=10) == 0


def test_every_line_of_output_is_json_and_the_last_one_counts_the_requests(tree):
    with tree.started("backend") as service:
        httpx.get(f"{service.url}/version", headers={"X-Amzn-Trace-Id": "Root=1-67891233-abc"})
        service.process.terminate()
        events = [service.next_event() for _ in range(3)]
        assert service.process.stdout.read() == ""
    assert [event["event"] for event in events] == ["request", "stopping", "stopped"]
    assert events[0]["correlation_id"] == "1-67891233-abc"
    assert events[2]["requests_answered"] == 1


def test_a_taken_port_is_told_with_status_1(tree):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = tree.run("backend", PORT=port)
    assert ended.returncode == 1
    assert "cannot listen" in ended.stdout
    assert f"127.0.0.1:{port}" in ended.stdout


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "65536"), ("PORT", "-1"), ("LOG_LEVEL", "loud")]
)
def test_a_wrong_setting_is_named_with_status_2(tree, name, value):
    ended = tree.run("frontend", **{name: value})
    assert ended.returncode == 2
    assert re.fullmatch(rf"{name} is '{value}'; wanted .*\n", ended.stderr)


def connected(service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.started["port"]), timeout=10)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes in good order; a reset is an error."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received
