"""The commit has passed on GitHub what its file requires, and what the live one does."""

import pytest

from controller.domain.commit_checks import CheckState, CommitCheck
from controller.domain.environment import Environment
from controller.domain.reason import Reason
from controller.domain.snapshot import Resolved
from controller.domain.verdict import Answer, Verdict
from controller.gates.base import Case
from controller.gates.checks import judge
from tests.support.builders import FILE, NOON, a_binding, a_commit, a_deployment, a_file, a_revision

SHA = "1f3c5a7" + "0" * 33
ADDRESS = "https://github.example/runs/4"
REQUIRED = ("test", "build", "scan")
PASSED = tuple(CommitCheck(name, CheckState.PASSED, "success") for name in REQUIRED)


def requiring(*names: str) -> str:
    return f"{FILE}gates: {{checks: {{required: [{', '.join(names)}]}}}}\n" if names else FILE


def failed(name: str, said: str = "failure", url: str = "") -> CommitCheck:
    return CommitCheck(name, CheckState.FAILED, said, url)


def pending(name: str, said: str = "in_progress", url: str = "") -> CommitCheck:
    return CommitCheck(name, CheckState.PENDING, said, url)


def asked(
    checks: tuple[CommitCheck, ...] | Reason, new: tuple[str, ...] = REQUIRED, live: tuple[str, ...] | None = None
) -> Verdict:
    """Of a deployment whose file requires `new`, where one that requires `live` is live, if any is."""
    deployment = a_deployment(revision=a_revision(text=requiring(*new), commit=a_commit(SHA)))
    before = None if live is None else a_file(requiring(*live))
    return judge(Case(deployment, Environment("dev"), a_binding(), before, Resolved(), checks=checks), NOON)


def test_a_commit_that_passed_everything_is_open() -> None:
    verdict = asked(PASSED)
    assert verdict.is_open
    assert verdict.reason == Reason("checks.passed", "passed on 1f3c5a7: test, build, scan")


@pytest.mark.parametrize("checks", [(), (failed("test"),), Reason("github.unreachable", "no answer")])
def test_without_a_required_check_nothing_that_github_says_holds(checks: tuple[CommitCheck, ...] | Reason) -> None:
    assert asked(checks, new=()).reason == Reason("checks.passed", "no check of the commit is required")


def test_a_check_that_nobody_requires_may_fail() -> None:
    assert asked((*PASSED, failed("lint"), pending("docs"))).is_open


def test_what_failed_is_told_with_githubs_word_and_where_to_look() -> None:
    verdict = asked((PASSED[0], failed("build", "timed_out", ADDRESS), failed("scan"), pending("test")))
    assert verdict.answer is Answer.HELD
    assert verdict.reason == Reason(
        "checks.failed",
        f"failed on 1f3c5a7: build (timed_out, {ADDRESS}), scan (failure); a re-run that passes opens this, or a newer"
        " commit",
    )


def test_what_runs_and_what_has_not_begun_are_told_apart() -> None:
    verdict = asked((PASSED[0], pending("build", "queued", ADDRESS)))
    assert verdict.answer is Answer.HELD
    assert verdict.reason == Reason(
        "checks.pending",
        f"not passed yet on 1f3c5a7: build (queued, {ADDRESS}); no check named scan has begun on 1f3c5a7",
    )


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ((), "no check named test or build or scan has begun on 1f3c5a7"),
        (PASSED[:2], "no check named scan has begun on 1f3c5a7"),
        ((*PASSED[:2], pending("scan", "stale")), "not passed yet on 1f3c5a7: scan (stale)"),
        (
            (pending("test"), pending("build", "waiting"), PASSED[2]),
            "not passed yet on 1f3c5a7: test (in_progress), build (waiting)",
        ),
    ],
)
def test_what_has_not_passed_yet_holds(found: tuple[CommitCheck, ...], text: str) -> None:
    verdict = asked(found)
    assert (verdict.answer, verdict.reason) == (Answer.HELD, Reason("checks.pending", text))


@pytest.mark.parametrize("other", [failed("test"), pending("test")])
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_checks_with_one_name_both_count(other: CommitCheck, order: int) -> None:
    assert asked((*PASSED, other)[::order]).answer is Answer.HELD


def test_a_name_is_the_whole_name() -> None:
    nearly = tuple(CommitCheck(name, CheckState.PASSED, "success") for name in ("Test", "test ", "test (3.12)"))
    assert asked(nearly, new=("test",)).reason.code == "checks.pending"


def test_what_could_not_be_read_is_unknown_and_says_why() -> None:
    why = Reason("checks.unknown", "the checks of 1f3c5a7 can't be read: GitHub answered 403")
    verdict = asked(why)
    assert verdict.answer is Answer.UNKNOWN
    assert not verdict.is_open
    assert verdict.reason == why


@pytest.mark.parametrize(
    ("new", "live"), [(("test",), ("scan",)), ((), ("test", "scan")), (("test", "scan"), ()), (("test", "scan"), None)]
)
def test_what_either_file_requires_is_required(new: tuple[str, ...], live: tuple[str, ...] | None) -> None:
    """A commit cannot take away the guard that would have held it."""
    assert asked(PASSED, new, live).is_open
    for name in ("test", "scan"):
        others = tuple(check for check in PASSED if check.name != name)
        assert asked((*others, failed(name)), new, live).reason.code == "checks.failed"
        assert asked(others, new, live).reason.code == "checks.pending"


def test_what_both_files_require_is_told_once() -> None:
    assert asked(PASSED, ("build", "test"), ("test", "build", "scan")).reason.text == (
        "passed on 1f3c5a7: build, test, scan"
    )
