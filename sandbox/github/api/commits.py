"""Commits, comparisons, merges of branches, commit statuses, checks."""

from __future__ import annotations

from typing import Any

from sandbox.github import checks, merges, payloads
from sandbox.github.api.call import Call, Page, Reply, Rest
from sandbox.github.api.frame import link_header, page_of
from sandbox.github.errors import ApiError
from sandbox.github.git.changes import changes, commit_changes
from sandbox.github.git.history import distance, log
from sandbox.github.git.store import NotFoundError
from sandbox.github.records import CheckRun, CheckSuite, CommitStatus
from sandbox.github.shapes import checks as check_shapes
from sandbox.github.shapes import commits as shapes
from sandbox.github.shapes import pulls as pull_shapes

STATES = ("error", "failure", "pending", "success")
CONCLUSIONS = ("success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale")
COMPARE_PAGE = 250
MAX_ANNOTATIONS = 50
NEEDED_OF_ANNOTATIONS = ("path", "start_line", "end_line", "annotation_level", "message")
SHA_ONLY = ("application/vnd.github.sha", "application/vnd.github.v3.sha")


def _sha(call: Call, name: str = "ref") -> str:
    try:
        return call.repository.git.resolve(call.path[name])
    except NotFoundError:
        raise ApiError(422, f"No commit found for SHA: {call.path[name]}") from None


def commits(call: Call) -> Any:
    """Newest first; `path` keeps the commits that changed a file at or below it."""
    found, path = call.repository, call.query.get("path", "").strip("/")
    start = found.git.resolve(call.query.get("sha") or found.default_branch)
    history = log(found.git, start)
    if path:
        history = [sha for sha in history if _touches(call, sha, path)]
    return Page(history, lambda sha: shapes.commit(call.links, found, call.state.people, sha))


def _touches(call: Call, sha: str, path: str) -> bool:
    changed = commit_changes(call.repository.git, sha)
    return any(change.path == path or change.path.startswith(path + "/") for change in changed)


def commit(call: Call) -> Any:
    found, sha = call.repository, _sha(call)
    if call.headers.get("accept") in SHA_ONLY:
        return Reply(200, raw=sha.encode(), content_type="application/vnd.github.sha; charset=utf-8")
    changed = commit_changes(found.git, sha)
    return shapes.commit_with_files(call.links, found, call.state.people, sha, changed)


def git_commit(call: Call) -> Any:
    found = call.repository
    return shapes.git_commit(call.links, found, found.git.commit(call.path["sha"]).id.decode())


def compare(call: Call) -> Any:
    """Three dots: files since the common ancestor, at most 300 and on the first page only.

    https://docs.github.com/en/rest/commits/commits#compare-two-commits
    """
    found, git = call.repository, call.repository.git
    base, dots, head = call.path["basehead"].partition("...")
    if not dots or not head:
        raise ApiError.not_found()
    between = git.resolve(_own(call, base)), git.resolve(_own(call, head))
    between_commits = distance(git, *between)
    if between_commits.merge_base is None:
        raise ApiError(404, f"No common ancestor between {base} and {head}.")
    page, size = page_of(call, COMPARE_PAGE, 1000)
    ahead = between_commits.ahead[::-1]
    shown = ahead[(page - 1) * size : page * size]
    first_page = page == 1
    changed = changes(git, git.tree_of(between_commits.merge_base), git.tree_of(between[1])) if first_page else []
    body = shapes.comparison(call.links, found, call.state.people, between, between_commits, shown, changed)
    return Reply(200, body, headers=link_header(call, len(ahead), page, size))


def _own(call: Call, revision: str) -> str:
    """`owner:branch` means this repository too: there are no forks here."""
    return revision.removeprefix(f"{call.repository.owner}:")


def pulls_with(call: Call) -> Any:
    """Pull requests that brought a commit: merged ones, and open ones that hold it."""
    found, sha = call.repository, _sha(call)
    holding = [
        pull
        for pull in found.records.pulls.values()
        if (pull.is_open or pull.merged_at)
        and (sha == pull.merge_commit or sha in distance(found.git, pull.base_sha, pull.head_sha).ahead)
    ]
    return Page(holding, lambda pull: pull_shapes.pull_in_list(call.links, found, pull))


