"""What the reading endpoints answer, and what they say to a wrong question."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.candidates import Candidates, Looked, candidate
from controller.domain.deployment import Phase
from controller.domain.errors import Blocked, Conflict, TidegateError, Transient
from controller.domain.hooks import RunState
from controller.domain.metrics import Finding, Result, Sample
from controller.domain.reason import Reason
from controller.domain.release import Release
from controller.domain.slot import Slot
from controller.domain.step import StepState
from controller.loop.preview import shown
from tests.api.conftest import Door
from tests.support.builders import NOON, a_run
from tests.support.rows import moving


def test_a_deployment_has_the_fields_of_the_contract(door: Door) -> None:
    answer = door.get("/api/v1/deployments/dev-2").json()
    assert answer["phase"] == "running"
    assert answer["reason"] == {"code": "deployment.running", "text": "its gates are open"}
    assert answer["revision"]["version"] == "develop-2222222"
    assert answer["revision"]["authors"] == [{"id": 1, "login": "ada", "name": "Ada Lovelace"}]
    assert answer["steps"][0] == {
        "number": 1,
        "kind": "register",
        "title": "register",
        "services": ["backend", "frontend"],
        "percent": None,
        "state": "running",
        "started_at": "2026-11-21T12:00:00Z",
        "finished_at": None,
        "detail": "register a task definition for backend",
        "command": None,
        "run": None,
    }
    assert (answer["approvals"], answer["finished_at"]) == ([], None)


def test_an_environment_shows_traffic_and_tasks_of_the_last_look(door: Door) -> None:
    answer = door.get("/api/v1/environments/dev").json()
    assert answer["live"]["version"] == "develop-1111111"
    assert answer["desired"] == {"commit": "2" * 40, "version": "develop-2222222"}
    assert answer["deployment"]["id"] == "dev-2"
    assert answer["traffic"] == {"backend": {"blue": 100, "green": 0}, "frontend": {"blue": 100, "green": 0}}
    backend = answer["services"]["backend"]
    assert (backend["live"], backend["running"], backend["desired"], backend["healthy"]) == ("blue", 2, 2, 2)
    assert answer["seen_at"] == "2026-11-21T12:00:00Z"
    assert answer["look_again_at"] == "2026-11-21T12:00:05Z"


def test_a_release_is_told_where_the_commit_is(door: Door) -> None:
    made = Release("v1.4.0", "Fourteen", "https://github.example/v1.4.0", NOON)
    with door.store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.deployments.save(replace(found, revision=replace(found.revision, release=made)))
        remark = Reason("release.older", "v1.3.9 is older")
        unit.environments.save(replace(unit.environments.get("dev"), release=made, sight="", remark=remark))
    environment, deployment = (door.get(f"/api/v1/{path}").json() for path in ("environments/dev", "deployments/dev-2"))
    assert environment["desired"] == {"commit": "2" * 40, "version": "v1.4.0"}
    assert environment["remark"] == {"code": "release.older", "text": "v1.3.9 is older"}
    shown = {"tag": "v1.4.0", "name": "Fourteen", "url": made.url, "published_at": "2026-11-21T12:00:00Z"}
    assert (deployment["revision"]["version"], deployment["revision"]["release"]) == ("v1.4.0", shown)


def test_a_held_environment_says_why_and_since_when(door: Door) -> None:
    answer = door.get("/api/v1/environments/staging").json()
    assert answer["hold"]["deployment"] == "staging-2"
    assert answer["hold"]["until"] == "person"
    assert answer["quarantines"][0]["deployment"] == "staging-2"
    assert answer["problem"]["code"] == "file.invalid"


def test_an_environment_that_never_had_a_deployment_is_shown_empty(door: Door) -> None:
    answer = door.get("/api/v1/environments/prod").json()
    assert (answer["live"], answer["desired"], answer["deployment"], answer["services"]) == (None, None, None, {})


def test_environments_come_in_the_order_of_the_bindings(door: Door) -> None:
    names = [item["name"] for item in door.get("/api/v1/environments").json()["items"]]
    assert names == ["dev", "staging", "prod"]


def test_pages_of_deployments_are_newest_first_and_end(door: Door) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = door.get(f"/api/v1/deployments?limit=1{cursor and f'&cursor={cursor}'}").json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == ["staging-2", "staging-1", "dev-2", "dev-1"]


def test_deployments_can_be_filtered(door: Door) -> None:
    page = door.get("/api/v1/deployments?environment=dev&phase=succeeded").json()
    assert [item["id"] for item in page["items"]] == ["dev-1"]


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/api/v1/environments/nowhere", 404, "nowhere"),
        ("/api/v1/environments/nowhere/plan", 404, "nowhere"),
        ("/api/v1/environments/nowhere/explain", 404, "nowhere"),
        ("/api/v1/environments/nowhere/candidates", 404, "nowhere"),
        ("/api/v1/environments/%00", 404, "no environment"),
        ("/api/v1/deployments?environment=nowhere", 404, "nowhere"),
        ("/api/v1/deployments?environment=%00", 400, "control"),
        ("/api/v1/deployments?cursor=rubbish", 400, "rubbish"),
        ("/api/v1/deployments?cursor=%ff", 400, "cursor"),
        ("/api/v1/deployments?phase=sleeping", 400, "superseded"),
        ("/api/v1/deployments?limit=0", 400, "limit"),
        ("/api/v1/deployments?limit=201", 400, "limit"),
        ("/api/v1/deployments?limit=many", 400, "limit"),
        ("/api/v1/deployments?enviroment=dev", 400, "environment, phase, service"),
        ("/api/v1/deployments?since=yesterday", 400, "since: found 'yesterday'; wanted a day"),
        ("/api/v1/deployments?until=2026-03-01T09:00:00", 400, "until: found"),
        ("/api/v1/deployments?since=2026-03-02&until=2026-03-01", 400, "until: it is not after since"),
        ("/api/v1/deployments?kind=undo", 400, "kind"),
        ("/api/v1/deployments?actor=a%20b", 400, "actor: found 'a b'"),
        ("/api/v1/deployments?service=%00", 400, "service"),
        ("/api/v1/deployments?text=a+b+c+d+e+f+g+h+i", 400, "text: found 9 words; wanted 1 to 8"),
        ("/api/v1/deployments?text=!!", 400, "text: found 0 words"),
        ("/api/v1/comparison?from=dev-1", 400, "to"),
        ("/api/v1/comparison?from=dev-1&to=dev-99", 404, "dev-99"),
        ("/api/v1/deployments?limit=1&limit=2", 400, "more than once"),
        ("/api/v1/deployments/dev-99", 404, "dev-99"),
        ("/api/v1/deployments/%00", 404, "no deployment"),
        ("/api/v1/deployments/dev-99/plan", 404, "dev-99"),
        ("/api/v1/deployments/dev-99/samples", 404, "dev-99"),
        ("/api/v1/deployments/dev-2/samples?cursor=rubbish", 400, "cursor of samples"),
        ("/api/v1/deployments/dev-2/samples?limit=5001", 400, "limit"),
        ("/api/v1/environments?x=1", 400, "nothing"),
        ("/api/v1/audit?environment=nowhere", 404, "nowhere"),
        ("/api/v1/audit?deployment=dev-99", 404, "dev-99"),
        ("/api/v1/audit?since=0001-01-01T00:00%2B23:59", 400, "no such moment"),
        ("/api/v1/audit?cursor=ZGVwbG95bWVudHM6NA", 400, "cursor of audit"),
        ("/api/v1/orders/1", 404, "order"),
        ("/api/v1/orders/first", 404, "order"),
        ("/api/v1/orders/99999999999999999999999", 404, "order"),
    ],
)
def test_a_wrong_question_gets_a_problem(door: Door, path: str, status: int, told: str) -> None:
    reply = door.get(path)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert told in reply.text
    assert reply.json()["status"] == status


def test_the_recorded_plan_has_the_shape_of_the_drawn_one(door: Door) -> None:
    deployment = moving("dev", 2, "2")
    assert deployment.plan is not None
    assert door.get("/api/v1/deployments/dev-2/plan").json() == shown(deployment, deployment.plan, deployment.reason)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Blocked("waiting for the image captioncraft-backend:develop-1", code="image.missing"), 409),
        (Conflict("the traffic of backend is split"), 409),
        (Transient("ECS throttles", code="aws.throttled", retry_after=timedelta(seconds=7)), 503),
    ],
)
def test_a_plan_that_cant_be_drawn_says_why(door: Door, error: TidegateError, status: int) -> None:
    def preview(name: str) -> Mapping[str, object]:
        raise error

    door.preview = preview
    reply = door.get("/api/v1/environments/dev/plan")
    assert (reply.status_code, reply.json()["code"]) == (status, error.code)
    assert reply.headers.get("retry-after") == ("7" if status == 503 else None)


def test_the_audit_pages_through_one_deployment(door: Door) -> None:
    first = door.get("/api/v1/audit?deployment=dev-2&limit=3").json()
    assert [item["text"] for item in first["items"]] == ["line 4", "line 3", "line 2"]
    rest = door.get(f"/api/v1/audit?deployment=dev-2&limit=3&cursor={first['next']}").json()
    assert [item["text"] for item in rest["items"]] == ["line 1", "line 0"]
    assert rest["next"] is None


SAMPLE = Sample("backend", "errors", Slot.GREEN, NOON, 0.0125, 1200, 0.01, Result.FAILED)


def test_samples_come_in_pages_newest_first(door: Door) -> None:
    with door.store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.samples.put(found, [replace(SAMPLE, at=NOON + timedelta(minutes=number)) for number in range(3)])
    first = door.get("/api/v1/deployments/dev-2/samples?limit=2").json()
    second = door.get(f"/api/v1/deployments/dev-2/samples?limit=2&cursor={first['next']}").json()
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
    assert second["items"] == [
        {
            "service": "backend",
            "metric": "errors",
            "slot": "green",
            "at": "2026-11-21T12:00:00Z",
            "value": 0.0125,
            "requests": 1200,
            "limit": 0.01,
            "verdict": "fail",
        }
    ]


def test_a_deployment_says_what_metrics_said_last(door: Door) -> None:
    told = Finding(
        "backend", "errors", Result.INCONCLUSIVE, "no requests: errors are judged by 200 or more", None, 0.01
    )
    with door.store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.deployments.save(replace(found, findings=(told,)))
    [shown] = door.get("/api/v1/deployments/dev-2").json()["findings"]
    assert (shown["result"], shown["text"], shown["value"]) == ("inconclusive", told.text, None)
    assert shown["verdict"] == "can't be judged yet"
    with door.store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.deployments.save(replace(found, phase=Phase.ROLLED_BACK))
    [shown] = door.get("/api/v1/deployments/dev-2").json()["findings"]
    assert shown["verdict"] == "was not judged"


def test_a_warm_slot_says_until_when(door: Door) -> None:
    """`keep_warm` of the live deployment has begun to count."""
    with door.store.write() as unit:
        deployment = unit.deployments.get("dev-1")
        assert deployment is not None
        retire = deployment.steps[-1]
        warm = replace(retire, state=StepState.RUNNING, wait=timedelta(minutes=30), finished_at=None)
        unit.deployments.save(deployment.with_step(warm))
    assert door.get("/api/v1/environments/dev").json()["warm_until"] == "2026-11-21T12:30:00Z"


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("service=backend&environment=dev", ["dev-2", "dev-1"]),
        ("kind=deploy&phase=running", ["dev-2"]),
        ("actor=ADA&phase=rolled_back", ["staging-2"]),
        ("text=captions&environment=staging&limit=1", ["staging-2"]),
        ("text=smoke", ["staging-2"]),
        ("text=1111111", ["dev-1"]),
        ("since=2026-11-21&until=2026-11-21&environment=dev", ["dev-2", "dev-1"]),
        ("since=2026-11-22", []),
        ("kind=prune", []),
    ],
)
def test_deployments_are_found_by_what_they_are(door: Door, query: str, ids: list[str]) -> None:
    found = door.get(f"/api/v1/deployments?{query}").json()
    assert [item["id"] for item in found["items"]] == ids
    assert (found["looked_back_to"], found["is_catching_up"]) == (None, False)


def test_two_deployments_are_compared_in_either_order(door: Door) -> None:
    there = door.get("/api/v1/comparison?from=dev-1&to=staging-2").json()
    back = door.get("/api/v1/comparison?from=staging-2&to=dev-1").json()
    assert there["is_identical"]
    assert (there["first"]["id"], there["second"]["id"]) == ("dev-1", "staging-2")
    assert (there["first"], there["second"]) == (back["second"], back["first"])
    assert there["first"]["waited_seconds"] >= 0


def test_versions_to_go_back_to_come_with_what_is_ready_of_them(door: Door) -> None:
    with door.store.read() as unit:
        one = unit.deployments.get("dev-1")
    assert one is not None
    run = a_run(2, compatible=False, state=RunState.SUCCEEDED)
    looked = Looked({"backend": True, "frontend": True}, {"backend": True, "frontend": False}, {})
    door.ways_back = lambda name, *, asks=True: Candidates((candidate(one, (run,), looked, ""),), NOON)
    answer = door.get("/api/v1/environments/dev/candidates").json()
    (found,) = answer["items"]
    assert (answer["looked_at"], answer["unlooked"]) == ("2026-11-21T12:00:00Z", None)
    assert (found["deployment"], found["ready"], found["across"]) == ("dev-1", "no", "dev-2")
    assert found["images"] == {"answer": "yes", "text": "in the registry"}
    assert found["definitions"] == {"answer": "no", "text": "frontend: to be registered again"}
    assert found["warm"]["answer"] == "unknown"
