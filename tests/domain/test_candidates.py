"""How ready a version is to be gone back to."""

from dataclasses import replace

from controller.domain.candidates import Answer, Looked, candidate
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.history import versions_before, why_none
from controller.domain.hooks import RunState
from tests.support.builders import a_deployment, a_revision, a_run

OLD = a_deployment(1, phase=Phase.SUCCEEDED)
ALL = {"backend": True, "frontend": True}


def test_with_images_and_no_migration_between_it_is_ready() -> None:
    found = candidate(OLD, (), Looked(ALL, ALL, ALL), "")
    assert found.answer is Answer.YES
    assert found.warm.text == "still warm: only the traffic moves"


def test_an_image_that_is_gone_is_named_and_makes_it_unready() -> None:
    found = candidate(OLD, (), Looked({**ALL, "frontend": False}, ALL, ALL), "")
    assert (found.answer, found.images.text) == (Answer.NO, "frontend: gone from the registry")


def test_a_task_definition_that_is_gone_is_registered_again() -> None:
    found = candidate(OLD, (), Looked(ALL, {**ALL, "backend": False}, {}), "")
    assert (found.answer, found.definitions.text) == (Answer.YES, "backend: to be registered again")


def test_what_could_not_be_asked_is_unknown_and_never_ready() -> None:
    partly = candidate(OLD, (), Looked({"backend": True}, ALL, ALL), "")
    assert (partly.answer, partly.images.text) == (Answer.UNKNOWN, "frontend: could not be looked up")
    assert candidate(OLD, (), None, "AWS is away").images.text == "AWS is away"


def test_a_migration_between_is_told_and_is_to_be_named_a_second_time() -> None:
    run = a_run(2, compatible=False, state=RunState.SUCCEEDED)
    found = candidate(OLD, (run, replace(run, deployment="dev-3")), Looked(ALL, ALL, ALL), "")
    assert (found.answer, found.crosses) == (Answer.NO, "dev-3")
    assert "does not work with what ran since" in found.migration.text


def version(number: int, image: int, kind: Kind = Kind.DEPLOY) -> Deployment:
    return a_deployment(number, a_revision(image=f"sha256:{image:064x}"), phase=Phase.SUCCEEDED, kind=kind)


def test_why_there_is_nothing_to_go_back_to_is_what_is_true() -> None:
    first, second, back = version(1, 1), version(2, 2), version(3, 1, Kind.ROLLBACK)
    assert why_none(None, ()) == "nothing was live here yet"
    assert why_none(first, ()) == "no other version was live here before"
    assert why_none(version(2, 1), (first,)) == "no other version was live here before"
    assert list(versions_before(back, (second, first))) == []
    told = "dev-2 (develop-1111111) was live before, and dev-3 rolled it back; `tidegate rollback dev --to dev-2`"
    assert why_none(back, (second, first)) == f"{told} still brings it back"


def test_each_version_before_is_told_once() -> None:
    history = [version(number, image) for number, image in ((5, 3), (4, 2), (3, 1), (2, 2), (1, 1))]
    live, *earlier = history
    assert [one.id for one in versions_before(live, earlier)] == ["dev-4", "dev-3"]
