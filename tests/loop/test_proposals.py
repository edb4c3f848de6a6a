"""Which pull requests a sweep asks for: new ones, changed ones, gone ones; of those that only what is live changes for,
a few at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from controller.domain.errors import Blocked, Transient
from controller.domain.proposal import Opinion, Pull, Written
from controller.loop.proposals import A_ROUND, NEW_ONES, OLD_ONES, Proposals
from controller.loop.world import World
from controller.store import Store
from tests.support.builders import FILE, a_binding
from tests.support.database import MovedClock

NAME = "acme/captioncraft"


@dataclass
class Files:
    """A source in which every commit has the same files."""

    error: Exception | None = None

    def read(self, repository: str, path: str, sha: str) -> str | None:
        if self.error is not None:
            raise self.error
        return FILE if path == "environments/dev.yaml" else None


@dataclass
class Pulls:
    pulls: dict[int, Pull] = field(default_factory=dict)
    said: list[int] = field(default_factory=list)
    opinions: list[Opinion] = field(default_factory=list)

    def open(self, *numbers: int, head: str = "1" * 40, base: str = "develop") -> None:
        self.pulls |= {number: Pull(NAME, number, head, base) for number in numbers}

    def opened(self, repository: str, base: str) -> Sequence[Pull]:
        return [pull for pull in self.pulls.values() if pull.is_open and pull.base == base]

    def look(self, repository: str, number: int) -> Pull | None:
        return self.pulls.get(number)

    def comment(self, opinion: Opinion, known: Written | None) -> Written:
        self.said.append(opinion.pull.number)
        self.opinions.append(opinion)
        return known or Written(opinion.pull.number, "digest")

    def check(self, opinion: Opinion, known: Written | None) -> Written:
        return known or Written(opinion.pull.number, "digest")


@pytest.fixture
def pulls() -> Pulls:
    return Pulls()


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def proposals(store: Store, clock: MovedClock, pulls: Pulls, files: Files) -> Proposals:
    bindings = {"dev": a_binding()}
    with store.write() as unit:
        unit.environments.ensure(bindings)
    world = World(store, clock, None, files, None, None, bindings, lambda: "")  # type: ignore[arg-type]
    return Proposals(world, pulls, "")


def look(proposals: Proposals) -> None:
    while proposals.work():
        pass


def live_changes(store: Store, live: int) -> None:
    with store.write() as unit:
        environment = unit.environments.get("dev")
        unit.environments.save(replace(environment, recorded=f"{live:040x}"))


def test_each_branch_of_a_repository_is_one_question_whoever_follows_it(store: Store, clock: MovedClock) -> None:
    bindings = {
        "dev": a_binding(),
        "dev-too": a_binding(name="dev-too"),
        "prod": a_binding(name="prod", branch="main"),
        "other": a_binding(name="other", repository="acme/other"),
    }
    world = World(store, clock, None, Files(), None, None, bindings, lambda: "")  # type: ignore[arg-type]
    assert Proposals(world, Pulls(), "").branches == 3


def test_of_many_new_ones_some_are_asked_for_at_a_time_the_newest_first(proposals: Proposals, pulls: Pulls) -> None:
    pulls.open(*range(1, 51))
    assert proposals.compare(NAME)
    look(proposals)
    assert sorted(pulls.said) == list(range(51 - NEW_ONES, 51))
    for _ in range(2):
        proposals.compare(NAME)
        look(proposals)
    assert sorted(pulls.said) == list(range(1, 51))
    assert not proposals.compare(NAME)


def test_what_is_live_has_a_few_looked_at_again_in_each_sweep(proposals: Proposals, pulls: Pulls, store: Store) -> None:
    pulls.open(*range(1, 13))
    proposals.compare(NAME)
    look(proposals)
    pulls.said.clear()
    live_changes(store, 2)
    sweeps = 0
    while proposals.compare(NAME):
        look(proposals)
        sweeps += 1
    assert sweeps == -(-12 // OLD_ONES)
    assert pulls.said[:OLD_ONES] == [8, 9, 10, 11, 12] and len(pulls.said) == 12


def test_one_round_leaves_the_rest_to_the_next(proposals: Proposals, pulls: Pulls) -> None:
    pulls.open(*range(1, A_ROUND + 3))
    proposals.compare(NAME)
    assert proposals.work()
    assert len(pulls.said) == A_ROUND
    assert not proposals.work()


def test_one_that_breaks_holds_up_no_other(
    proposals: Proposals, pulls: Pulls, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulls.open(1, 2)
    whole = pulls.comment

    def broken(opinion: Opinion, known: Written | None) -> Written:
        if opinion.pull.number == 1:
            raise ZeroDivisionError
        return whole(opinion, known)

    monkeypatch.setattr(pulls, "comment", broken)
    proposals.compare(NAME)
    look(proposals)
    assert pulls.said == [2]
    monkeypatch.setattr(pulls, "comment", whole)
    clock.sleep(600)
    look(proposals)
    assert pulls.said == [2, 1]


@pytest.mark.parametrize("error", [Transient("slow"), Blocked("denied")])
def test_files_that_can_not_be_read_are_not_said_to_be_missing(
    proposals: Proposals, pulls: Pulls, files: Files, clock: MovedClock, error: Exception
) -> None:
    files.error = error
    pulls.open(1)
    proposals.compare(NAME)
    look(proposals)
    assert pulls.said == []
    files.error = None
    clock.sleep(600)
    pulls.open(1, head="2" * 40)
    proposals.compare(NAME)
    look(proposals)
    assert pulls.said == [1]
    assert not pulls.opinions[0].has_errors


def test_a_bound_file_that_is_not_there_is_an_error(
    proposals: Proposals, pulls: Pulls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Files, "read", lambda *_: None)
    pulls.open(1)
    proposals.compare(NAME)
    look(proposals)
    (finding,) = pulls.opinions[0].findings
    assert (finding.path, finding.line, finding.is_error) == ("environments/dev.yaml", 1, True)


def test_a_trial_merge_that_may_come_is_waited_for_and_not_for_ever(
    proposals: Proposals, pulls: Pulls, clock: MovedClock
) -> None:
    pulls.pulls[1] = Pull(NAME, 1, "1" * 40, "develop", is_unsure=True)
    proposals.compare(NAME)
    for _ in range(6):
        look(proposals)
        clock.sleep(120)
    assert pulls.said == [1]
