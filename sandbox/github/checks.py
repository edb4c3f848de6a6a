"""What happens to check suites and check runs, by Actions or by anybody through the API."""

from __future__ import annotations

from typing import Any

from sandbox.github import payloads
from sandbox.github.git.store import NO_OBJECT
from sandbox.github.people import Person
from sandbox.github.records import CheckRun, CheckStatus, CheckSuite, WorkflowRun
from sandbox.github.state import Repository, State

FAILED = ("failure", "timed_out", "cancelled", "action_required", "stale", "startup_failure")


def suite_of(
    state: State, repository: Repository, sha: str, branch: str | None, app_id: int, before: str = NO_OBJECT
) -> CheckSuite:
    """The App's suite of a commit on a branch, made when there is none."""
    for suite in repository.records.check_suites.values():
        if (suite.head_sha, suite.head_branch, suite.app_id) == (sha, branch, app_id):
            return suite
    now = state.now()
    suite = CheckSuite(state.next_id(), app_id, branch, sha, before, "queued", None, now, now)
    repository.records.check_suites[suite.id] = suite
    return suite


def add_run(state: State, repository: Repository, suite: CheckSuite, fields: dict[str, Any], by: Person) -> CheckRun:
    run = CheckRun(state.next_id(), suite, fields["name"], "queued", None, state.now())
    repository.records.check_runs[run.id] = run
    _set(state, run, fields)
    state.emit(repository, "check_run", payloads.check_run(state, repository, "created", run, by), by)
    _settle(state, repository, suite, by)
    return run


def update_run(state: State, repository: Repository, run: CheckRun, fields: dict[str, Any], by: Person) -> None:
    """Change what is given; a conclusion completes the run."""
    was_completed = run.status == "completed"
    _set(state, run, fields)
    if run.status == "completed" and not was_completed:
        state.emit(repository, "check_run", payloads.check_run(state, repository, "completed", run, by), by)
    _settle(state, repository, run.suite, by)


def _set(state: State, run: CheckRun, fields: dict[str, Any]) -> None:
    status: CheckStatus = "completed" if fields.get("conclusion") else fields.get("status", run.status)
    run.status, run.conclusion = status, fields.get("conclusion", run.conclusion)
    run.name = fields.get("name", run.name)
    run.details_url = fields.get("details_url", run.details_url)
    run.external_id = fields.get("external_id", run.external_id)
    output = dict(fields.get("output") or {})
    run.annotations += output.pop("annotations", [])
    run.output = output or run.output
    run.completed_at = (run.completed_at or state.now()) if status == "completed" else None


def _settle(state: State, repository: Repository, suite: CheckSuite, by: Person) -> None:
    """A suite is what its runs are together."""
    runs = [run for run in repository.records.check_runs.values() if run.suite is suite]
    was_completed = suite.status == "completed"
    if all(run.status == "completed" for run in runs):
        suite.status, suite.conclusion = "completed", _conclusion(runs)
    else:
        started = any(run.status != "queued" for run in runs)
        suite.status, suite.conclusion = "in_progress" if started else "queued", None
    suite.updated_at = state.now()
    if suite.status == "completed" and not was_completed:
        state.emit(repository, "check_suite", payloads.check_suite(state, repository, "completed", suite, by), by)


def _conclusion(runs: list[CheckRun]) -> str:
    conclusions = [run.conclusion for run in runs]
    return next((conclusion for conclusion in FAILED if conclusion in conclusions), "success")


def add_workflow_run(state: State, repository: Repository, suite: CheckSuite, by: Person) -> WorkflowRun:
    number = len(repository.records.workflow_runs) + 1
    run = WorkflowRun(state.next_id(), number, suite, by, "push")
    repository.records.workflow_runs[run.id] = run
    tell_workflow(state, repository, "requested", run)
    return run


def tell_workflow(state: State, repository: Repository, action: str, run: WorkflowRun) -> None:
    payload = payloads.workflow_run(state, repository, action, run)
    state.emit(repository, "workflow_run", payload, run.actor)
