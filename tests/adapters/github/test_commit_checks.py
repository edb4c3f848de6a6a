"""Check runs and statuses of a commit: what each word means, all of them, the latest of each name and app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from github import Auth, GithubIntegration

from controller.adapters.clock import SystemClock
from controller.adapters.github.commit_checks import CONCLUSIONS, CommitChecks
from controller.adapters.github.errors import Unreadable
from controller.adapters.github.source import GitHubSource
from controller.domain.commit_checks import CheckState, CommitCheck
from controller.domain.errors import Blocked, Conflict, TidegateError, Transient
from controller.domain.secret import Secret
from sandbox.github import checks
from sandbox.github.people import ACTIONS
from sandbox.github.records import CommitStatus
from sandbox.github.shapes.checks import ACTIONS_APP_ID
from tests.adapters.github.answering import Requester
from tests.sandbox.github.served import NAME, QUIET, Clone, Served
from tests.sandbox.github.test_rest import an_app_key

PASSED, FAILED, PENDING = CheckState.PASSED, CheckState.FAILED, CheckState.PENDING
OTHER_APP = 7
ABSENT = "1" * 40


@pytest.fixture
def source(served: Served) -> GitHubSource:
    return GitHubSource(served.github.api, Secret(served.github.machine_token()), SystemClock())


@pytest.fixture
def sha(clone: Clone) -> str:
    """A commit that nothing has been checked of yet."""
    found = clone.commit({"a.txt": "a\n"})
    clone.git("push", "-q", "origin", "HEAD:feature")
    return found


def run(served: Served, sha: str, name: str, app: int = ACTIONS_APP_ID, branch: str = "feature", **fields: Any) -> Any:
    """A check run, made as an App makes it; to a conclusion unless `status` says otherwise."""
    given = {"name": name, **(fields or {"conclusion": "success"})}

    def make() -> Any:
        state, repository = served.github.state, served.github.repository(NAME)
        suite = checks.suite_of(state, repository, sha, branch, app)
        return checks.add_run(state, repository, suite, given, ACTIONS)

    return served.run(served.github.do(make))


def status(served: Served, sha: str, context: str, state: str, url: str | None = None) -> None:
    def make() -> None:
        now = served.github.state.now()
        given = CommitStatus(served.github.state.next_id(), sha, state, context, None, url, ACTIONS, now)
        served.github.repository(NAME).records.statuses.append(given)

    served.run(served.github.do(make))


def said(found: tuple[CommitCheck, ...]) -> dict[str, tuple[CheckState, str]]:
    assert len({check.name for check in found}) == len(found)
    return {check.name: (check.state, check.said) for check in found}


def cost(served: Served) -> int:
    """Requests that count, so far."""
    return sum(served.github.frame.limits.used.values())


# what a word means


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [
        ("success", PASSED),
        ("neutral", PASSED),
        ("skipped", PASSED),
        ("failure", FAILED),
        ("cancelled", FAILED),
        ("timed_out", FAILED),
        ("action_required", FAILED),
        ("startup_failure", FAILED),
        ("stale", PENDING),
        ("a_word_of_next_year", PENDING),
    ],
)
def test_a_conclusion_is(served: Served, source: GitHubSource, sha: str, conclusion: str, state: CheckState) -> None:
    made = run(served, sha, "test", conclusion=conclusion)
    address = f"{served.github.origin}/{NAME}/runs/{made.id}"
    assert source.checks(NAME, sha) == (CommitCheck("test", state, conclusion, address),)


@pytest.mark.parametrize("status", ["queued", "in_progress", "waiting", "requested", "pending", "a_word_of_next_year"])
def test_a_run_that_is_not_completed_is_pending(served: Served, source: GitHubSource, sha: str, status: str) -> None:
    run(served, sha, "test", status=status)
    assert said(source.checks(NAME, sha)) == {"test": (PENDING, status)}


@pytest.mark.parametrize("status", ["queued", "in_progress", "waiting"])
@pytest.mark.parametrize("conclusion", sorted(CONCLUSIONS))
def test_what_a_run_came_to_before_does_not_count_while_it_runs(status: str, conclusion: str) -> None:
    assert read_runs(a_run(status=status, conclusion=conclusion)) == (CommitCheck("test", PENDING, status),)


def test_a_completed_run_without_a_conclusion_is_pending() -> None:
    assert read_runs(a_run(conclusion=None)) == (CommitCheck("test", PENDING, "completed"),)


@pytest.mark.parametrize(
    ("word", "state"),
    [("success", PASSED), ("pending", PENDING), ("failure", FAILED), ("error", FAILED), ("expected", PENDING)],
)
def test_a_status_is(served: Served, source: GitHubSource, sha: str, word: str, state: CheckState) -> None:
    status(served, sha, "ci/jenkins", word, "https://ci.example.com/1")
    assert source.checks(NAME, sha) == (CommitCheck("ci/jenkins", state, word, "https://ci.example.com/1"),)


@pytest.mark.parametrize("address", [None, "javascript:alert(1)", "//ci.example.com", "ftp://ci.example.com", ""])
def test_an_address_that_is_no_page_of_the_web_is_left_out(
    served: Served, source: GitHubSource, sha: str, address: str | None
) -> None:
    status(served, sha, "ci/jenkins", "failure", address)
    assert source.checks(NAME, sha)[0].url == ""


# which of them


def test_a_commit_that_nobody_checks_has_no_checks(source: GitHubSource, sha: str) -> None:
    assert source.checks(NAME, sha) == ()


def test_checks_of_another_commit_do_not_count(served: Served, source: GitHubSource, clone: Clone, sha: str) -> None:
    run(served, sha, "test")
    status(served, sha, "lint", "success")
    newer = clone.commit({"b.txt": "b\n"})
    clone.git("push", "-q", "origin", "HEAD:feature")
    assert source.checks(NAME, newer) == ()


def test_what_actions_says_of_a_push_is_read(served: Served, source: GitHubSource, clone: Clone) -> None:
    served.github.actions.fail_next("scan")
    sha = clone.commit({"a.txt": "a\n"})
    clone.git("push", "-q", "origin", "HEAD:develop")
    served.wait_for("check_suite", lambda payload: payload["check_suite"]["head_sha"] == sha)
    assert said(source.checks(NAME, sha)) == {
        "test": (PASSED, "success"),
        "build": (PASSED, "success"),
        "scan": (FAILED, "failure"),
    }


def test_a_rerun_takes_the_place_of_what_failed(served: Served, source: GitHubSource, sha: str) -> None:
    run(served, sha, "test", conclusion="failure")
    run(served, sha, "test", status="queued")
    assert said(source.checks(NAME, sha)) == {"test": (PENDING, "queued")}
    run(served, sha, "test")
    assert said(source.checks(NAME, sha)) == {"test": (PASSED, "success")}


def test_a_rerun_for_a_second_branch_is_the_latest_too(served: Served, source: GitHubSource, sha: str) -> None:
    """It has a suite of its own, so that `filter=latest` leaves both."""
    run(served, sha, "test", conclusion="failure", branch="develop")
    run(served, sha, "test", branch="staging")
    assert said(source.checks(NAME, sha)) == {"test": (PASSED, "success")}


def test_the_latest_is_the_latest_in_whatever_order_they_are_told() -> None:
    old, new = a_run(id=1, conclusion="failure"), a_run(id=2, conclusion="success")
    assert read_runs(old, new) == read_runs(new, old) == (CommitCheck("test", PASSED, "success"),)


def test_two_apps_with_a_check_of_one_name_both_count(served: Served, source: GitHubSource, sha: str) -> None:
    """Neither can hide what the other says, whoever comes last."""
    key, public = an_app_key()
    installation = served.github.install_app(OTHER_APP, public)
    app = GithubIntegration(auth=Auth.AppAuth(OTHER_APP, key), base_url=served.github.api, **QUIET)
    run(served, sha, "test", conclusion="failure")
    repository = app.get_github_for_installation(installation).get_repo(NAME)
    repository.create_check_run("test", sha, status="completed", conclusion="success")
    found = source.checks(NAME, sha)
    assert sorted((check.name, check.said) for check in found) == [("test", "failure"), ("test", "success")]


def test_a_check_whose_app_is_gone_counts_for_itself() -> None:
    gone, there = a_run(id=1, app=None, conclusion="failure"), a_run(id=2, conclusion="success")
    assert {check.said for check in read_runs(gone, there)} == {"failure", "success"}


def test_a_run_and_a_status_with_one_name_both_count(served: Served, source: GitHubSource, sha: str) -> None:
    """As in GitHub's branch protection."""
    run(served, sha, "test")
    status(served, sha, "test", "failure")
    found = source.checks(NAME, sha)
    assert [(check.name, check.said) for check in found] == [("test", "success"), ("test", "failure")]


