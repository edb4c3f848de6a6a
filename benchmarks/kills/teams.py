"""Teams merge one version after the other, good and bad, and see to it that each ends as it must."""

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from benchmarks.kills.places import Place
from benchmarks.kills.rows import OPEN, Row, Rows, document, is_over, present_step
from benchmarks.kills.seats import Seat

LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 2400.0
"""A rollout that is hit again and again gets no further: so long as kills go on, only their number bounds its time."""

CLEAN_SECONDS = 30.0
STORIES = {"good": 11, "crash": 2, "unhealthy": 2, "smoke": 3, "abort": 4, "twice": 2}
"""And how often each is told."""

ABORTED_IN = ("register", "warm", "smoke", "shift", "bake", "verify")
NEWEST = "SELECT * FROM deployments WHERE environment = :environment AND sha = :sha ORDER BY number DESC LIMIT 1"
ORDERS = "SELECT id, state, outcome FROM orders WHERE deployment = :deployment ORDER BY id"


@dataclass(frozen=True)
class Told:
    """One rollout, and what was wrong with its end. Times are seconds since 1970."""

    environment: str
    story: str
    deployment: str
    version: str
    phase: str
    code: str
    began: float
    ended: float
    wrong: tuple[str, ...]


class StuckError(Exception):
    """It does not end."""


@dataclass
class Team:
    """Merges into one environment's branch, from a thread of its own, until `stop`."""

    place: Place
    rows: Rows
    seats: Sequence[Seat]
    chance: Random
    stories: dict[str, int] = field(default_factory=lambda: dict(STORIES))
    told: list[Told] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    bad_versions: set[str] = field(default_factory=set)
    live: str = ""
    _number: int = 0

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"team of {self.place.name}", daemon=True)

    def first(self) -> None:
        """The first version, with the environment's strategy; nobody is disturbed."""
        self.place.take_strategy()
        self.tell("good")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends with the story that is being told."""
        self._stopping.set()

    def join(self) -> None:
        self._thread.join()

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                [story] = self.chance.choices(list(self.stories), list(self.stories.values()))
                self.tell(story)
        except StuckError as error:
            self.broken.append(str(error))
        except Exception:  # noqa: BLE001 - a thread's death must be heard of
            self.broken.append(traceback.format_exc())

    def tell(self, story: str) -> Told:
        began = time.time()
        version, ending, wrong = self._told(story)
        wrong += self._settled()
        told = Told(
            environment=self.place.name,
            story=story,
            deployment=ending["id"],
            version=version,
            phase=ending["phase"],
            code=document(ending["body"])["reason"]["code"],
            began=began,
            ended=time.time(),
            wrong=tuple(wrong),
        )
        self.told.append(told)
        return told

    def _told(self, story: str) -> tuple[str, Row, list[str]]:
        """The version, its deployment's row at the end, and what is wrong with that."""
        match story:
            case "good":
                return self._good()
            case "abort":
                return self._abort()
            case "twice":
                return self._twice()
            case fault:
                return self._bad(fault)

    def _good(self) -> tuple[str, Row, list[str]]:
        version, commit = self._push()
        ending = self._ended(commit)
        return version, ending, self._must_be(ending, "succeeded", version)

    def _bad(self, fault: str) -> tuple[str, Row, list[str]]:
        version, commit = self._push(fault)
        self.bad_versions.add(version)
        ending = self._ended(commit)
        return version, ending, self._must_be(ending, "rolled_back", version)

    def _abort(self) -> tuple[str, Row, list[str]]:
        """Aborted somewhere on its way, unless it has come too far when the order arrives: then that is refused."""
        version, commit = self._push()
        step = self.chance.choice(ABORTED_IN)
        reached = self._until(f"{commit[:7]} reaches {step}", lambda: self._at(commit, step))
        self._order_abort(reached["id"])
        ending = self._ended(commit)
        orders = self.rows.ask(ORDERS, deployment=ending["id"])
        is_done = any(order["state"] == "done" for order in orders)
        wrong = self._must_be(ending, "aborted" if is_done else "succeeded", version)
        return version, ending, wrong + ([] if orders else ["the order is lost"])

    def _twice(self) -> tuple[str, Row, list[str]]:
        """A second version on the heels of the first."""
        first, earlier = self._push()
        time.sleep(self.chance.uniform(0.0, 3.0))
        version, commit = self._push()
        ending = self._ended(commit)
        wrong = self._must_be(ending, "succeeded", version)
        before = self._newest(earlier)
        if before and (before["phase"] not in {"superseded", "succeeded"} or not is_over(before)):
            wrong.append(f"{first}, before it, is {before['phase']}, step {present_step(before)}")
        return version, ending, wrong

    def _push(self, fault: str | None = None) -> tuple[str, str]:
        self._number += 1
        version = f"{self._number}.0.0"
        return version, self.place.push(version, fault)

    def _must_be(self, ending: Row, phase: str, version: str) -> list[str]:
        if ending["phase"] == "succeeded":
            self.live = version
        if ending["phase"] == phase:
            return []
        return [f"{ending['id']} is {ending['phase']}, not {phase}: {document(ending['body'])['reason']}"]

    def _settled(self) -> list[str]:
        """What is wrong with AWS once all is settled: tasks need a moment to stop."""
        until = time.time() + CLEAN_SECONDS
        while (wrong := self.place.wrong(self.live)) and time.time() < until:
            time.sleep(LOOK_SECONDS)
        return wrong

    def _order_abort(self, deployment: str) -> None:
        """As often as it takes until somebody answers; a kill may hide that the first one was heard."""
        order = {"order": "abort", "deployment": deployment, "reason": "rehearsal"}
        name = self.place.name

        def left() -> int | None:
            for seat in self.seats:
                if seat.is_up and (found := seat.order(name, **order)) is not None:
                    return found
            return None

        self._until(f"somebody takes the order about {deployment}", left)

    def _newest(self, commit: str) -> Row | None:
        found = self.rows.patient(NEWEST, environment=self.place.name, sha=commit)
        return found[0] if found else None

    def _at(self, commit: str, step: str) -> Row | None:
        """Its row when it is in that step, or beyond all of them."""
        found = self._newest(commit)
        if found is None or found["phase"] == "waiting":
            return None
        return found if found["phase"] != "running" or present_step(found) == step else None

    def _ended(self, commit: str) -> Row:
        def over() -> Row | None:
            found = self._newest(commit)
            return found if found and is_over(found) else None

        return self._until(f"{commit[:7]} ends", over)

    def _until(self, what: str, is_so: Callable[[], "Row | int | None"]) -> "Row":
        until = time.time() + PATIENCE_SECONDS
        while not (found := is_so()):
            if time.time() > until:
                opened = self.rows.patient(OPEN, environment=self.place.name)
                shown = [{**row, "undo": None} for row in opened or []]
                raise StuckError(f"{self.place.name}: {what}: not within {PATIENCE_SECONDS:g} s: {shown}")
            time.sleep(LOOK_SECONDS)
        return found  # type: ignore[return-value]  # the order's id is not looked at
