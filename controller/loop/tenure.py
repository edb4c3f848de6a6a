"""The right to act on one environment, for a while: a lease in the database, and a clock that says when to stop.

ECS and ELBv2 have no conditional write, so they can't refuse a controller whose lease is gone. That is bounded instead:
nobody starts a call after `STOP_ACTING`, no call takes longer than ten seconds, and whoever takes over from another
changes nothing for `QUARANTINE` after its claim. docs/fencing.md has the argument and its numbers.
"""

from dataclasses import dataclass
from datetime import timedelta

from controller.domain.errors import Conflict, TidegateError
from controller.domain.ports import Clock
from controller.store import Call, Elsewhere, Lease, Store

LEASE_SECONDS = 55
STOP_ACTING_SECONDS = 40
QUARANTINE_SECONDS = 15
SOON_SECONDS = 30
"""Whoever looks again within this keeps the lease meanwhile: nobody else could do more."""

ELSEWHERE = "lease.elsewhere"
"""The reason's code of a pass that another controller's lease kept from beginning."""


QUIET = "lease.quiet"
REFUSALS = frozenset({"lease.lost", "lease.old", QUIET})
"""Codes of a refusal by the lease: nothing was tried, so nothing has failed."""


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
            raise Conflict(f"taken over from another controller: nothing changes for {left:.0f} s", code=QUIET)
        with self.store.fenced(self.lease):
            pass
        # Asked last: the database may have taken its time to answer.
        if self.clock.monotonic() - self.taken_at > STOP_ACTING_SECONDS:
            raise Conflict(f"this pass is older than {STOP_ACTING_SECONDS} s: no new call begins", code="lease.old")

    @property
    def quiet_seconds(self) -> float:
        return max(0.0, self.quiet_until - self.clock.monotonic())


class Tenures:
    """Takes this controller's leases and gives them back; whoever takes what it has already renews it."""

    def __init__(self, store: Store, clock: Clock, owner: str) -> None:
        self._store, self._clock, self._owner = store, clock, owner
        self._quiet_until: dict[str, float] = {}
        self._held: dict[str, Tenure] = {}

    def take(self, environment: str) -> Tenure | Elsewhere:
        """`Elsewhere` while another controller holds the environment."""
        taken_at = self._clock.monotonic()
        try:
            with self._store.write() as unit:
                claimed = unit.leases.claim(environment, self._owner, LEASE_SECONDS)
        except TidegateError:
            # It may have been claimed all the same, from another: the next claim would not say so any more.
            self._quiet_until[environment] = self._later(QUARANTINE_SECONDS)
            raise
        if isinstance(claimed, Elsewhere):
            return claimed
        if claimed.taken_over:
            self._quiet_until[environment] = self._later(QUARANTINE_SECONDS)
        quiet_until = self._quiet_until.get(environment, taken_at)
        tenure = self._held[environment] = Tenure(claimed, self._store, self._clock, taken_at, quiet_until)
        return tenure

    def leave(self, tenure: Tenure, look_again_in: timedelta | None) -> timedelta | None:
        """The pass is over: no call of ours is on its way, and the next look is a row. None: nothing is due.

        The lease is given back unless the next look comes soon; the answer is when that is. While the calls of whoever
        had it before are still waited for it comes when that is over: given back, the lease would look as if there
        were none. Nothing happens when it was lost.
        """
        quiet = timedelta(seconds=tenure.quiet_seconds)
        if quiet:
            look_again_in = quiet if look_again_in is None else min(look_again_in, quiet)
        soon = look_again_in is not None and look_again_in <= timedelta(seconds=SOON_SECONDS)
        environment = tenure.lease.environment
        due_at = None if look_again_in is None else self._clock.now() + look_again_in
        with self._store.write() as unit:
            if unit.leases.is_held(tenure.lease):
                unit.timers.set(environment, due_at)
                if not soon:
                    unit.leases.release(tenure.lease)
        if not soon:
            self._forget(environment)
        return look_again_in

    def give_back_all(self) -> None:
        """At the end, when no pass runs any more: whoever comes next need not wait, and those who run look at once."""
        for tenure in list(self._held.values()):
            if tenure.quiet_seconds <= 0:
                with self._store.write() as unit:
                    unit.leases.release(tenure.lease, Call.LOOK)
                self._forget(tenure.lease.environment)

    def _later(self, seconds: float) -> float:
        """Counted from when the answer is here, which is later than when the database gave it."""
        return self._clock.monotonic() + seconds

    def _forget(self, environment: str) -> None:
        self._held.pop(environment, None)
        self._quiet_until.pop(environment, None)
