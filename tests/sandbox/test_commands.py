"""`tidegate sandbox …` against a served GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from typer.testing import CliRunner

from sandbox import commands
from sandbox.commands import app, state_file
from tests.sandbox.github.served import NAME, Host, Served


async def echo(request: Request) -> JSONResponse:
    return JSONResponse({"asked": await request.json()})


async def interrupted(request: Request) -> JSONResponse:
    return JSONResponse({**await request.json(), "interrupted": 2})


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


@pytest.fixture
def served(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A sandbox whose state file is found from the current directory."""
    assembled = [
        Route("/traffic", echo, methods=["POST"]),
        Route("/faults/aws", echo, methods=["POST"]),
        Route("/faults/spot", interrupted, methods=["POST"]),
        Route("/faults/scan", echo, methods=["POST"]),
    ]
    with host.serving(tmp_path, assembled) as made:
        write_state(tmp_path / ".tidegate", made.github.api, "control-token")
        below = tmp_path / "some" / "where"
        below.mkdir(parents=True)
        monkeypatch.chdir(below)
        monkeypatch.delenv("TIDEGATE_STATE_DIR", raising=False)
        yield made


def write_state(directory: Path, api: str, token: str) -> None:
    directory.mkdir(exist_ok=True)
    state = {"github": {"api": api, "git": "", "webhook_secret": ""}, "token": token}
    (directory / "sandbox.json").write_text(json.dumps(state))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def answer(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_merge_prints_commit_and_pull_request(served: Served) -> None:
    done = answer("merge", "develop", "--as", "grace", "--message", "Shorter captions")
    repository = served.repository()
    assert repository.get_branch("develop").commit.sha == done["commit"]
    pull = repository.get_pull(done["pull_request"])
    assert (pull.merged, pull.title, pull.merged_by.login) == (True, "Shorter captions", "grace")
    assert done["url"] == pull.html_url
    spoken = run("merge", "develop")
    assert spoken.exit_code == 0
    assert repository.get_branch("develop").commit.sha in spoken.stdout
    assert "#2" in spoken.stdout


def test_spot_is_taken_back_in_one_environment(served: Served) -> None:
    del served
    assert answer("fault", "spot", "dev") == {"environment": "dev", "interrupted": 2}
    assert run("fault", "spot", "dev").stdout == "tasks taken back in dev: 2\n"


def test_a_scan_finds_something_on_demand(served: Served) -> None:
    del served
    assert answer("fault", "scan")["asked"] == {"severity": "CRITICAL", "count": 1}
    assert answer("fault", "scan", "--severity", "HIGH", "--count", "2")["asked"] == {"severity": "HIGH", "count": 2}
    told = "ECR finds something CRITICAL in the next images that are pushed: 2\n"
    assert run("fault", "scan", "--count", "2").stdout == told


def test_a_merge_is_heard_as_a_push_and_published(served: Served) -> None:
    done = answer("merge", "develop", "--fault", "crash")
    push = served.wait_for("push", lambda payload: payload["after"] == done["commit"])
    assert [commit["message"].splitlines()[0] for commit in push["commits"]] == [
        "Rehearse crash",
        "Merge pull request #1 from acme/ada/rehearse-crash-0.1.1",
    ]
    served.wait(lambda: bool(served.published))
    assert served.published[0][:2] == (done["commit"], "develop")


def test_an_unknown_fault_is_wrong_use(served: Served) -> None:
    done = run("merge", "develop", "--fault", "explode")
    assert (done.exit_code, "crash, unhealthy" in done.stderr) == (2, True)
    assert not served.events("pull_request")


def test_who_may_not_merge_is_wrong_use(served: Served) -> None:
    done = run("merge", "develop", "--as", "barbara")
    assert (done.exit_code, "use one of ada" in done.stderr) == (2, True)


def test_where_there_is_nothing_to_promote_something_new_comes_along(served: Served) -> None:
    del served
    done = answer("merge", "staging")
    assert (done["branch"], done["title"]) == ("staging", f"Promote {done['version']} from develop to staging")


def test_publish_makes_a_release(served: Served) -> None:
    done = answer("publish", "v1.2.0")
    release = served.repository().get_release("v1.2.0")
    assert (release.id, release.html_url) == (done["release"], done["url"])
    again = run("publish", "v1.2.0")
    assert (again.exit_code, "already exists" in again.stderr) == (1, True)


def test_traffic_and_aws_faults_reach_the_assembly(served: Served) -> None:
    assert answer("traffic", "dev", "--rate", "5", "--seconds", "2")["asked"] == {
        "environment": "dev", "rate": 5.0, "seconds": 2.0, "wait": True,
    }  # fmt: skip
    asked = answer("fault", "aws", "throttle", "--service", "ecs", "--count", "3")["asked"]
    assert asked == {"kind": "throttle", "service": "ecs", "times": 3}


def test_a_lost_webhook_is_lost(served: Served) -> None:
    """Making a branch sends `create` and then `push`."""
    served.wait_for("ping")
    repository = served.repository()
    answer("fault", "webhooks", "lose", "--count", "1")
    repository.create_git_ref("refs/heads/feature", repository.get_branch("develop").commit.sha)
    served.wait_for("push")
    assert not served.events("create")
    lost = [item for item in repository.get_hook_deliveries(served.hook.id) if item.event == "create"]
    assert [item.status for item in lost] == ["timed out"]


def test_a_check_fails_on_demand(served: Served) -> None:
    answer("fault", "checks", "build")
    done = answer("merge", "develop")
    served.wait_for("workflow_run", lambda payload: payload["action"] == "completed")
    runs = served.repository().get_commit(done["commit"]).get_check_runs()
    assert {run.name: run.conclusion for run in runs}["build"] == "failure"


def test_github_answers_errors_on_demand(served: Served) -> None:
    answer("fault", "github", "502", "--count", "1")
    headers = {"Authorization": f"Bearer {served.github.person_token('ada')}"}
    url = f"{served.github.api}/repos/{NAME}"
    statuses = [httpx.get(url, headers=headers, trust_env=False).status_code for _ in range(2)]
    assert statuses == [502, 200]


@pytest.mark.parametrize(
    "arguments", [["fault", "webhooks", "explode"], ["fault", "checks", "lint"], ["fault", "github", "200"], ["nope"]]
)
def test_wrong_use_has_its_own_exit_code(served: Served, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_without_a_sandbox_there_is_nothing_to_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path))
    none = run("merge", "develop")
    assert (none.exit_code, "make up" in none.stderr) == (3, True)
    write_state(tmp_path, "http://127.0.0.1:1/api/v3", "x")
    gone = run("merge", "develop")
    assert (gone.exit_code, "does not answer" in gone.stderr) == (3, True)
    (tmp_path / "sandbox.json").write_text("{")
    assert run("merge", "develop").exit_code == 3


