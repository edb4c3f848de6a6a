"""Anchors: once an hour and at each end of a deployment, and at rest never again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from controller.domain.board import LONGEST
from controller.domain.events import AuditEntry, Event
from controller.loop.anchoring import PERIOD, anchor_if_due
from controller.store import Store
from tests.support.database import MovedClock


@pytest.fixture
def told() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as lines:
        yield lines  # type: ignore[misc]


def append(store: Store, event: Event = Event.STEP_ENDED, **facts: object) -> None:
    with store.write() as unit:
        unit.audit.append([AuditEntry(event, "dev", "dev-1", "tidegate", store._clock.now(), "", facts)])


def position(store: Store) -> int:
    with store.read() as unit:
        newest = unit.anchors.newest()
    return newest.position if newest else 0


def test_an_empty_audit_is_not_anchored(store: Store, clock: MovedClock) -> None:
    assert not anchor_if_due(store, clock)


def test_an_anchor_is_told_in_a_log_line_and_kept_as_a_row(
    store: Store, clock: MovedClock, told: list[dict[str, object]]
) -> None:
    append(store)
    assert anchor_if_due(store, clock)
    with store.read() as unit:
        head, (kept,) = unit.audit.head(), unit.anchors.all()
    assert head is not None
    said = {"position": 1, "link": head.link, "key": head.key, "at": "2026-03-01T09:00:00+00:00"}
    assert told == [{"event": "audit anchored", "log_level": "info", **said}]
    assert json.loads(json.dumps(vars(kept) | {"at": kept.at.isoformat()})) == said


def test_an_anchor_is_a_notice_for_who_keeps_it_outside_and_fits_there(store: Store, clock: MovedClock) -> None:
    append(store)
    anchor_if_due(store, clock)
    with store.read() as unit:
        (notice,), (kept,) = unit.outbox.due(clock.now()), unit.anchors.all()
    assert (notice.kind, notice.body) == ("anchor", {"line": kept.line})
    far = replace(kept, position=99_999_999_999)
    assert len(far.line) <= LONGEST
    assert kept.line == f"audit anchored 1 {kept.link} {kept.key} 2026-03-01T09:00:00+00:00"


def test_at_rest_nothing_is_anchored_again_however_long_it_lasts(store: Store, clock: MovedClock) -> None:
    append(store)
    assert anchor_if_due(store, clock)
    for _ in range(48):
        clock.sleep(3600)
        assert not anchor_if_due(store, clock)


def test_what_is_new_waits_for_the_hour(store: Store, clock: MovedClock) -> None:
    append(store)
    anchor_if_due(store, clock)
    append(store)
    clock.sleep(PERIOD.total_seconds() - 1)
    assert not anchor_if_due(store, clock)
    clock.sleep(1)
    assert anchor_if_due(store, clock)
    assert position(store) == 2


@pytest.mark.parametrize(
    ("event", "phase", "is_anchored"),
    [
        (Event.DEPLOYMENT_SUCCEEDED, "succeeded", True),
        (Event.DEPLOYMENT_ENDED, "rolled_back", True),
        (Event.DEPLOYMENT_ENDED, "failed", True),
        (Event.DEPLOYMENT_ENDED, "superseded", False),
        (Event.DEPLOYMENT_STARTED, "running", False),
    ],
)
def test_an_end_that_may_have_changed_what_runs_does_not_wait(
    store: Store, clock: MovedClock, event: Event, phase: str, is_anchored: bool
) -> None:
    append(store)
    anchor_if_due(store, clock)
    append(store, event, phase=phase)
    append(store)
    assert anchor_if_due(store, clock) is is_anchored
    assert not anchor_if_due(store, clock)


def test_a_wall_clock_that_was_set_back_silences_nobody(store: Store, clock: MovedClock) -> None:
    append(store)
    anchor_if_due(store, clock)
    append(store)
    clock._now -= timedelta(days=1)
    assert anchor_if_due(store, clock)
    assert not anchor_if_due(store, clock)


def test_a_line_that_could_not_be_told_is_told_later(
    store: Store, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(store)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("controller.loop.anchoring.log.info", die, raising=False)
        with pytest.raises(KeyboardInterrupt):
            anchor_if_due(store, clock)
    assert position(store) == 0
    assert anchor_if_due(store, clock)


def test_anchors_fit_what_they_were_made_of(store: Store, clock: MovedClock) -> None:
    for _ in range(3):
        append(store)
        clock.sleep(3600)
        anchor_if_due(store, clock)
    report = store.verify_audit()
    assert report.is_unbroken and report.anchors == 3