def test_the_latest_status_of_a_name_counts(served: Served, source: GitHubSource, sha: str) -> None:
    status(served, sha, "lint", "failure")
    status(served, sha, "lint", "success")
    assert said(source.checks(NAME, sha)) == {"lint": (PASSED, "success")}


# all of them, and what that costs


def test_every_page_of_runs_and_statuses_is_read(served: Served, source: GitHubSource, sha: str) -> None:
    for number in range(130):
        run(served, sha, f"run {number}")
        status(served, sha, f"status {number}", "success")
    start = cost(served)
    found = said(source.checks(NAME, sha))
    assert found.keys() == {f"{kind} {number}" for kind in ("run", "status") for number in range(130)}
    assert cost(served) - start == 4


def test_an_answer_that_has_not_changed_costs_nothing(served: Served, source: GitHubSource, sha: str) -> None:
    run(served, sha, "test", status="in_progress")
    status(served, sha, "lint", "pending")
    start = cost(served)
    first = source.checks(NAME, sha)
    assert cost(served) == start + 2
    assert [source.checks(NAME, sha) for _ in range(5)] == [first] * 5
    assert cost(served) == start + 2


def test_what_changes_is_seen_at_once_and_is_all_that_costs(served: Served, source: GitHubSource, sha: str) -> None:
    made = run(served, sha, "test", status="in_progress")
    source.checks(NAME, sha)
    start = cost(served)
    repository, state = served.github.repository(NAME), served.github.state
    served.run(
        served.github.do(lambda: checks.update_run(state, repository, made, {"conclusion": "timed_out"}, ACTIONS))
    )
    assert said(source.checks(NAME, sha)) == {"test": (FAILED, "timed_out")}
    assert cost(served) == start + 1


