"""The right to act on one environment, for a while: a lease in the database, and a clock that says when to stop.

ECS and ELBv2 have no conditional write, so they can't refuse a controller whose lease is gone. That is bounded instead:
nobody starts a call after `STOP_ACTING`, no call takes longer than ten seconds, and whoever takes over from another
waits `QUARANTINE` before its first change. What can and can't be fenced is told in docs/decisions and SECURITY.md.
"""

from dataclasses import dataclass

from controller.domain.errors import Conflict, TidegateError
from controller.domain.ports import Clock
from controller.store import Lease, Store

LEASE_SECONDS = 60
STOP_ACTING_SECONDS = 40
QUARANTINE_SECONDS = 15


@dataclass
class Tenure:
    """One lease as its holder sees it; times are of the clock that never jumps."""

    lease: Lease
    store: Store
    clock: Clock
    taken_at: float
    quiet_until: float

    def check(self) -> None:
        """Raise `Conflict` unless a change may begin now: asked immediately before each changing call."""
        now = self.clock.monotonic()
        if now < self.quiet_until:
            left = self.quiet_until - now
            raise Conflict(f"taken over from another controller: nothing changes for {left:.0f} s", code="lease.quiet")
        if now - self.taken_at > STOP_ACTING_SECONDS:
            raise Conflict(f"this pass is older than {STOP_ACTING_SECONDS} s: no new call begins", code="lease.old")
        with self.store.fenced(self.lease):
            pass

    @property
    def quiet_seconds(self) -> float:
        return max(0.0, self.quiet_until - self.clock.monotonic())


class Tenures:
    """Takes, renews and gives back this controller's leases."""

    def __init__(self, store: Store, clock: Clock, owner: str) -> None:
        self._store, self._clock, self._owner = store, clock, owner
        self._quiet_until: dict[str, float] = {}
        self._held: dict[str, Tenure] = {}

    def take(self, environment: str) -> Tenure | None:
        """None while another controller holds the environment."""
        taken_at = self._clock.monotonic()
        try:
            with self._store.write() as unit:
                lease = unit.leases.claim(environment, self._owner, LEASE_SECONDS)
        except TidegateError:
            # It may have been claimed all the same, from another: the next claim would not say so any more.
            self._quiet_until[environment] = taken_at + QUARANTINE_SECONDS
            raise
        if lease is None:
            return None
        if lease.taken_over:
            self._quiet_until[environment] = taken_at + QUARANTINE_SECONDS
        quiet_until = self._quiet_until.get(environment, taken_at)
        tenure = self._held[environment] = Tenure(lease, self._store, self._clock, taken_at, quiet_until)
        return tenure

    def give_back(self, tenure: Tenure) -> None:
        """Whoever gives back promises that no call is on its way; not before the quarantine is over."""
        if tenure.quiet_seconds > 0:
            return
        with self._store.write() as unit:
            unit.leases.release(tenure.lease)
        self._held.pop(tenure.lease.environment, None)

    def give_back_all(self) -> None:
        """At the end, when no pass runs any more: whoever comes next need not wait."""
        for tenure in list(self._held.values()):
            self.give_back(tenure)
