"""A good version goes live, and nobody who uses the old one notices."""

from pathlib import Path

import httpx
import pytest

from tests.live.conftest import users_of
from tests.support.clone import Clone
from tests.support.live import Pair, a_pair


def test_the_first_push_by_git_goes_live(tmp_path: Path) -> None:
    with a_pair(tmp_path / "pair") as pair:
        clone = Clone(pair.sandbox.endpoints["github"]["git"], tmp_path / "clone")
        clone.rewrite("workload/VERSION", r".*", "7.0.0")
        commit = clone.commit("Prepare version 7")
        clone.push()
        deployed = pair.controller.settled(commit)
        live = pair.controller.environment()["live"]
        page = pair.controller.page().text
        answered = httpx.get(f"{pair.sandbox.endpoints['balancers']['dev']}/api/version", trust_env=False).json()
    assert deployed["phase"] == "succeeded", deployed["reason"]
    assert live["commit"] == commit
    assert commit[:7] in page
    assert answered["version"] == "7.0.0"


@pytest.mark.parametrize(
    ("strategy", "keep_warm", "shifts"),
    [("{type: rolling}", "0s", [50, 100]), ("{type: blue_green, bake: 1s}", "1s", [100])],
    ids=["rolling", "blue_green"],
)
def test_a_rollout_fails_no_request(
    pair: Pair, tmp_path: Path, strategy: str, keep_warm: str, shifts: list[int]
) -> None:
    clone = Clone(pair.sandbox.endpoints["github"]["git"], tmp_path / "clone")
    version = f"{7 + len(shifts)}.0.0"
    clone.rewrite("workload/VERSION", r".*", version)
    clone.rewrite("environments/dev.yaml", r"^strategy: \{.*?\}", f"strategy: {strategy}")
    clone.rewrite(
        "environments/dev.yaml", r"^rollback:\n(  keep_warm: .*\n)?", f"rollback:\n  keep_warm: {keep_warm}\n"
    )
    commit = clone.commit(f"Prepare {version}")
    with users_of(pair) as users:
        clone.push()
        deployed = pair.controller.ended(commit)
        report = users.end()
    assert deployed["phase"] == "succeeded", deployed["reason"]
    assert [step["percent"] for step in deployed["steps"] if step["kind"] == "shift"] == shifts
    assert report.by_version[version] > 0
    assert report.failed == 0, report