# the exact requests


def a_run(**changes: object) -> dict[str, Any]:
    """As GitHub's documentation shows one, without what nobody reads."""
    shown = {"id": 4, "head_sha": ABSENT, "name": "test", "status": "completed", "conclusion": "success"}
    return {**shown, "html_url": None, "app": {"id": 1, "slug": "octoapp"}, **changes}


def runs(*shown: object) -> dict[str, object]:
    return {"total_count": len(shown), "check_runs": list(shown)}


def a_status(**changes: object) -> dict[str, object]:
    return {"id": 1, "state": "success", "context": "lint", "target_url": None, **changes}


def statuses(*shown: object, sha: str = ABSENT) -> dict[str, object]:
    return {"state": "success", "sha": sha, "total_count": len(shown), "statuses": list(shown)}


def read_runs(*shown: object) -> tuple[CommitCheck, ...]:
    requester: Any = Requester([({}, runs(*shown))])
    return CommitChecks().runs(requester, NAME, ABSENT)


def read_statuses(body: object) -> tuple[CommitCheck, ...]:
    requester: Any = Requester([({}, body)])
    return CommitChecks().statuses(requester, NAME, ABSENT)


def test_the_exact_requests() -> None:
    requester: Any = Requester(
        [({"etag": 'W/"r"'}, runs(a_run())), ({"etag": 'W/"s"'}, statuses(a_status())), ({}, None), ({}, None)]
    )
    found = CommitChecks()
    for _ in range(2):
        assert found.runs(requester, NAME, ABSENT) == (CommitCheck("test", PASSED, "success"),)
        assert found.statuses(requester, NAME, ABSENT) == (CommitCheck("lint", PASSED, "success"),)
    of_runs = f"/repos/acme/captioncraft/commits/{ABSENT}/check-runs?filter=latest&per_page=100"
    of_statuses = f"/repos/acme/captioncraft/commits/{ABSENT}/status?per_page=100"
    assert requester.asked == [
        (of_runs, {}),
        (of_statuses, {}),
        (of_runs, {"If-None-Match": 'W/"r"'}),
        (of_statuses, {"If-None-Match": 'W/"s"'}),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "4"},
        {"name": None},
        {"status": 200},
        {"conclusion": ["success"]},
        {"app": "octoapp"},
        {"app": {"slug": "octoapp"}},
        {"head_sha": "2" * 40},
        {"head_sha": None},
    ],
)
def test_a_run_of_another_shape_or_commit_is_no_answer(change: Mapping[str, object]) -> None:
    with pytest.raises(Unreadable):
        read_runs(a_run(id=5), a_run(**change))


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"state": "success"},
        statuses(a_status(state=None)),
        statuses(a_status(context=7)),
        statuses(a_status(), sha="2" * 40),
        statuses("success"),
    ],
)
def test_statuses_of_another_shape_or_commit_are_no_answer(body: object) -> None:
    with pytest.raises(Unreadable):
        read_statuses(body)


