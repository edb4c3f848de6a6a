from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controller.domain.environment import Environment, Hold, HoldUntil, Quarantine
from controller.domain.errors import Conflict
from controller.domain.reason import Reason
from controller.store import Store

HELD = Hold(Reason("deployment.failed", "the smoke test failed"), HoldUntil.PERSON, datetime(2026, 3, 1, tzinfo=UTC), 7)


def test_an_environment_comes_back_as_it_was_saved(store: Store) -> None:
    full = Environment(
        "dev",
        live=7,
        live_since=datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=UTC),
        recorded="a" * 40,
        hold=HELD,
        quarantines=(Quarantine({"backend": "sha256:1"}, 7),),
        problem=Reason("file.invalid", "environments/dev.yaml:3:1: …"),
        head_seen=0,
    )
    with store.write() as unit:
        saved = unit.environments.save(full)
    with store.read() as unit:
        assert unit.environments.get("dev") == saved == replace(full, version=1)


def test_ensuring_twice_keeps_what_is_there(store: Store) -> None:
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), recorded="a" * 40))
        unit.environments.ensure(["dev", "new"])
        assert unit.environments.get("dev").recorded == "a" * 40
        assert [environment.name for environment in unit.environments.all()] == ["dev", "new", "prod", "staging"]


def test_a_save_from_an_old_version_is_a_conflict_and_changes_nothing(store: Store) -> None:
    with store.read() as unit:
        old = unit.environments.get("dev")
    with store.write() as unit:
        unit.environments.save(replace(old, recorded="a" * 40))
    with pytest.raises(Conflict) as caught, store.write() as unit:
        unit.environments.save(replace(old, recorded="b" * 40))
    assert caught.value.code == "environment.changed"
    with store.read() as unit:
        assert unit.environments.get("dev").recorded == "a" * 40


def test_a_request_to_look_is_counted_and_conflicts_with_no_save(store: Store) -> None:
    with store.read() as unit:
        read = unit.environments.get("dev")
    with store.write() as unit:
        unit.environments.request_look(["prod", "dev"])
    with store.write() as unit:
        unit.environments.save(replace(read, recorded="a" * 40))
    with store.read() as unit:
        assert unit.environments.get("dev").head_requested == 1
        assert unit.environments.get("dev").must_look
        assert not unit.environments.get("staging").must_look


def test_a_request_that_arrives_during_a_look_is_still_unanswered_after_it(store: Store) -> None:
    with store.write() as unit:
        unit.environments.request_look(["dev"])
        looking = unit.environments.get("dev")
    with store.write() as unit:
        unit.environments.request_look(["dev"])
    with store.write() as unit:
        saved = unit.environments.save(replace(looking, recorded="a" * 40))
        unit.environments.save(replace(saved, head_seen=saved.head_requested))
        assert unit.environments.get("dev").must_look


def test_an_unknown_environment_is_a_lookup_error(store: Store) -> None:
    with pytest.raises(LookupError, match="'nowhere'"), store.read() as unit:
        unit.environments.get("nowhere")
