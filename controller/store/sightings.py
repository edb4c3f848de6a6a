"""What was seen on AWS last, one row for each environment: for pages, so that looking at one asks AWS nothing."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Text, cast, select
from sqlmodel import col

from controller.domain.sighting import Sighting
from controller.domain.snapshot import ServiceView
from controller.store.bodies import SIGHTINGS
from controller.store.remembered import Remembered
from controller.store.tables import SightingRow
from controller.store.transaction import Transaction


def from_row(row: Mapping[str, Any]) -> Sighting:
    return SIGHTINGS.load(
        row["body_version"], row["body"], {"environment": row["environment"], "seen_at": row["seen_at"]}
    )


def to_row(sighting: Sighting) -> dict[str, Any]:
    shown = {name: without_secrets(view) for name, view in sighting.services.items()}
    return {
        "environment": sighting.environment,
        "seen_at": sighting.seen_at,
        "body": SIGHTINGS.dump(replace(sighting, services=shown)),
        "body_version": SIGHTINGS.version,
    }


def without_secrets(view: ServiceView) -> ServiceView:
    """A test rule's header value opens the idle slot, somebody's task definition may hold passwords, and pages are for
    everybody."""
    slots = {slot: replace(shown, runs=None, settings=None) for slot, shown in view.slots.items()}
    rule = replace(view.test_rule, header=None) if view.test_rule is not None else None
    return replace(view, slots=slots, test_rule=rule)


class Sightings:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, sighting: Sighting) -> None:
        self._transaction.put(SightingRow, to_row(sighting), unique=["environment"])

    def get(self, environment: str) -> Sighting | None:
        row = self._transaction.row(select(SightingRow).where(col(SightingRow.environment) == environment))
        return None if row is None else from_row(row)

    def all(self) -> Mapping[str, Sighting]:
        """Of each environment that was looked at. What is the same word for word as before is not read again."""
        remembered, text = self._transaction.remembered or Remembered(), cast(col(SightingRow.body), Text)
        plain = (
            col(SightingRow.environment),
            col(SightingRow.seen_at),
            col(SightingRow.body_version),
            text.label("text"),
        )
        found: dict[str, Sighting] = {}
        for row in self._transaction.rows(select(*plain)):
            key = tuple(row.values())
            known = remembered.get(key)
            if not isinstance(known, Sighting):
                known = from_row({**row, "body": json.loads(row["text"])})
                remembered.put(key, known)
            found[known.environment] = known
        return found
