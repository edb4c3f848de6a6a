"""Which environments have something to look at, by the rows alone: one question about all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, or_, select
from sqlmodel import col

from controller.domain.orders import OrderState
from controller.store.tables import DeploymentRow, EnvironmentRow, OrderRow, TimerRow
from controller.store.transaction import Transaction

NAME = col(EnvironmentRow.name)
IS_ASKED = or_(
    col(EnvironmentRow.head_requested) > col(EnvironmentRow.head_seen),
    exists().where(col(OrderRow.environment) == NAME, col(OrderRow.state) == OrderState.RECEIVED),
)
IS_MOVING = exists().where(col(DeploymentRow.environment) == NAME, col(DeploymentRow.is_open).is_(True))
STANDINGS = (
    select(NAME, IS_ASKED.label("is_asked"), col(TimerRow.due_at))
    .select_from(EnvironmentRow)
    .outerjoin(TimerRow, col(TimerRow.environment) == NAME)
    .where(or_(IS_ASKED, IS_MOVING))
    .order_by(NAME)
)


@dataclass(frozen=True)
class Standing:
    """An environment with something to do. `is_asked`: an order or a request for a look waits, whatever the time is;
    else a deployment is open. `due_at` is when its last pass wanted to look again, None when that was lost."""

    name: str
    is_asked: bool
    due_at: datetime | None


@dataclass(frozen=True)
class Taken:
    """What an environment's last look has taken: the commit that is recorded, and where it is on releases all that was
    seen of them (`Environment.sight`)."""

    recorded: str | None
    sight: str | None = None


class Standings:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def all(self) -> tuple[Standing, ...]:
        """Nothing of environments at rest."""
        rows = self._transaction.rows(STANDINGS)
        return tuple(Standing(row["name"], bool(row["is_asked"]), row["due_at"]) for row in rows)

    def taken(self, names: Collection[str]) -> Mapping[str, Taken]:
        """What was taken last for each, unless a request for a look waits already: then it is not here."""
        recorded, sight = (col(EnvironmentRow.body)[key].as_string() for key in ("recorded", "sight"))
        is_answered = col(EnvironmentRow.head_requested) <= col(EnvironmentRow.head_seen)
        rows = self._transaction.rows(
            select(NAME, recorded.label("recorded"), sight.label("sight")).where(
                and_(NAME.in_(list(names)), is_answered)
            )
        )
        return {row["name"]: Taken(row["recorded"], row["sight"]) for row in rows}