def merge(call: Call) -> Any:
    base, head = call.needs("base", "head")
    found = call.repository
    try:
        sha = found.git.resolve(head)
    except NotFoundError:
        raise ApiError(404, "Head does not exist") from None
    message = call.body.get("commit_message") or f"Merge {head} into {base}"
    made = merges.merge_branch(call.state, found, base, sha, message, call.by)
    if made is None:
        return Reply(204)
    return Reply(201, shapes.commit(call.links, found, call.state.people, made))


# commit statuses


def make_status(call: Call) -> Any:
    found, sha, (state,) = call.repository, _sha(call), call.needs("state")
    if state not in STATES:
        raise ApiError.invalid("Status", "state", f"state must be one of {', '.join(STATES)}", "invalid")
    given = CommitStatus(
        id=call.state.next_id(),
        sha=sha,
        state=state,
        context=call.body.get("context") or "default",
        description=call.body.get("description"),
        target_url=call.body.get("target_url"),
        creator=call.by,
        created_at=call.state.now(),
    )
    found.records.statuses.append(given)
    call.state.emit(found, "status", payloads.status(call.state, found, given), call.by)
    return Reply(201, check_shapes.status(call.links, found, given))


def _statuses(call: Call) -> list[CommitStatus]:
    sha = _sha(call)
    return [given for given in reversed(call.repository.records.statuses) if given.sha == sha]


def statuses(call: Call) -> Any:
    return Page(_statuses(call), lambda given: check_shapes.status(call.links, call.repository, given))


def combined_status(call: Call) -> Any:
    """The latest of each context, in pages as any list.

    https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference
    """
    by_context: dict[str, CommitStatus] = {}
    for given in _statuses(call):
        by_context.setdefault(given.context, given)
    latest, (page, size) = list(by_context.values()), page_of(call)
    shown = latest[(page - 1) * size : page * size]
    body = check_shapes.combined_status(call.links, call.repository, _sha(call), latest, shown)
    return Reply(200, body, headers=link_header(call, len(latest), page, size))


# checks


def _run_page(call: Call, runs: list[CheckRun]) -> Page:
    """`filter=latest` (the default) keeps the newest run of each name in each suite.

    https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference
    """
    runs = [run for run in runs if _is_asked_for(call, run)]
    newest_first = sorted(runs, key=lambda run: -run.id)
    if call.query.get("filter", "latest") == "latest":
        latest: dict[tuple[str, int], CheckRun] = {}
        for run in newest_first:
            latest.setdefault((run.name, run.suite.id), run)
        newest_first = list(latest.values())
    return Page(newest_first, lambda run: check_shapes.check_run(call.links, call.repository, run), "check_runs")


def _is_asked_for(call: Call, run: CheckRun) -> bool:
    shown = {"check_name": run.name, "status": run.status, "app_id": str(run.suite.app_id)}
    return all(call.query.get(name) in (None, "", value) for name, value in shown.items())


def check_runs(call: Call) -> Any:
    sha = _sha(call)
    return _run_page(call, [run for run in call.repository.records.check_runs.values() if run.suite.head_sha == sha])


def runs_of_suite(call: Call) -> Any:
    suite = _suite(call)
    return _run_page(call, [run for run in call.repository.records.check_runs.values() if run.suite is suite])


def check_run(call: Call) -> Any:
    return check_shapes.check_run(call.links, call.repository, _run(call))


def make_check_run(call: Call) -> Any:
    """Only an App may: https://docs.github.com/en/rest/checks/runs#create-a-check-run"""
    name, head = call.needs("name", "head_sha")
    found, app_id = call.repository, _app(call)
    _check_run(call)
    suite = checks.suite_of(call.state, found, found.git.resolve(head), _branch_at(call, head), app_id)
    run = checks.add_run(call.state, found, suite, {**call.body, "name": name}, call.by)
    return Reply(201, check_shapes.check_run(call.links, found, run))


