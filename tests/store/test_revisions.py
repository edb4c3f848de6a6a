from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from controller.domain.errors import Conflict
from controller.domain.release import Release
from controller.domain.revision import Revision
from controller.store import Store
from tests.store.recorded import deployment
from tests.support.builders import NOON, a_revision


def recorded(store: Store, revision: Revision) -> Revision:
    with store.write() as unit:
        unit.revisions.add(revision)
    return revision


@pytest.mark.parametrize("image", [None, "sha256:" + "a" * 64])
def test_a_revision_comes_back_as_it_was_recorded(store: Store, image: str | None) -> None:
    revision = recorded(store, a_revision(image))
    with store.read() as unit:
        assert unit.revisions.by_commit("dev", revision.commit.sha) == revision


def test_a_commit_is_recorded_once_for_each_environment(store: Store) -> None:
    revision = recorded(store, a_revision())
    recorded(store, replace(revision, environment="staging"))
    with pytest.raises(Conflict) as caught:
        recorded(store, revision)
    assert caught.value.code == "revision.exists"


def test_sealing_stores_the_images_and_nothing_else(store: Store) -> None:
    revision = recorded(store, a_revision(None))
    with store.write() as unit:
        unit.revisions.seal(revision.sealed({"frontend": "web@sha256:1", "backend": "api@sha256:2"}))
    with store.read() as unit:
        found = unit.revisions.by_commit("dev", revision.commit.sha)
    assert found == replace(revision, images={"frontend": "web@sha256:1", "backend": "api@sha256:2"})
    assert found is not None
    assert list(found.images or {}) == ["frontend", "backend"]


def test_a_commit_that_is_published_later_gets_its_name_and_keeps_it(store: Store) -> None:
    revision = recorded(store, a_revision())
    first = Release("v1.0.0", "One", "https://github.example/v1.0.0", NOON)
    with store.write() as unit:
        assert unit.revisions.recorded(replace(revision, release=first)).version == "v1.0.0"
    with store.write() as unit:
        assert unit.revisions.recorded(replace(revision, release=replace(first, tag="v2"))).version == "v1.0.0"
        assert unit.revisions.by_commit("dev", revision.commit.sha) == replace(revision, release=first)


def test_a_sealed_revision_is_never_sealed_again(store: Store) -> None:
    revision = recorded(store, a_revision(None))
    with store.write() as unit:
        unit.revisions.seal(revision.sealed({"backend": "api@sha256:1"}))
    with pytest.raises(Conflict) as caught, store.write() as unit:
        unit.revisions.seal(revision.sealed({"backend": "api@sha256:2"}))
    assert caught.value.code == "revision.sealed"


def test_a_revision_of_an_environment_that_nobody_ensured_is_a_bug(store: Store) -> None:
    with pytest.raises(IntegrityError):
        recorded(store, replace(a_revision(), environment="nowhere"))


def test_a_deployment_of_a_revision_that_nobody_recorded_is_a_bug(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as unit:
        unit.deployments.add(deployment(1))
