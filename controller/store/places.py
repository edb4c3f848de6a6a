"""How far each environment has got in a database, and its audit, whichever version its tables are of."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, column, func, inspect, literal, select, table

from controller.domain.chain import Head

ENVIRONMENTS, DEPLOYMENTS, AUDIT_HEAD = "environments", "deployments", "audit_head"


@dataclass(frozen=True)
class Place:
    """`newest` is the number of the newest deployment, `number` the highest that may have been given out, `epoch` that
    of the last lease. `was_deployed`: something of ours ran there once."""

    newest: int = 0
    number: int = 0
    epoch: int = 0
    was_deployed: bool = False


def places(connection: Connection) -> Mapping[str, Place]:
    """By name; nothing of a database without tables."""
    inspector = inspect(connection)
    if not all(inspector.has_table(name) for name in (ENVIRONMENTS, DEPLOYMENTS)):
        return {}
    has_taken = any(found["name"] == "numbers_taken" for found in inspector.get_columns(ENVIRONMENTS))
    environment = table(ENVIRONMENTS, *map(column, ("name", "live", "lease_epoch", "numbers_taken")))
    deployment = table(DEPLOYMENTS, *map(column, ("environment", "number", "started_at")))
    began = func.count(case((deployment.c.started_at.is_not(None), 1)))
    rows = connection.execute(
        select(
            environment.c.name,
            environment.c.lease_epoch,
            environment.c.live,
            environment.c.numbers_taken if has_taken else literal(0).label("numbers_taken"),
            func.coalesce(func.max(deployment.c.number), 0).label("newest"),
            began.label("began"),
        )
        .select_from(environment)
        .outerjoin(deployment, and_(deployment.c.environment == environment.c.name))
        .group_by(*(found for name, found in environment.c.items() if has_taken or name != "numbers_taken"))
        .order_by(environment.c.name)
    )
    return {
        row.name: Place(
            newest=row.newest,
            number=max(row.newest, row.numbers_taken),
            epoch=row.lease_epoch,
            was_deployed=row.live is not None or row.began > 0,
        )
        for row in rows
    }


def audit_head(connection: Connection) -> Head | None:
    """Where the audit's chain ends; None where there is none."""
    if not inspect(connection).has_table(AUDIT_HEAD):
        return None
    head = table(AUDIT_HEAD, *map(column, ("position", "link", "key", "seal")))
    row = connection.execute(select(head)).first()
    return Head(row.position, row.link, row.key, row.seal) if row else None