def edit_check_run(call: Call) -> Any:
    run, app_id = _run(call), _app(call)
    if run.suite.app_id != app_id:
        raise ApiError(403, "Invalid app_id `" + str(app_id) + "` - check run can only be modified by its own app")
    _check_run(call)
    checks.update_run(call.state, call.repository, run, call.body, call.by)
    return check_shapes.check_run(call.links, call.repository, run)


def _app(call: Call) -> int:
    if call.installed_app_id is None:
        raise ApiError(403, "You must authenticate via a GitHub App.")
    return call.installed_app_id


def check_run_annotations(call: Call) -> Any:
    run = _run(call)
    return Page(run.annotations, lambda given: check_shapes.annotation(call.links, call.repository, run, given))


def _check_run(call: Call) -> None:
    notes = (call.body.get("output") or {}).get("annotations") or []
    if len(notes) > MAX_ANNOTATIONS:
        raise ApiError(422, f"Invalid request.\n\nNo more than {MAX_ANNOTATIONS} items are allowed; {len(notes)} were.")
    for note in notes:
        missing = [name for name in NEEDED_OF_ANNOTATIONS if not note.get(name)]
        if missing:
            raise ApiError(422, f"Invalid request.\n\n{', '.join(missing)} weren't supplied.")
    conclusion = call.body.get("conclusion")
    if conclusion is not None and conclusion not in CONCLUSIONS:
        raise ApiError(422, f"Invalid request.\n\n{conclusion} is not a member of {list(CONCLUSIONS)}.")
    if call.body.get("status") == "completed" and conclusion is None:
        raise ApiError(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.')


def _branch_at(call: Call, sha: str) -> str | None:
    return next((name for name, tip in call.repository.git.branches().items() if tip == sha), None)


def _run(call: Call) -> CheckRun:
    run = call.repository.records.check_runs.get(call.path["id"])
    if run is None:
        raise ApiError.not_found()
    return run


def check_suites(call: Call) -> Any:
    sha = _sha(call)
    suites = [suite for suite in call.repository.records.check_suites.values() if suite.head_sha == sha]
    return Page(suites, lambda suite: _suite_shape(call, suite), "check_suites")


def check_suite(call: Call) -> Any:
    return _suite_shape(call, _suite(call))


def _suite(call: Call) -> CheckSuite:
    suite = call.repository.records.check_suites.get(call.path["id"])
    if suite is None:
        raise ApiError.not_found()
    return suite


def _suite_shape(call: Call, suite: CheckSuite) -> Any:
    runs = sum(run.suite is suite for run in call.repository.records.check_runs.values())
    return check_shapes.check_suite(call.links, call.repository, suite, runs)


_BASE = "/repos/{owner}/{repo}"

ROUTES: list[Rest] = [
    ("GET", _BASE + "/commits", commits),
    ("GET", _BASE + "/commits/{ref:path}/check-runs", check_runs),
    ("GET", _BASE + "/commits/{ref:path}/check-suites", check_suites),
    ("GET", _BASE + "/commits/{ref:path}/statuses", statuses),
    ("GET", _BASE + "/commits/{ref:path}/status", combined_status),
    ("GET", _BASE + "/commits/{ref:path}/pulls", pulls_with),
    ("GET", _BASE + "/commits/{ref:path}", commit),
    ("GET", _BASE + "/git/commits/{sha}", git_commit),
    ("GET", _BASE + "/compare/{basehead:path}", compare),
    ("POST", _BASE + "/merges", merge),
    ("GET", _BASE + "/statuses/{ref}", statuses),
    ("POST", _BASE + "/statuses/{ref}", make_status),
    ("POST", _BASE + "/check-runs", make_check_run),
    ("GET", _BASE + "/check-runs/{id:int}", check_run),
    ("PATCH", _BASE + "/check-runs/{id:int}", edit_check_run),
    ("GET", _BASE + "/check-runs/{id:int}/annotations", check_run_annotations),
    ("GET", _BASE + "/check-suites/{id:int}", check_suite),
    ("GET", _BASE + "/check-suites/{id:int}/check-runs", runs_of_suite),
]
