"""What both databases have in common: begin, then commit or roll back, and give the connection back."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from controller.store.failures import translated
from controller.store.listening import Line


class Database(Protocol):
    @property
    def is_ours_alone(self) -> bool:
        """Whether no other process can be using it."""

    def reading(self) -> AbstractContextManager[Connection]:
        """One consistent picture; the database refuses changes."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Durable when the block has ended without an error."""

    def line(self) -> AbstractContextManager[Line]:
        """Opens a line on which other processes are heard; never asked for where there are none."""

    def close(self) -> None: ...


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    with translated("opening a transaction"):
        connection = engine.connect()
    try:
        with translated("opening a transaction"):
            connection.begin()
        try:
            yield connection
        except BaseException:
            with suppress(SQLAlchemyError):  # what made us turn back says more than a rollback that fails as well
                connection.rollback()
            raise
        with translated("committing", commits=True):
            connection.commit()
    finally:
        with suppress(SQLAlchemyError):
            connection.close()
