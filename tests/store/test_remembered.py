"""Values that were read once: never one that was not committed, and never an old one."""

from dataclasses import replace

import pytest

from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.store import Store
from controller.store.remembered import Remembered
from tests.support.builders import NOON, a_view
from tests.support.rows import fill, settled


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store)
    return store


def reason_of(store: Store, name: str) -> str:
    with store.read() as unit:
        (found,) = unit.deployments.all_open()[name]
        again = unit.deployments.get(found.id)
    assert found == again
    return found.reason.text


def save(store: Store, text: str, fails: bool = False) -> None:
    with store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        unit.deployments.save(replace(found, reason=Reason("x", text)))
        unit.deployments.all_open()
        if fails:
            raise ValueError(text)


def test_a_new_version_is_read_and_one_that_was_taken_back_is_not_remembered(filled: Store) -> None:
    reason_of(filled, "dev")
    with pytest.raises(ValueError, match="never"):
        save(filled, "never", fails=True)
    save(filled, "later")
    assert reason_of(filled, "dev") == "later"


def test_what_was_read_once_is_the_same_value_the_next_time(filled: Store) -> None:
    with filled.read() as unit:
        first = unit.overviews.all()
    with filled.read() as unit:
        second = unit.overviews.all()
    assert first == second and all(one.live is other.live for one, other in zip(first, second, strict=True))


def test_all_overviews_are_those_of_each_environment(filled: Store) -> None:
    with filled.read() as unit:
        assert unit.overviews.all() == tuple(unit.overviews.of(name) for name in ("dev", "prod", "staging"))


def test_two_sightings_of_one_moment_are_told_apart(filled: Store) -> None:
    for views in ({"backend": a_view()}, {"frontend": a_view("frontend")}):
        with filled.write() as unit:
            unit.sightings.put(Sighting("dev", views, NOON))
        with filled.read() as unit:
            assert unit.sightings.all()["dev"] == unit.sightings.get("dev") == Sighting("dev", views, NOON)


def test_more_deployments_than_fit_into_a_statement_are_all_read(filled: Store) -> None:
    with filled.write() as unit:
        for number in range(2, 604):
            one = replace(settled("prod", number, "9"), finished_at=NOON)
            commit = replace(one.revision.commit, sha=f"{number:040x}", tree=f"{number:040x}")
            one = replace(one, revision=replace(one.revision, commit=commit))
            unit.revisions.add(one.revision)
            unit.deployments.add(one)
    with filled.read() as unit:
        found = unit.deployments.page("prod", limit=602)
    assert [one.number for one in found.items] == list(range(603, 1, -1)) and found.next is None


def test_only_so_many_are_kept_and_those_that_are_asked_for_stay() -> None:
    kept = Remembered(most=2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]
