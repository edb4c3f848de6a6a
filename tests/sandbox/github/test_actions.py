"""The stand-in for Actions, after pushes."""

from __future__ import annotations

import pytest

from sandbox.github.actions import image_tag
from tests.sandbox.github.served import Clone, Served


def test_a_push_passes_three_checks_and_then_publishes(served: Served, clone: Clone) -> None:
    sha = clone.commit({"workload/VERSION": "0.1.1\n"})
    clone.git("push", "-q", "origin", "develop")
    served.wait(lambda: bool(served.published))
    assert served.published == [(sha, "develop", clone.git("rev-parse", "HEAD:workload"))]
    runs = served.repository().get_commit(sha).get_check_runs()
    assert {(run.name, run.status, run.conclusion) for run in runs} == {
        (name, "completed", "success") for name in ("test", "build", "scan")
    }
    assert [payload["action"] for payload in served.events("workflow_run")] == ["requested", "in_progress", "completed"]
    assert served.events("check_suite")[-1]["check_suite"]["conclusion"] == "success"


def test_a_feature_branch_is_not_built(served: Served, clone: Clone) -> None:
    clone.commit({"x.txt": "x\n"})
    clone.git("push", "-q", "origin", "develop:feature")
    clone.git("push", "-q", "origin", "develop")
    served.wait(lambda: bool(served.published))
    assert [branch for _, branch, _ in served.published] == ["develop"]
    assert len(served.events("workflow_run")) == 3


def test_a_failed_check_leaves_no_image(served: Served, clone: Clone) -> None:
    served.loop.call_soon_threadsafe(served.github.actions.fail_next, "scan")
    bad = clone.commit({"x.txt": "x\n"})
    clone.git("push", "-q", "origin", "develop")
    served.wait_for("workflow_run", lambda payload: payload["action"] == "completed")
    good = clone.commit({"x.txt": "y\n"})
    clone.git("push", "-q", "origin", "develop")
    served.wait(lambda: bool(served.published))
    assert [commit for commit, _, _ in served.published] == [good]
    conclusions = {run.name: run.conclusion for run in served.repository().get_commit(bad).get_check_runs()}
    assert conclusions == {"test": "success", "build": "success", "scan": "failure"}


def test_a_commit_that_rehearses_no_image_has_none(served: Served, clone: Clone) -> None:
    path = clone.path / "workload" / "rehearsal.py"
    text = path.read_text()
    clone.commit({"workload/rehearsal.py": text.replace("NO_IMAGE = False", "NO_IMAGE = True")})
    clone.git("push", "-q", "origin", "develop")
    served.wait_for("workflow_run", lambda payload: payload["action"] == "completed")
    good = clone.commit({"workload/rehearsal.py": text})
    clone.git("push", "-q", "origin", "develop")
    served.wait(lambda: bool(served.published))
    assert [commit for commit, _, _ in served.published] == [good]


def test_a_check_that_does_not_exist_cannot_fail(served: Served) -> None:
    with pytest.raises(ValueError, match="test, build, scan"):
        served.github.actions.fail_next("lint")


def test_a_tag_has_no_slash() -> None:
    assert image_tag("feature/one", "a" * 40) == f"feature-one-{'a' * 40}"
