"""0002: orders from before, and programs from before, wish for nothing."""

from datetime import timedelta

from sqlalchemy import inspect, text

from controller.domain.orders import Order, OrderKind, Wish
from controller.store import Store, schema
from controller.store.schema import migrate
from controller.store.store import database_url
from tests.support.database import MovedClock

BEFORE = "0001"
PAUSE = Wish(limit=timedelta(minutes=30))


def leave_as_before(url: str, reason: str) -> None:
    """The statement of a program that knows no wishes."""
    engine = schema.open_engine(database_url(url), writes=True)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (kind, environment, reason, actor, created_at, state, outcome) "
                "VALUES ('unhold', 'dev', :reason, 'ada', '2026-03-01T09:00:00.000000Z', 'received', '')"
            ),
            {"reason": reason},
        )
    engine.dispose()


def ensure_dev(url: str, clock: MovedClock) -> None:
    store = Store(url, clock)
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    store.close()


def left(url: str, clock: MovedClock) -> list[tuple[int, str, Wish]]:
    store = Store(url, clock)
    with store.read() as unit:
        found = [(order.id, order.reason, order.wish) for order in unit.orders.waiting("dev")]
    store.close()
    return found


def test_orders_from_before_wish_for_nothing(empty_database: str, clock: MovedClock) -> None:
    migrate(empty_database)
    ensure_dev(empty_database, clock)
    migrate(empty_database, BEFORE)
    leave_as_before(empty_database, "before")
    migrate(empty_database)
    assert left(empty_database, clock) == [(1, "before", Wish())]


def test_a_program_from_before_goes_on_leaving_orders(empty_database: str, clock: MovedClock) -> None:
    migrate(empty_database)
    ensure_dev(empty_database, clock)
    leave_as_before(empty_database, "beside")
    assert left(empty_database, clock) == [(1, "beside", Wish())]


def test_the_way_back_loses_the_wishes_and_nothing_else(empty_database: str, clock: MovedClock) -> None:
    migrate(empty_database)
    migrate(empty_database, BEFORE)
    as_made = shape(empty_database)
    migrate(empty_database)
    ensure_dev(empty_database, clock)
    store = Store(empty_database, clock)
    with store.write() as unit:
        unit.orders.leave(Order(0, OrderKind.PAUSE, "dev", None, "a look", "ada", clock.now(), PAUSE))
    store.close()
    migrate(empty_database, BEFORE)
    assert shape(empty_database) == as_made
    migrate(empty_database)
    assert left(empty_database, clock) == [(1, "a look", Wish())]


def shape(url: str) -> tuple[set[str | None], list[list[str]]]:
    """Names of the indexes, and what refers to other tables: a copied table could lose them."""
    engine = schema.open_engine(database_url(url), writes=False)
    with engine.connect() as connection:
        found = inspect(connection)
        names = {index["name"] for index in found.get_indexes("orders")}
        keys = sorted(key["constrained_columns"] for key in found.get_foreign_keys("orders"))
    engine.dispose()
    return names, keys
