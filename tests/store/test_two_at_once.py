"""Two controllers at one database: whatever the order in which their steps meet, the rows stay right."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from controller.domain.delivery import Delivery, DeliveryState
from controller.domain.errors import Conflict
from controller.loop import intake
from controller.loop.intake import take_in
from controller.store import Elsewhere, Lease, Store
from tests.support.builders import a_binding

PATIENCE_SECONDS = 10
SENT = 60


@dataclass
class Model:
    """What a lease is meant to be: who has it, since which change of hands, and whether its time is over."""

    owner: str | None = None
    epoch: int = 0
    is_over: bool = False

    def claim(self, who: str) -> tuple[int, bool] | None:
        """Epoch, and whether it was taken over; None when it is held."""
        if self.owner not in {None, who} and not self.is_over:
            return None
        is_renewed = self.owner == who and not self.is_over
        taken_over = self.owner not in {None, who}
        self.owner, self.epoch, self.is_over = who, self.epoch + (not is_renewed), False
        return self.epoch, taken_over

    def may_write(self, who: str, epoch: int) -> bool:
        return (self.owner, self.epoch, self.is_over) == (who, epoch, False)

    def release(self, who: str, epoch: int) -> bool:
        if (self.owner, self.epoch) != (who, epoch):
            return False
        self.owner = None
        return True


@dataclass
class Story:
    """One order of steps, done to the store and to the model, which must agree after each."""

    store: Store
    model: Model = field(default_factory=Model)
    leases: dict[str, Lease] = field(default_factory=dict)

    def claim(self, who: str) -> None:
        with self.store.write() as unit:
            claimed = unit.leases.claim("dev", who, 3600)
        expected = self.model.claim(who)
        if isinstance(claimed, Elsewhere):
            assert expected is None and claimed.owner == self.model.owner
        else:
            self.leases[who] = claimed
            assert (claimed.epoch, claimed.taken_over) == expected

    def write(self, who: str) -> None:
        lease = self.leases.get(who)
        if lease is None:
            return
        try:
            with self.store.fenced(lease) as unit:
                unit.environments.request_look(["dev"])
            wrote = True
        except Conflict:
            wrote = False
        assert wrote is self.model.may_write(who, lease.epoch)

    def release(self, who: str) -> None:
        lease = self.leases.get(who)
        if lease is not None:
            with self.store.write() as unit:
                released = unit.leases.release(lease)
            assert released is self.model.release(who, lease.epoch)

    def run_out(self, _: str) -> None:
        """As time would; the clock of PostgreSQL cannot be moved."""
        with self.store.write() as unit:
            unit.leases.lapse()
        self.model.is_over = self.model.owner is not None


Step = tuple[Callable[[Story, str], None], str]


def orders(*lines: Sequence[Step]) -> Iterator[list[Step]]:
    """Every way in which the lines can be woven into one, each in its own order."""
    if not any(lines):
        yield []
    for number, line in enumerate(lines):
        if line:
            rest = (*lines[:number], line[1:], *lines[number + 1 :])
            yield from ([line[0], *others] for others in orders(*rest))


def test_every_order_of_two_owners_and_a_lease_that_runs_out(store: Store) -> None:
    steps = (Story.claim, Story.write, Story.release)
    woven = list(orders([(step, "a") for step in steps], [(step, "b") for step in steps], [(Story.run_out, "")]))
    assert len(woven) == 140
    with store.read() as unit:
        every = 5 if unit.leases._transaction.is_postgres else 1  # where each commit crosses a socket
    for order in woven[::every]:
        story = begun_anew(store)
        for step, who in order:
            step(story, who)


def begun_anew(store: Store) -> Story:
    """Nobody holds dev; epochs go on from where they are."""
    with store.write() as unit:
        unit.leases.lapse()
        lease = unit.leases.claim("dev", "between", 3600)
        assert isinstance(lease, Lease)
        unit.leases.release(lease)
    return Story(store, Model(epoch=lease.epoch))


def a_push(number: int) -> Delivery:
    """To develop and to staging in turns, so that two batches ask for looks in different orders."""
    branch, id_ = ("develop", "staging")[number % 2], f"00000000-0000-0000-0000-{number:012d}"
    sent = datetime(2026, 1, 1, tzinfo=UTC)
    return Delivery(
        id_, "github", "push", None, "acme/captioncraft", f"refs/heads/{branch}", branch, "1" * 40, "f" * 64, sent
    )


def test_two_that_take_in_at_once_settle_each_delivery_once_and_neither_fails(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCH", 10)
    bindings = {name: a_binding(name, branch) for name, branch in (("dev", "develop"), ("staging", "staging"))}
    with store.write() as unit:
        for number in range(SENT):
            unit.deliveries.accept(a_push(number))
    start, failed = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        try:
            take_in(store, bindings)
        except Exception as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as unit:
        left = unit.deliveries.received()
        asked = [unit.environments.get(name).head_requested for name in bindings]
        states = {unit.deliveries.state("github", a_push(number).id) for number in range(SENT)}
    assert (failed, left, asked, states) == ([], (), [SENT / 2, SENT / 2], {DeliveryState.DONE})


def test_what_one_is_taking_in_another_leaves_out_without_waiting(store: Store) -> None:
    with store.read() as unit:
        if not unit.leases._transaction.is_postgres:
            return  # one writer at a time: there is nobody to wait for
    with store.write() as unit:
        unit.deliveries.accept(a_push(1))
    found: list[int] = []

    def take() -> None:
        with store.write() as other:
            found.append(len(other.deliveries.take(10)))

    with store.write() as unit:
        assert len(unit.deliveries.take(10)) == 1
        thread = threading.Thread(target=take)
        thread.start()
        thread.join(PATIENCE_SECONDS)
    assert found == [0]


def test_a_claim_waits_for_what_the_old_owner_has_begun_and_then_takes_over(store: Store) -> None:
    """The old owner's lease runs out in the middle of its transaction; what it wrote is there before the new one is."""
    with store.write() as unit:
        old = unit.leases.claim("dev", "old", 3600)
    assert isinstance(old, Lease)
    seen: list[tuple[int, bool]] = []

    def take_over() -> None:
        with store.write() as other:
            other.leases.lapse()
            lease = other.leases.claim("dev", "new", 3600)
            assert isinstance(lease, Lease)
            seen.append((other.environments.get("dev").head_requested, lease.taken_over))

    thread = threading.Thread(target=take_over)
    with store.fenced(old) as unit:
        thread.start()
        unit.environments.request_look(["dev"])
    thread.join(PATIENCE_SECONDS)
    assert seen == [(1, True)]
    with store.write() as unit:
        assert not unit.leases.is_held(old)
