"""Deployments of an older Tidegate, or of a backup of one, become searchable: a few at a time, while nobody waits."""

import structlog

from controller.store import Store

log = structlog.get_logger()

BATCH = 200


def catch_up(store: Store) -> bool:
    """Whether there is more to do."""
    with store.read() as unit:
        if not unit.history.is_catching_up():
            return False
    with store.write() as unit:
        done = unit.history.summarize_some(BATCH)
    log.info("history made searchable", deployments=done)
    return done == BATCH
