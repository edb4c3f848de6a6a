"""Prepares the database for this version, once, before it takes traffic: `python -m workload.migrate`.

Exit status 0 when the schema fits this version, 1 when it could not be made to fit. Running it again is safe.
"""

import logging
import sys

from workload import log, rehearsal
from workload.version import Identity

logger = logging.getLogger("workload.migrate")


def main() -> int:
    log.configure(Identity.of("captioncraft-migrate"), "INFO")
    logger.info("migration started")
    if rehearsal.MIGRATION_FAILS:
        reason = "workload/rehearsal.py says MIGRATION_FAILS"
        logger.error("migration failed", extra={"fields": {"reason": reason}})
        return 1
    logger.info("nothing to migrate", extra={"fields": {"reason": "this version keeps no tables"}})
    return 0


if __name__ == "__main__":
    sys.exit(main())
