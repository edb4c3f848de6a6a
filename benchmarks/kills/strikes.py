"""Who is struck when: seeded, and aimed at what is interesting."""

import json
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.kills.rows import OPEN, Row, Rows, is_over, moment, pid_of, present_step
from benchmarks.kills.seats import Seat
from benchmarks.kills.witness import AIM, STRUCK, write

LEASES = "SELECT name, lease_owner, lease_epoch, lease_expires_at FROM environments ORDER BY name"
LOOK_SECONDS = 0.03
AIM_SECONDS, STEP_SECONDS = 8.0, 6.0
MOST_SKIPPED = 4
WORK_SECONDS = 4.0
"""So long at most the work goes on before anybody takes aim."""

QUARANTINE_SECONDS = 15.0
KINDS = {"step": 40, "call": 40, "start": 20}
STEPS = ("waiting", "register", "warm", "smoke", "shift", "shrink", "bake", "verify", "retire", "home", "regrow")
CALLS = ("RegisterTaskDefinition", "CreateRule", "UpdateService", "ModifyRule", "ModifyRule", "DeleteRule", "")


@dataclass(frozen=True)
class Hit:
    """An environment whose rollout was under way in the hands of the struck process."""

    environment: str
    deployment: str
    phase: str
    step: str


@dataclass
class Strike:
    """One signal to one process. `how` says what it was aimed at; `back_at` when a stopped one went on."""

    number: int
    who: str
    seat: str
    pid: int
    signal: str
    how: str
    at: float
    hits: list[Hit] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    """Environments whose lease it held."""
    back_at: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Striker:
    """Chooses a process and a moment. The seed decides what is aimed at; when that comes is up to the machine."""

    def __init__(self, seats: Sequence[Seat], rows: Rows, state: Path, chance: Random, names: Sequence[str]) -> None:
        self._seats, self._rows, self._state, self._chance, self._names = seats, rows, state, chance, names
        self.struck: list[Strike] = []
        self._seen: Counter[str] = Counter()
        self._holders: dict[str, int] = {}
        self._quiet_until: dict[str, float] = {}

    def kill(self) -> Strike:
        return self._strike(signal.SIGKILL)

    def start_again(self, strike: Strike) -> None:
        """Another process in the place of one that was killed."""
        seat = self._seat(strike.seat)
        seat.bury()
        seat.start()

    def start_all(self) -> None:
        """Nobody stays dead or stopped."""
        for seat in self._seats:
            if seat.child.is_running:
                seat.strike(signal.SIGCONT)
                seat.is_up = True
            else:
                seat.start()

    def stop(self) -> Strike:
        return self._strike(signal.SIGSTOP)

    def go_on(self, strike: Strike) -> None:
        self._seat(strike.seat).strike(signal.SIGCONT)
        self._seat(strike.seat).is_up = True
        strike.back_at = time.time()

    def _seat(self, name: str) -> Seat:
        return next(seat for seat in self._seats if seat.name == name)

    def _strike(self, number: signal.Signals) -> Strike:
        [kind] = self._chance.choices(list(KINDS), list(KINDS.values()))
        if number is signal.SIGSTOP and kind == "start":
            kind = "call"
        if kind == "start":
            return self._at_start(number)
        self._somebody()
        time.sleep(self._chance.uniform(0.0, WORK_SECONDS))
        return self._at_call(number) if kind == "call" else self._in_step(number)

    def _at_start(self, number: signal.Signals) -> Strike:
        """While the newest process keeps quiet because it took over; in a step when that is over."""
        wait = self._chance.uniform(0.0, QUARANTINE_SECONDS)
        seat = max(self._seats, key=lambda each: each.now.at)
        left = seat.now.at + wait - time.time()
        if left < 0 or not self.struck:
            return self._in_step(number)
        time.sleep(left)
        return self.now(number, seat, f"{time.time() - seat.now.at:.1f} s after its start")

    def _in_step(self, number: signal.Signals) -> Strike:
        """A moment after some environment was seen in a step of this kind; kinds that were struck seldom come first."""
        [wanted] = self._chance.choices(STEPS, [1 / (1 + self._seen[step]) for step in STEPS])
        delay = self._chance.uniform(0.0, 0.8)
        until = time.time() + STEP_SECONDS
        while time.time() < until:
            for seat, environment, step in self._working():
                if step == wanted:
                    time.sleep(delay)
                    return self.now(number, seat, f"in {step} of {environment}")
            time.sleep(LOOK_SECONDS)
        return self._any_time(number)

    def _at_call(self, number: signal.Signals) -> Strike:
        """At some changing call."""
        call, when = self._chance.choice(CALLS), self._chance.choice(["before", "after", "after"])
        skip, seat = self._chance.randrange(MOST_SKIPPED), self._somebody()
        return self.at_call(number, seat, call, when, skip) or self._any_time(number)

    def at_call(
        self, number: signal.Signals, seat: Seat, call: str, when: str, skip: int = 0, seconds: float = AIM_SECONDS
    ) -> Strike | None:
        """`when` is before AWS carries the call out, or after that and before the answer. Any call when none is named,
        and only after `skip` others like it. None when it does not come within `seconds`."""
        (self._state / STRUCK).unlink(missing_ok=True)
        aim = {"who": seat.now.who, "pid": seat.now.pid, "skip": skip, "call": call, "when": when}
        write(self._state / AIM, {**aim, "signal": number.name})
        until = time.time() + seconds
        while not (self._state / STRUCK).exists() and time.time() < until:
            time.sleep(LOOK_SECONDS)
        (self._state / AIM).unlink(missing_ok=True)
        time.sleep(LOOK_SECONDS)
        if not (self._state / STRUCK).exists():
            return None
        seat.is_up = False
        struck = json.loads((self._state / STRUCK).read_text(encoding="utf-8"))
        return self._note(number, seat, f"{when} {call or 'any call'}", struck["time"])

    def _any_time(self, number: signal.Signals) -> Strike:
        """What was aimed at did not come."""
        return self.now(number, self._somebody(), "at no particular moment")

    def now(self, number: signal.Signals, seat: Seat, how: str) -> Strike:
        """Whatever it is doing."""
        seat.strike(number)
        return self._note(number, seat, how, time.time())

    def _note(self, number: signal.Signals, seat: Seat, how: str, at: float) -> Strike:
        """What it held, and what it was about. The rows can't change by its hand any more."""
        strike = Strike(len(self.struck) + 1, seat.now.who, seat.name, seat.now.pid, number.name, how, at)
        for lease in self._rows.patient(LEASES) or []:
            name = lease["name"]
            if name in self._names and pid_of(lease["lease_owner"]) == seat.now.pid:
                strike.held.append(name)
                opened = self._rows.patient(OPEN, environment=name) or []
                self._seen.update(present_step(row) for row in opened[:1])
                strike.hits += [Hit(name, row["id"], row["phase"], present_step(row)) for row in opened[:1]]
        self.struck.append(strike)
        return strike

    def _somebody(self) -> Seat:
        """Who may act on a rollout, as soon as anybody may."""
        while not (working := self._working()):
            time.sleep(LOOK_SECONDS)
        return self._chance.choice(working)[0]

    def _working(self) -> list[tuple[Seat, str, str]]:
        """Processes that may act on a rollout right now, with the environment and kind of step of each such rollout."""
        leases = {row["name"]: row for row in self._rows.patient(LEASES) or []}
        found = []
        for name in self._names:
            seat = self._holder(leases.get(name))
            opened = self._rows.patient(OPEN, environment=name) if seat else None
            rows = [row for row in opened or [] if not is_over(row)]
            if seat and rows:
                found.append((seat, name, present_step(rows[0])))
        return found

    def _holder(self, lease: Row | None) -> Seat | None:
        """Whose process holds this lease, and is past the quarantine that follows a dead holder."""
        if lease is None or lease["lease_owner"] is None or moment(lease["lease_expires_at"]) < time.time():
            return None
        name, pid = lease["name"], pid_of(lease["lease_owner"])
        if pid is None:
            return None
        before = self._holders.get(name, pid)
        if before != pid and any(strike.pid == before for strike in self.struck):
            self._quiet_until[name] = time.time() + QUARANTINE_SECONDS
        self._holders[name] = pid
        seats = [seat for seat in self._seats if seat.is_up and seat.now.pid == pid]
        return seats[0] if seats and time.time() >= self._quiet_until.get(name, 0.0) else None


def coverage(strikes: Sequence[Strike]) -> Mapping[str, int]:
    """How many rollouts were hit in each kind of step."""
    return Counter(hit.step for strike in strikes for hit in strike.hits)
