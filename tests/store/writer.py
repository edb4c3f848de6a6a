"""A process of its own that writes until it is killed. Each unit is one delivery, one message and one line of audit.

Its first argument is the database, its second how it goes on: `commits` says a number after each commit; `hangs` says
`open` in the middle of a unit, and waits.
"""

import sys
from datetime import UTC, datetime

from controller.adapters.clock import SystemClock
from controller.domain.delivery import Delivery
from controller.domain.events import AuditEntry, Event
from controller.store import Store, Unit

NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def write(unit: Unit, number: int) -> None:
    push = Delivery(str(number), "github", "push", None, "acme/captioncraft", None, "develop", "a" * 40, "0" * 64, NINE)
    unit.deliveries.accept(push)
    unit.outbox.put("deployment", str(number), {})
    unit.audit.append([AuditEntry(Event.STEP_ENDED, "dev", None, "tidegate", NINE, str(number))])


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main(url: str, how: str) -> None:
    store = Store(url, SystemClock())
    number = 0
    while True:
        with store.write() as unit:
            write(unit, number)
            if how == "hangs":
                say("open")
                sys.stdin.read()
        say(str(number))
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
