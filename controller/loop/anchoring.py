"""Anchors: once in a while the audit's end is told outside, in a log line and by a notice, where no database can be
changed.

Whoever keeps the controller's log elsewhere, or asks GitHub, can compare: `tidegate audit verify --anchors FILE`. An
end that was told is not told again, so that nothing is written at rest.
"""

from datetime import datetime, timedelta

import structlog

from controller.domain.anchor import ANCHORED, Anchor
from controller.domain.chain import Head
from controller.domain.ports import Clock
from controller.store import Store, Unit

log = structlog.get_logger()

PERIOD = timedelta(hours=1)
ANCHOR = "anchor"
"""The kind of its notice."""


def anchor_if_due(store: Store, clock: Clock) -> bool:
    """Whether an anchor was written: an hour after the last one, and at each end of a deployment that may have changed
    what runs."""
    with store.read() as unit:
        if _due(unit, clock.now()) is None:
            return False
    with store.write() as unit:
        now = clock.now()
        head = _due(unit, now)
        if head is None:
            return False
        anchor = Anchor(head.position, head.link, head.key, now)
        if not unit.anchors.add(anchor):
            return False
        unit.outbox.put(ANCHOR, f"{anchor.position}:{anchor.link}", {"line": anchor.line})
        # Told before it is committed: an anchor that is told twice is one, and one that is not told is none.
        log.info(ANCHORED, position=head.position, link=head.link, key=head.key, at=now.isoformat())
    return True


def _due(unit: Unit, now: datetime) -> Head | None:
    head, newest = unit.audit.head(), unit.anchors.newest()
    if head is None or head.position == 0:
        return None
    if newest is None:
        return head
    is_new, is_ended = head.link != newest.link, unit.audit.ended() > newest.position
    is_recent = timedelta(0) <= now - newest.at < PERIOD
    return head if is_new and (is_ended or not is_recent) else None
