import json
import logging

import pytest

from workload import log
from workload.envelope import correlation_id
from workload.version import VERSION, Identity


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/health", 200), ("GET", "/nowhere", 404), ("GET", "/api/generate-captions", 405)],
)
def test_every_answer_carries_the_version_and_a_correlation_id(ask_backend, method, path, status):
    answer = ask_backend(method, path)
    assert answer.status_code == status
    assert answer.headers["x-captioncraft-version"] == VERSION
    assert len(answer.headers["x-request-id"]) == 32


def test_errors_are_problem_details_with_the_callers_correlation_id(ask_backend):
    answer = ask_backend("GET", "/api/generate-captions", headers={"X-Request-Id": "caller-7"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == "POST"
    problem = answer.json()
    assert (problem["status"], problem["correlation_id"]) == (405, "caller-7")
    assert problem["instance"] == "/api/generate-captions"


@pytest.mark.parametrize("forged", ["", "two words", "x" * 129, 'a"b', "ü"])
def test_an_id_that_does_not_belong_in_a_log_is_replaced(forged):
    assert correlation_id({"x-request-id": forged, "x-amzn-trace-id": "Root=bad id"}).isalnum()


def test_the_balancers_trace_is_used_when_the_caller_sent_no_id():
    trace = {"x-amzn-trace-id": "Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678"}
    assert correlation_id(trace) == "1-67891233-abcdef012345678912345678"
    assert correlation_id(trace | {"x-request-id": "mine"}) == "mine"


def test_a_stopping_process_asks_its_clients_to_close_their_connections(ask_backend, backend_life):
    assert "connection" not in ask_backend("GET", "/health").headers
    backend_life.is_stopping = True
    assert ask_backend("GET", "/health").headers["connection"] == "close"


def test_each_request_is_one_log_event_and_a_good_probe_is_only_for_debugging(ask_backend, caplog):
    caplog.set_level(logging.DEBUG, "workload.access")
    ask_backend("GET", "/health")
    ask_backend("GET", "/nowhere?token=secret", headers={"X-Request-Id": "r-1"})
    probe, request = caplog.records
    assert (probe.levelname, probe.fields["path"], probe.fields["status"]) == ("DEBUG", "/health", 200)
    assert (request.levelname, request.fields["path"], request.fields["status"]) == ("INFO", "/nowhere", 404)
    assert request.fields["correlation_id"] == "r-1"
    assert "secret" not in str(request.fields)


def test_a_failure_of_our_own_is_answered_500_and_told_once_with_its_id(ask_backend, monkeypatch, caplog):
    def broken(_request):
        raise LookupError("no phrase left")

    monkeypatch.setattr("workload.caption_writer.write", broken)
    answer = ask_backend("POST", "/api/generate-captions", json={"description": "x"}, headers={"X-Request-Id": "r-2"})
    assert (answer.status_code, answer.json()["correlation_id"]) == (500, "r-2")
    assert "no phrase left" not in answer.text
    assert answer.headers["x-captioncraft-version"] == VERSION
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert (record.fields["correlation_id"], record.exc_info[0]) == ("r-2", LookupError)


def test_a_log_line_is_one_json_object_even_when_the_message_is_not():
    record = logging.makeLogRecord({"msg": 'a "quoted"\nline', "levelname": "INFO", "fields": {"path": "/ü\n"}})
    line = log.JsonLines(Identity.of("captioncraft-backend")).format(record)
    assert "\n" not in line
    read = json.loads(line)
    assert (read["event"], read["path"], read["service"]) == ('a "quoted"\nline', "/ü\n", "captioncraft-backend")