# when GitHub says no


def refused(served: Served, source: GitHubSource, sha: str, status: int, where: str) -> TidegateError:
    misbehaviour = served.github.frame.misbehaviour
    misbehaviour.status, misbehaviour.count, misbehaviour.where = status, 1, where
    with pytest.raises(TidegateError) as raised:
        source.checks(NAME, sha)
    return raised.value


@pytest.mark.parametrize(("where", "right"), [("/check-runs", "Checks: read"), ("/status", "Commit statuses: read")])
@pytest.mark.parametrize("status", [403, 404])
def test_a_denial_names_the_right_that_is_missing(
    served: Served, source: GitHubSource, sha: str, where: str, right: str, status: int
) -> None:
    error = refused(served, source, sha, status, where)
    assert isinstance(error, Blocked)
    assert f"permission `{right}`" in str(error)
    assert sha[:7] in str(error)


@pytest.mark.parametrize("where", ["/check-runs", "/status"])
@pytest.mark.parametrize(
    ("status", "becomes", "code"),
    [
        (401, Blocked, "github.credentials"),
        (403, Blocked, "github.denied"),
        (422, Blocked, "github.refused"),
        (429, Transient, "github.rate_limit"),
        (500, Transient, "github.unavailable"),
        (503, Transient, "github.unavailable"),
    ],
)
def test_a_refusal_is_no_empty_list_and_what_was_known_is_no_answer(
    served: Served,
    source: GitHubSource,
    sha: str,
    where: str,
    status: int,
    becomes: type[TidegateError],
    code: str,
) -> None:
    run(served, sha, "test")
    first = source.checks(NAME, sha)
    error = refused(served, source, sha, status, where)
    assert (type(error), error.code) == (becomes, code)
    assert source.checks(NAME, sha) == first


def test_a_commit_that_is_gone_is_a_conflict(source: GitHubSource) -> None:
    """GitHub answers 422, which it does for other reasons too."""
    with pytest.raises(Conflict, match="not in the repository any more") as raised:
        source.checks(NAME, ABSENT)
    assert raised.value.code == "github.commit_gone"


def test_a_repository_that_is_not_there_has_no_empty_list_of_checks(source: GitHubSource) -> None:
    with pytest.raises(Blocked, match="Reading the check runs of 1111111 of acme/typo") as raised:
        source.checks("acme/typo", ABSENT)
    assert raised.value.code == "github.repository_missing"
