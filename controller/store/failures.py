"""What two databases say when something goes wrong, in the words of `domain/errors.py`.

SQLite: https://www.sqlite.org/rescode.html. PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from controller.domain.errors import Blocked, Conflict, TidegateError, Transient

SOON = timedelta(seconds=1)
SOMEBODY_CLEANS_UP = timedelta(seconds=60)

BUSY = "database.busy"
GONE = "database.gone"
FULL = "database.full"
OUTCOME_UNKNOWN = "database.outcome_unknown"
REFUSED = "database.refused"
CORRUPT = "database.corrupt"
SCHEMA_OLD = "database.schema_old"
TAKEN = "database.taken"
UNREADABLE = "database.unreadable"

REFUSALS = (
    "password authentication failed",
    "no password supplied",
    "authentication failed",
    "no pg_hba.conf entry",
    "does not exist",
    "is not permitted to log in",
    "permission denied for database",
)
"""Parts of what is said when a connection is refused, by the server or by libpq itself: there is no state then, only
words, and these are the English ones. In other languages a refusal looks like a server that is gone."""

UNIQUE_VIOLATION = "23505"

MOST_TOLD = 3
"""Of what is wrong with a document."""

SQLITE: Mapping[int, str] = {
    3: REFUSED,  # PERM
    5: BUSY,
    6: BUSY,  # LOCKED
    8: REFUSED,  # READONLY
    10: GONE,  # IOERR
    11: CORRUPT,
    13: FULL,
    14: GONE,  # CANTOPEN
    23: REFUSED,  # AUTH
    26: CORRUPT,  # NOTADB
}

POSTGRES: Mapping[str, str] = {  # the whole state first, then its class
    "25006": GONE,  # read-only: a failover is under way
    "25P03": GONE,  # idle in a transaction for too long: this process stood still
    "25P04": GONE,  # a transaction took too long
    "28": REFUSED,  # who we say we are is not accepted
    "3D": REFUSED,  # no such database
    "40": BUSY,  # serialization failure, deadlock
    "40003": OUTCOME_UNKNOWN,
    "42501": REFUSED,
    "42P01": SCHEMA_OLD,  # no such table
    "42703": SCHEMA_OLD,  # no such column
    "53": BUSY,  # too many connections, out of memory
    "53100": FULL,
    "55P03": BUSY,  # lock_timeout
    "57": GONE,  # shut down, crashed, starting
    "57014": BUSY,  # statement_timeout
    "58": GONE,  # the operating system failed it
    "08": GONE,
    "XX001": CORRUPT,
    "XX002": CORRUPT,
}

RETRY: Mapping[str, timedelta] = {BUSY: SOON, FULL: SOMEBODY_CLEANS_UP}
ADVICE: Mapping[str, str] = {
    BUSY: "somebody else is writing; it is tried again",
    GONE: "it is tried again; look at the database server, or at the file and its disk",
    FULL: "make room on the database's disk; it is tried again",
    OUTCOME_UNKNOWN: "it may or may not have been stored; what is stored is read again",
    REFUSED: "check the address, name and password in TIDEGATE_DATABASE_URL, and that its user may use this database",
    CORRUPT: "stop, keep a copy of the database, and restore a backup",
    SCHEMA_OLD: "run `tidegate migrate`",
    UNREADABLE: "take its row from a backup, or mend it; everything else goes on",
}


class Unreadable(Blocked):
    """What is written down of something can't be read: it is broken, or a newer Tidegate has written it."""


@contextmanager
def legible(what: str) -> Iterator[None]:
    """Raise `Unreadable` where `what` is not what this program wrote. Of what is in it nothing is told: it may be a
    secret."""
    try:
        yield
    except TidegateError:
        raise
    except ValidationError as error:
        found = ", ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in error.errors()[:MOST_TOLD])
        raise Unreadable(f"reading {what}: {found}; {ADVICE[UNREADABLE]}", code=UNREADABLE) from None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        told = f"reading {what}: {type(error).__name__}; {ADVICE[UNREADABLE]}"
        raise Unreadable(told, code=UNREADABLE) from None


@contextmanager
def translated(doing: str, commits: bool = False) -> Iterator[None]:
    """Raise our errors instead of the database's. While it commits, a lost connection leaves the outcome unknown.

    Two that want the same unique key are a race, so a `Conflict`; any other broken constraint is a bug and stays.
    """
    try:
        yield
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        raise Conflict(f"{doing}: {words(error)}; read again what is there", code=TAKEN) from error
    except PoolTimeout as error:
        raise failure(BUSY, doing, "every connection is in use") from error
    except DBAPIError as error:
        code = code_of(error)
        if code is None:
            raise
        raise failure(OUTCOME_UNKNOWN if commits and code == GONE else code, doing, words(error)) from error


def failure(code: str, doing: str, found: str) -> TidegateError:
    message = f"{doing}: {found}; {ADVICE[code]}"
    if code in {REFUSED, CORRUPT, SCHEMA_OLD}:
        return Blocked(message, code=code)
    return Transient(message, code=code, retry_after=RETRY.get(code, timedelta(seconds=5)))


def is_duplicate(error: IntegrityError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
    return getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION


def code_of(error: DBAPIError) -> str | None:
    """Our code for it, None for what can only be a bug of ours."""
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        if str(origin).startswith(("no such table", "no such column")):
            return SCHEMA_OLD
        return SQLITE.get(getattr(origin, "sqlite_errorcode", 0) & 0xFF)
    state: str | None = getattr(origin, "sqlstate", None)
    if state is None:  # libpq gives none when it cannot connect, or is cut off
        if is_refusal(str(origin)):
            return REFUSED
        return GONE if error.connection_invalidated or type(origin).__name__ == "OperationalError" else None
    return POSTGRES.get(state) or POSTGRES.get(state[:2])


def is_refusal(said: str) -> bool:
    return any(part in said for part in REFUSALS)


def words(error: DBAPIError) -> str:
    """The database's own sentence, without its details: those can hold what was to be stored."""
    diagnosis = getattr(error.orig, "diag", None)
    lines = (getattr(diagnosis, "message_primary", None) or str(error.orig)).strip().splitlines()
    return next((line.rpartition("FATAL:")[2].strip() for line in lines if is_refusal(line)), lines[0])
