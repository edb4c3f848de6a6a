"""A sample of `make test-exhaustive`, and what the harness itself must be able to do."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from controller.domain.orders import OrderKind
from controller.store import Store
from tests.exhaustive.exhausting import Result, disturbed
from tests.exhaustive.faults import Kind
from tests.exhaustive.fingerprint import fingerprint
from tests.exhaustive.histories import HISTORIES, SENT, told
from tests.exhaustive.planning import Planned, planned
from tests.exhaustive.play import KEPT
from tests.exhaustive.registry import CALLS_OF_PASSES, missing_kinds, missing_sites, site_of, used_verbs
from tests.exhaustive.running import Learner, Lesson, Run, at_rest_with, begin, listen
from tests.exhaustive.stories import STORIES, order
from tests.support.sites import Site, SiteKind

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 100
SHORT = STORIES["route"]


@pytest.fixture(autouse=True)
def _no_log_lines() -> Iterator[None]:
    before = structlog.get_config()
    listen()
    yield
    structlog.configure(**before)


def test_a_sample_of_faults_leaves_no_trace_and_no_site_is_left_out() -> None:
    """In a process of its own: it forks, and a process with threads must not."""
    command = [sys.executable, "-m", "tests.exhaustive", "--sample", str(SAMPLE), "--jobs", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_a_call_that_no_story_passes_is_named() -> None:
    *others, last = map(site_of, CALLS_OF_PASSES)
    missing = missing_sites([Result("all", 0, {name: set() for name in others}, used_verbs(), 0)])
    assert [one for one in missing if one.startswith(("change:", "read:"))] == [":".join(last)]


def test_a_verb_of_the_store_that_no_story_needs_is_named() -> None:
    verbs = used_verbs() - {"deployments.save"}
    assert "store verb deployments.save" in missing_sites([Result("all", 0, {}, verbs, 0)])


def test_a_kind_that_never_happens_at_a_site_is_named() -> None:
    kinds = {str(kind) for kind in Kind if kind is not Kind.LOST}
    passed = Result("all", 0, {("change", "ecs.CreateService"): kinds}, set(), 0)
    assert missing_kinds([passed]) == ["change:ecs.CreateService is never answer-lost"]


@contextmanager
def begun(directory: Path) -> Iterator[Run]:
    directory.mkdir()
    run = at_rest_with(SHORT.first, directory)
    begin(run, SHORT)
    yield run
    for pool in KEPT:
        pool.dispose()
    KEPT.clear()
    run.play.store.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with begun(tmp_path / "begin") as run:
        yield run


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    with begun(tmp_path / "learn") as run:
        return Learner(run).learn()


def happens(run: Run, directory: Path, kind: Kind, name: str, lesson: Lesson) -> list[str]:
    """What is wrong after one fault at the first site of this name."""
    each = next(one for one in lesson.learned if one.site.name == name and kind in one.kinds)
    while run.steps < each.step:
        run.step()
    run.play.checkpoint()
    (directory / "child").mkdir()
    fault = Planned(SHORT.name, each.site, kind, each.step)
    return disturbed(run, directory / "child", fault, lesson.end, set()).broken


def test_a_story_ends_the_same_after_a_crash(run: Run, lesson: Lesson, tmp_path: Path) -> None:
    assert lesson.broken == [] and happens(run, tmp_path, Kind.CRASH_AFTER, "elbv2.ModifyRule", lesson) == []


def test_a_dead_process_asks_for_nothing_more(run: Run) -> None:
    process = run.process
    run.disturb(Site(SiteKind.WRITE, "record_decision", 1), Kind.CRASH_AFTER)
    while not process.gate.is_dead:
        run.step()
    passages = process.gate.counts.total()
    run.play.settle()
    assert process.gate.counts.total() == passages and process not in run.play.processes


def test_a_change_without_a_lease_is_found(
    run: Run, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is lost as it is checked, and nobody looks."""
    monkeypatch.setattr(Store, "fenced", lambda store, lease: store.write())
    broken = happens(run, tmp_path, Kind.LEASE_LOST, "Tenure.check", lesson)
    assert any(one.startswith("S9") for one in broken)


def test_two_runs_of_one_story_are_one_state_after_the_other(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "two"):
        states = []
        with begun(tmp_path / name) as run:
            while not run.is_over:
                run.step()
                states.append(fingerprint(run.play))
        seen.append(states)
    assert seen[0] == seen[1] and len(set(seen[0])) > len(seen[0]) // 2


def test_an_order_makes_another_state(run: Run) -> None:
    before = fingerprint(run.play)
    order(OrderKind.UNHOLD)(run.play)
    assert fingerprint(run.play) != before


def test_calls_that_change_something_get_every_kind_and_the_rest_take_turns(lesson: Lesson) -> None:
    some, thorough = planned("route", lesson.learned), planned("route", lesson.learned, thoroughly=True)
    assert len(some) < len(thorough)
    changes = [{one.kind for one in plan if one.site.kind is SiteKind.CHANGE} for plan in (some, thorough)]
    assert changes[0] == changes[1] >= {Kind.LOST, Kind.CRASH_AFTER, Kind.ASLEEP}


def test_every_order_every_duplicate_and_every_loss_are_histories() -> None:
    arrivals = [history.arrivals for history in HISTORIES.values()]
    whole = tuple(range(len(SENT)))
    assert sum(sorted(one) == list(whole) for one in arrivals) == 720
    assert sum(len(one) == len(whole) + 1 for one in arrivals) == 21
    assert () in arrivals and {one for one in arrivals if list(one) == sorted(set(one))} >= {(0,), (1, 3), (5,), whole}


def test_what_is_told_out_of_order_ends_where_the_branch_is() -> None:
    chosen = [HISTORIES[name] for name in ("webhooks/none", "webhooks/3-1-0-2-4-5", "webhooks/0-1-2-3-4-5-0")]
    assert told(chosen) == {}
