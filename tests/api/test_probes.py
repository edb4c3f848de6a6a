"""Probes: the process, what it depends on, and what is scraped."""

import pytest
from structlog.testing import capture_logs

from controller.domain.errors import Transient
from tests.api.conftest import Door


def test_health_asks_nobody(door: Door) -> None:
    door.store.close()
    assert door.get("/health", token=None).json() == {"status": "ok"}


def test_ready_names_each_dependency_with_its_latency(door: Door) -> None:
    door.dependencies = {"database": door.store.ping, "slow": lambda: door.clock.sleep(0.25)}
    reply = door.get("/ready", token=None)
    assert reply.status_code == 200
    assert reply.json()["status"] == "ready"
    assert reply.json()["dependencies"]["slow"] == {"state": "ok", "latency_ms": 250.0, "code": None}


def gone() -> None:
    raise Transient("connecting to postgresql://user:hunter2@host: refused", code="database.gone")


def broken() -> None:
    raise ZeroDivisionError("hunter2")


@pytest.mark.parametrize(("ask", "code"), [(gone, "database.gone"), (broken, "internal")])
def test_a_dependency_that_fails_is_503_and_says_no_more_than_its_code(door: Door, ask: object, code: str) -> None:
    door.dependencies = {"database": ask, "other": lambda: None}  # type: ignore[dict-item]
    with capture_logs() as logs:
        reply = door.get("/ready", token=None)
    assert reply.status_code == 503
    answer = reply.json()
    assert (answer["status"], answer["dependencies"]["other"]["state"]) == ("not_ready", "ok")
    assert answer["dependencies"]["database"]["code"] == code
    assert "hunter2" not in reply.text
    assert next(line["event"] for line in logs).startswith("dependency")


def test_metrics_say_which_environments_need_somebody(door: Door) -> None:
    lines = door.get("/metrics", token=None).text.splitlines()
    assert 'tidegate_environment_held{environment="staging"} 1.0' in lines
    assert 'tidegate_environment_held{environment="dev"} 0.0' in lines
    assert 'tidegate_environment_drift{environment="dev"} 0.0' in lines
    assert 'tidegate_environment_problem{environment="staging"} 1.0' in lines
    assert 'tidegate_info{version="1.2.3"} 1.0' in lines


def test_what_nobody_expected_is_500_without_detail_and_logged_with_the_id(door: Door) -> None:
    def preview(name: str) -> dict[str, object]:
        raise ZeroDivisionError("hunter2")

    door.preview = preview
    with capture_logs() as logs:
        reply = door.get("/api/v1/environments/dev/plan", headers={"X-Correlation-Id": "0123456789"})
    assert (reply.status_code, reply.json()["code"]) == (500, "internal")
    assert reply.json()["correlation_id"] == reply.headers["x-correlation-id"] == "0123456789"
    assert "hunter2" not in reply.text
    assert [line["event"] for line in logs] == ["request broke"]


def test_a_database_that_cant_answer_is_503_with_retry_after(door: Door) -> None:
    def preview(name: str) -> dict[str, object]:
        raise Transient("the database is locked", code="database.busy")

    door.preview = preview
    reply = door.get("/api/v1/environments/dev/plan")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert "locked" not in reply.text
