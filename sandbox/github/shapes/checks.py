"""Check runs, check suites, workflow runs and commit statuses."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.github.links import Links
from sandbox.github.records import CheckRun, CheckSuite, CommitStatus, WorkflowRun
from sandbox.github.shapes import Json, time
from sandbox.github.shapes.people import organization_account, user
from sandbox.github.shapes.repositories import address, repository_shape
from sandbox.github.state import Repository, node_id

ACTIONS_APP_ID = 15368
WORKFLOW_ID = 3001
WORKFLOW_PATH = ".github/workflows/ci.yaml"


def app(links: Links, number: int) -> Json:
    """Every App that is installed here goes by the controller's name."""
    slug, name = ("github-actions", "GitHub Actions") if number == ACTIONS_APP_ID else ("tidegate", "Tidegate")
    return {
        "id": number,
        "slug": slug,
        "node_id": node_id("App", number),
        "owner": organization_account(links),
        "name": name,
        "description": "",
        "external_url": links.html("apps", slug),
        "html_url": links.html("apps", slug),
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "permissions": {"checks": "write", "contents": "read", "deployments": "write", "metadata": "read"},
        "events": ["check_run", "check_suite", "push"],
    }


def check_run(links: Links, repository: Repository, run: CheckRun) -> Json:
    here = address(links, repository, "check-runs", run.id)
    html = links.html(repository.full_name, "runs", run.id)
    return {
        "id": run.id,
        "node_id": node_id("CheckRun", run.id),
        "name": run.name,
        "head_sha": run.suite.head_sha,
        "external_id": run.external_id,
        "url": here,
        "html_url": html,
        "details_url": run.details_url or html,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": time(run.started_at),
        "completed_at": time(run.completed_at),
        "output": {
            "title": run.output.get("title"),
            "summary": run.output.get("summary"),
            "text": run.output.get("text"),
            "annotations_count": len(run.annotations),
            "annotations_url": here + "/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": app(links, run.suite.app_id),
        "pull_requests": [],
    }


def annotation(links: Links, repository: Repository, run: CheckRun, given: Json) -> Json:
    start = given["start_line"]
    shown = {"start_column": None, "end_column": None, "title": None, "raw_details": None, **given}
    blob = links.html(repository.full_name, "blob", run.suite.head_sha, given["path"])
    return {**shown, "end_line": given.get("end_line", start), "blob_href": blob}


def check_suite(links: Links, repository: Repository, suite: CheckSuite, runs: int) -> Json:
    here = address(links, repository, "check-suites", suite.id)
    return {
        "id": suite.id,
        "node_id": node_id("CheckSuite", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "url": here,
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": [],
        "app": app(links, suite.app_id),
        "created_at": time(suite.created_at),
        "updated_at": time(suite.updated_at),
        "latest_check_runs_count": runs,
        "check_runs_url": here + "/check-runs",
        "repository": repository_shape(links, repository),
    }


def workflow_run(links: Links, repository: Repository, run: WorkflowRun) -> Json:
    here = address(links, repository, "actions/runs", run.id)
    suite = run.suite
    return {
        "id": run.id,
        "name": "CI",
        "node_id": node_id("WorkflowRun", run.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "path": WORKFLOW_PATH,
        "display_title": "CI",
        "run_number": run.number,
        "run_attempt": 1,
        "event": run.event,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "workflow_id": WORKFLOW_ID,
        "check_suite_id": suite.id,
        "check_suite_node_id": node_id("CheckSuite", suite.id),
        "url": here,
        "html_url": links.html(repository.full_name, "actions/runs", run.id),
        "pull_requests": [],
        "created_at": time(suite.created_at),
        "updated_at": time(suite.updated_at),
        "run_started_at": time(suite.created_at),
        "actor": user(links, run.actor),
        "triggering_actor": user(links, run.actor),
        "jobs_url": here + "/jobs",
        "logs_url": here + "/logs",
        "artifacts_url": here + "/artifacts",
        "cancel_url": here + "/cancel",
        "rerun_url": here + "/rerun",
        "previous_attempt_url": None,
        "check_suite_url": address(links, repository, "check-suites", suite.id),
        "workflow_url": address(links, repository, "actions/workflows", WORKFLOW_ID),
    }


def workflow(links: Links, repository: Repository) -> Json:
    return {
        "id": WORKFLOW_ID,
        "node_id": node_id("Workflow", WORKFLOW_ID),
        "name": "CI",
        "path": WORKFLOW_PATH,
        "state": "active",
        "created_at": time(repository.created_at),
        "updated_at": time(repository.created_at),
        "url": address(links, repository, "actions/workflows", WORKFLOW_ID),
        "html_url": links.html(repository.full_name, "blob", repository.default_branch, WORKFLOW_PATH),
        "badge_url": links.html(repository.full_name, "workflows/CI/badge.svg"),
    }


def status(links: Links, repository: Repository, given: CommitStatus) -> Json:
    return {
        "id": given.id,
        "node_id": node_id("StatusContext", given.id),
        "url": address(links, repository, "statuses", given.sha),
        "avatar_url": links.html("avatars", given.creator.id),
        "state": given.state,
        "description": given.description,
        "target_url": given.target_url,
        "context": given.context,
        "created_at": time(given.created_at),
        "updated_at": time(given.created_at),
        "creator": user(links, given.creator),
    }


def combined_status(
    links: Links, repository: Repository, sha: str, latest: Sequence[CommitStatus], shown: Sequence[CommitStatus]
) -> Json:
    """Failure beats pending, pending beats success; no status at all is pending. `shown` are those of the page."""
    states = {given.state for given in latest}
    if states & {"error", "failure"}:
        state = "failure"
    elif not states or "pending" in states:
        state = "pending"
    else:
        state = "success"
    return {
        "state": state,
        "sha": sha,
        "total_count": len(latest),
        "statuses": [status(links, repository, given) for given in shown],
        "repository": repository_shape(links, repository),
        "commit_url": address(links, repository, "commits", sha),
        "url": address(links, repository, "commits", sha, "status"),
    }
