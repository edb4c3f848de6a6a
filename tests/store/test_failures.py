import sqlite3

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError

from controller.domain.errors import Blocked, Conflict, TidegateError, Transient
from controller.store.failures import translated


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("says something")
    error.sqlite_errorcode = code
    return error


def raised(origin: BaseException, commits: bool = False) -> TidegateError:
    with pytest.raises(TidegateError) as caught, translated("saving dev", commits):
        raise DBAPIError("UPDATE …", {"secret": "hunter2"}, origin)
    return caught.value


@pytest.mark.parametrize(
    ("code", "ours", "kind"),
    [
        (sqlite3.SQLITE_BUSY, "database.busy", Transient),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "database.busy", Transient),
        (sqlite3.SQLITE_LOCKED, "database.busy", Transient),
        (sqlite3.SQLITE_FULL, "database.full", Transient),
        (sqlite3.SQLITE_IOERR_FSYNC, "database.gone", Transient),
        (sqlite3.SQLITE_CANTOPEN, "database.gone", Transient),
        (sqlite3.SQLITE_READONLY, "database.refused", Blocked),
        (sqlite3.SQLITE_CORRUPT, "database.corrupt", Blocked),
        (sqlite3.SQLITE_NOTADB, "database.corrupt", Blocked),
    ],
)
def test_sqlite_errors_are_told_by_what_happens_next(code: int, ours: str, kind: type[TidegateError]) -> None:
    error = raised(sqlite_error(code))
    assert (error.code, type(error)) == (ours, kind)
    assert str(error).startswith("saving dev: says something; ")


@pytest.mark.parametrize(
    ("origin", "ours", "kind"),
    [
        (errors.SerializationFailure, "database.busy", Transient),
        (errors.DeadlockDetected, "database.busy", Transient),
        (errors.StatementCompletionUnknown, "database.outcome_unknown", Transient),
        (errors.LockNotAvailable, "database.busy", Transient),
        (errors.QueryCanceled, "database.busy", Transient),
        (errors.TooManyConnections, "database.busy", Transient),
        (errors.DiskFull, "database.full", Transient),
        (errors.AdminShutdown, "database.gone", Transient),
        (errors.IdleInTransactionSessionTimeout, "database.gone", Transient),
        (errors.CannotConnectNow, "database.gone", Transient),
        (errors.ReadOnlySqlTransaction, "database.gone", Transient),
        (errors.ConnectionFailure, "database.gone", Transient),
        (psycopg.OperationalError, "database.gone", Transient),
        (errors.InvalidPassword, "database.refused", Blocked),
        (errors.InvalidCatalogName, "database.refused", Blocked),
        (errors.InsufficientPrivilege, "database.refused", Blocked),
        (errors.UndefinedTable, "database.schema_old", Blocked),
        (errors.UndefinedColumn, "database.schema_old", Blocked),
        (errors.DataCorrupted, "database.corrupt", Blocked),
    ],
)
def test_postgresql_errors_are_told_by_what_happens_next(
    origin: type[psycopg.Error], ours: str, kind: type[TidegateError]
) -> None:
    error = raised(origin("says something\nand more"))
    assert (error.code, type(error)) == (ours, kind)
    assert "and more" not in str(error)


@pytest.mark.parametrize("origin", [errors.AdminShutdown("gone"), sqlite_error(sqlite3.SQLITE_IOERR_WRITE)])
def test_a_connection_lost_while_committing_leaves_the_outcome_unknown(origin: BaseException) -> None:
    assert raised(origin, commits=True).code == "database.outcome_unknown"


FAILED = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('FATAL:  password authentication failed for user "tidegate"', 'password authentication failed for user "tid'),
        ("fe_sendauth: no password supplied", "- connection failed"),
        ('FATAL:  database "tidegate" does not exist', 'database "tidegate" does not exist'),
        ('FATAL:  role "tidegate" does not exist', 'role "tidegate" does not exist'),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', "no pg_hba.conf entry"),
        ("Connection refused\n\tIs the server running on that host", None),
        ("FATAL:  the database system is starting up", None),
    ],
)
def test_a_server_that_says_no_blocks_and_one_that_is_away_does_not(said: str, sentence: str | None) -> None:
    origin = psycopg.OperationalError(f"Multiple connection attempts failed. All failures were:\n- {FAILED}{said}")
    with pytest.raises(Blocked if sentence else Transient) as caught, translated("opening a transaction"):
        raise DBAPIError("SELECT 1", {}, origin)
    assert caught.value.code == ("database.refused" if sentence else "database.gone")
    assert str(caught.value).startswith(f"opening a transaction: {sentence or ''}")


def test_a_commit_that_certainly_failed_is_not_called_unknown() -> None:
    assert raised(errors.SerializationFailure("no"), commits=True).code == "database.busy"


def test_what_was_to_be_stored_is_not_told() -> None:
    assert "hunter2" not in str(raised(sqlite_error(sqlite3.SQLITE_FULL)))


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY])
def test_a_taken_key_is_a_conflict(code: int) -> None:
    with pytest.raises(Conflict) as caught, translated("adding"):
        raise IntegrityError("INSERT …", {}, sqlite_error(code))
    assert caught.value.code == "database.taken"


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("INSERT …", {}, errors.ForeignKeyViolation("no such environment")),
        IntegrityError("INSERT …", {}, sqlite_error(sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY)),
        DBAPIError("SELEC …", {}, errors.SyntaxError("at or near SELEC")),
        DBAPIError("SELEC …", {}, sqlite_error(sqlite3.SQLITE_ERROR)),
    ],
)
def test_a_bug_of_ours_stays_what_it_is(error: DBAPIError) -> None:
    with pytest.raises(type(error)), translated("trying"):
        raise error
