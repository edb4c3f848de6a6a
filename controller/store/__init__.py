"""Rows: the only room that knows SQL, and that tables exist at all.

Done here: one transaction at a time, compare-and-set, leases, keyset pages, the errors of two databases in our words.
Never here: a decision, a vendor call, a wait inside a transaction. Thinking values go in and come out; rows stay
inside.
To add a table: its row in `tables.py`, a migration, a file with its verbs, one line in `unit.py`, what a
restore makes of it in `restored_rows.py`, a test on both databases.
"""

from controller.store.cursor import BadCursor, Page
from controller.store.failures import Unreadable
from controller.store.leases import Elsewhere, Lease, LeaseHolder
from controller.store.listening import Ear
from controller.store.outbox import Message
from controller.store.standings import Standing
from controller.store.store import Store
from controller.store.timers import LONGEST_WAIT, Timer
from controller.store.unit import Unit
from controller.store.waking import Call

__all__ = [
    "LONGEST_WAIT",
    "BadCursor",
    "Call",
    "Ear",
    "Elsewhere",
    "Lease",
    "LeaseHolder",
    "Message",
    "Page",
    "Standing",
    "Store",
    "Timer",
    "Unit",
    "Unreadable",
]