def test_a_wrong_token_opens_nothing(served: Served, tmp_path: Path) -> None:
    write_state(tmp_path / ".tidegate", served.github.api, "wrong")
    done = run("merge", "develop")
    assert (done.exit_code, "token is missing or wrong" in done.stderr) == (1, True)
    reply = httpx.post(f"{served.github.origin}/sandbox/traffic", json={}, trust_env=False)
    assert reply.status_code == 401


def test_the_nearest_state_file_is_used_unless_a_directory_is_named(tmp_path: Path) -> None:
    write_state(tmp_path / ".tidegate", "", "")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert state_file(inner, None) == tmp_path / ".tidegate" / "sandbox.json"
    assert state_file(inner, str(inner)) is None


def test_traffic_that_is_interrupted_says_how_it_went_so_far(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def end(_: object, path: str) -> dict[str, object]:
        ended.append(path)
        return {"sent": 7, "failed": 0, "by_status": {"200": 7}}

    monkeypatch.setattr(commands.Sandbox, "ask", interrupted)
    monkeypatch.setattr(commands.Sandbox, "end", end)
    done = run("traffic", "dev")
    assert (done.exit_code, ended) == (130, ["/traffic/dev"])
    assert "sent 7, failed 0" in done.stdout


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (3, 1)])
def test_traffic_says_how_it_was_answered(
    failed: int, code: int, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = {"sent": 40, "failed": failed, "by_status": {"200": 40 - failed}, "by_version": {"0.1.1": 40}}
    monkeypatch.setattr(commands.Sandbox, "ask", lambda *_, **__: report)
    done = run("traffic", "dev", "--seconds", "1")
    assert done.exit_code == code
    assert f"sent 40, failed {failed}" in done.stdout and "0.1.1: 40" in done.stdout
