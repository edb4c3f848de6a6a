import subprocess
import sys
import threading

import pytest
from alembic.script import ScriptDirectory

from controller.domain.errors import Blocked, Transient
from controller.store import Store
from controller.store.schema import configuration, known
from tests.support.database import MovedClock
from tests.support.processes import ROOT


class Interrupted(BaseException):
    """Not even an `Exception`: what Ctrl-C raises."""


def write_and_raise(store: Store, error: type[BaseException]) -> None:
    with store.write() as unit:
        unit.environments.request_look(["dev"])
        unit.outbox.put("deployment", "one", {})
        raise error


@pytest.mark.parametrize("error", [ValueError, Interrupted])
def test_an_exception_takes_everything_in_its_block_back(store: Store, error: type[BaseException]) -> None:
    with pytest.raises(error):
        write_and_raise(store, error)
    with store.read() as unit:
        assert not unit.environments.get("dev").must_look
    with store.write() as unit:
        assert unit.outbox.put("deployment", "one", {})


def test_a_unit_sees_its_own_changes_and_others_see_them_when_it_has_ended(store: Store) -> None:
    with store.write() as unit:
        unit.environments.request_look(["dev"])
        assert unit.environments.get("dev").must_look
        with store.read() as other:
            assert not other.environments.get("dev").must_look
    with store.read() as other:
        assert other.environments.get("dev").must_look


def test_a_read_unit_is_one_picture_whatever_happens_meanwhile(store: Store) -> None:
    with store.read() as unit:
        assert unit.environments.get("dev").head_requested == 0
        with store.write() as other:
            other.environments.request_look(["dev", "prod"])
        assert unit.environments.get("dev").head_requested == 0
        assert unit.environments.get("prod").head_requested == 0


def test_writing_in_a_read_unit_is_a_bug(store: Store) -> None:
    with pytest.raises(AssertionError, match="only reads"), store.read() as unit:
        unit.environments.request_look(["dev"])


def test_a_write_within_a_write_is_a_bug_and_not_a_deadlock(store: Store) -> None:
    with store.write(), pytest.raises(AssertionError, match="writing already"), store.write():
        pytest.fail("the second block began")
    with store.write() as unit:
        unit.environments.request_look(["dev"])


def test_threads_that_write_at_once_lose_nothing(store: Store) -> None:
    def ask() -> None:
        for _ in range(10):
            with store.write() as unit:
                unit.environments.request_look(["dev"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as unit:
        assert unit.environments.get("dev").head_requested == 40


def test_a_store_that_answers_has_nothing_to_say(store: Store) -> None:
    store.ping()


def test_what_was_committed_is_there_after_a_restart(database: str, clock: MovedClock) -> None:
    first = Store(database, clock)
    with first.write() as unit:
        unit.environments.ensure(["dev"])
    first.close()
    second = Store(database, clock)
    with second.read() as unit:
        assert [environment.name for environment in unit.environments.all()] == ["dev"]
    second.close()


def test_a_closed_store_begins_nothing(store: Store) -> None:
    store.close()
    with pytest.raises(Transient), store.write():
        pytest.fail("the block began")
    with pytest.raises(Transient):
        store.ping()


def test_tables_that_are_not_there_are_told_of_as_an_old_schema(empty_database: str, clock: MovedClock) -> None:
    store = Store(empty_database, clock)
    with pytest.raises(Blocked, match="tidegate migrate") as caught, store.read() as unit:
        unit.environments.all()
    assert caught.value.code == "database.schema_old"
    store.close()


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://hunter2@host/db", "sqlite://", "sqlite:///:memory:", "postgresql://a:hunter2@host:x/db"],
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str, clock: MovedClock) -> None:
    with pytest.raises(Blocked) as caught:
        Store(url, clock)
    assert caught.value.code == "database.refused"
    assert "hunter2" not in str(caught.value)


def test_a_server_that_is_not_there_is_transient(clock: MovedClock) -> None:
    store = Store("postgresql://nobody:hunter2@127.0.0.1:1/tidegate", clock)
    with pytest.raises(Transient) as caught:
        store.ping()
    assert caught.value.code == "database.gone"
    assert "hunter2" not in str(caught.value)
    store.close()


def test_the_versions_that_are_told_by_file_names_are_alembics_own() -> None:
    """In their order, which begins with the newest there."""
    scripts = ScriptDirectory.from_config(configuration())
    assert known() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert known()[-1] == scripts.get_current_head()


def test_serving_does_not_carry_what_only_migrating_needs() -> None:
    program = "import sys, controller.app; sys.exit('alembic' in sys.modules or 'psycopg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT).returncode == 0
