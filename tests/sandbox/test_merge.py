"""`sandbox.merge`: what is committed, proposed and merged."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.clock import VirtualClock
from sandbox.github.people import People
from sandbox.github.rehearsal import KINDS, constants, parse_fault
from sandbox.github.state import Repository, State
from sandbox.merge import Merged, RefusedError, Wanted, merge
from tests.sandbox.github.served import FILES, NAME


class Team:
    """A repository with the usual branches, and people who merge."""

    def __init__(self, directory: Path) -> None:
        self.state = State(directory, VirtualClock(), People("secret"), origin="http://127.0.0.1:1")
        self.repository: Repository = self.state.add_repository(NAME, "main")
        git = self.repository.git
        author = self.state.people.everyone[0].signature(self.state.now())
        commit = git.add_commit(git.changed_tree(None, FILES), [], "Start", author)
        for branch in ("main", "staging", "develop"):
            git.set_ref(f"refs/heads/{branch}", commit)

    def merge(self, branch: str, fault: str | None = None, **more: str) -> Merged:
        return merge(self.state, self.repository, Wanted(branch, parse_fault(fault) if fault else None, **more))

    def tree(self, branch: str) -> str:
        return self.repository.git.tree_of(f"refs/heads/{branch}")

    def rehearsal(self, branch: str) -> dict[str, object]:
        return constants(self.repository.git.read(f"refs/heads/{branch}", "workload/rehearsal.py").decode())


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


def test_a_change_arrives_by_a_merged_pull_request(team: Team) -> None:
    before = team.repository.git.resolve("develop")
    merged = team.merge("develop", login="grace", message="Shorter captions")
    pull = team.repository.records.pulls[merged.pull_request]
    assert (pull.title, pull.author.login, pull.base, pull.merge_commit) == (
        "Shorter captions", "grace", "develop", merged.commit,
    )  # fmt: skip
    first, second = team.repository.git.parents(merged.commit)
    assert (first, second) == (before, pull.head_sha)
    assert team.repository.git.resolve("develop") == merged.commit
    assert merged.version == "0.1.1"
    assert sorted(team.repository.git.branches()) == ["develop", "main", "staging"]


def test_people_take_turns(team: Team) -> None:
    assert len({team.merge("develop").author for _ in range(3)}) == 3


@pytest.mark.parametrize(
    ("fault", "constant", "value"),
    [
        ("crash", "CRASH", True),
        ("unhealthy", "UNHEALTHY", True),
        ("smoke", "NOT_READY", True),
        ("no-image", "NO_IMAGE", True),
        ("exec-format", "EXEC_FORMAT", True),
        ("migration", "MIGRATION_FAILS", True),
        ("errors=0.25", "ERROR_RATE", 0.25),
        ("slow=700", "SLOW_MS", 700),
    ],
)
def test_a_fault_is_one_edited_line_and_the_next_merge_heals_it(
    team: Team, fault: str, constant: str, value: object
) -> None:
    healthy = team.rehearsal("develop")
    merged = team.merge("develop", fault)
    assert merged.fault == fault
    assert team.rehearsal("develop") == {**healthy, constant: value}
    team.merge("develop")
    assert team.rehearsal("develop") == healthy


@pytest.mark.parametrize(
    "text", ["", "nope", "crash=1", "errors", "errors=0", "errors=1.1", "errors=x", "slow=0", "slow=1.5"]
)
def test_an_unknown_fault_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ValueError, match="is no fault") as refused:
        parse_fault(text)
    assert any(hint in str(refused.value) for hint in (KINDS, "errors=0.2", "slow=300"))


def test_staging_gets_what_develop_has_by_a_merge_of_develop(team: Team) -> None:
    team.merge("develop")
    merged = team.merge("staging")
    pull = team.repository.records.pulls[merged.pull_request]
    assert (pull.head, pull.base) == ("develop", "staging")
    assert team.tree("staging") == team.tree("develop")
    assert team.merge("main").version == merged.version
    assert team.tree("main") == team.tree("develop")
    assert "develop" in team.repository.git.branches()


def test_a_promotion_heals_a_fault_of_the_target(team: Team) -> None:
    team.merge("develop")
    team.merge("staging", "crash")
    assert team.tree("staging") != team.tree("develop")
    team.merge("staging")
    assert team.tree("staging") == team.tree("develop")
    team.merge("develop")
    merged = team.merge("staging")
    assert team.repository.records.pulls[merged.pull_request].head == "develop"


def test_what_has_nothing_to_get_gets_something_new(team: Team) -> None:
    team.merge("develop")
    first = team.merge("staging")
    second = team.merge("staging")
    assert (first.version, second.version) == ("0.1.1", "0.1.2")
    assert team.tree("staging") == team.tree("develop")
    third, fourth = team.merge("main"), team.merge("main")
    assert (third.version, fourth.version) == ("0.1.2", "0.1.3")
    assert team.tree("main") == team.tree("staging") == team.tree("develop")


def test_an_unknown_branch_is_refused_with_those_there_are(team: Team) -> None:
    with pytest.raises(RefusedError, match="develop, main, staging"):
        team.merge("nope")


def test_who_may_not_write_may_not_merge(team: Team) -> None:
    with pytest.raises(ValueError, match="ada, grace"):
        team.merge("develop", login="barbara")


DEV = "environment: dev\nbranch: develop\nstrategy: {type: rolling}   # quick\nservices: {}\n"


def with_environments(team: Team, **texts: str) -> None:
    git = team.repository.git
    files = {f"environments/{name}.yaml": text.encode() for name, text in texts.items()}
    for branch in ("main", "staging", "develop"):
        tip = git.resolve(f"refs/heads/{branch}")
        author = team.state.people.everyone[0].signature(team.state.now())
        git.set_ref(
            f"refs/heads/{branch}", git.add_commit(git.changed_tree(git.tree_of(tip), files), [tip], "Bind", author)
        )


def test_a_bake_is_an_edited_line_and_something_to_watch_and_the_next_merge_takes_it_back(team: Team) -> None:
    staging = DEV.replace("develop", "staging")
    with_environments(team, dev=DEV, staging=staging)
    team.merge("develop", bake="10m")
    git = team.repository.git
    baking = git.read("refs/heads/develop", "environments/dev.yaml").decode()
    assert "{weight: 50, bake: 10m}, {weight: 100, bake: 0s}" in baking
    assert "\nwatch: {metrics: {errors: {max: 5%" in baking and baking.count("\n") == DEV.count("\n") + 1
    assert git.read("refs/heads/develop", "environments/staging.yaml").decode() == staging
    team.merge("develop", bake="2m")
    team.merge("develop")
    assert git.read("refs/heads/develop", "environments/dev.yaml").decode() == DEV


def test_what_can_t_bake_is_refused(team: Team) -> None:
    with_environments(team, dev="branch: develop\nstrategy:\n  type: rolling\n")
    with pytest.raises(RefusedError, match="its strategy is not one line"):
        team.merge("develop", bake="10m")
    with pytest.raises(RefusedError, match="bake in develop"):
        team.merge("staging", bake="10m")
    team.merge("develop")
