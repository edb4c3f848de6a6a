"""The audit's page: what it finds, what it lets be taken away, and what it says of itself."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from controller.dashboard import audit, exporting
from controller.domain.chain import Report
from controller.domain.events import AuditEntry, Event
from tests.dashboard.test_pages import Page
from tests.security.world import OWEN, Doors, opened
from tests.support.builders import NOON

FORMULA = '=HYPERLINK("http://evil.example","press")'


@pytest.fixture
def doors(tmp_path: Path, migrated_file: Path) -> Iterator[Doors]:
    made = opened(tmp_path, migrated_file, anonymous="viewer")
    with made.store.write() as unit:
        facts: dict[str, object] = {"order": 7, "nested": {"of": ["<b>"]}}
        unit.audit.append([AuditEntry(Event.ORDER_ACCEPTED, "prod", "prod-1", "owen", NOON, FORMULA, facts)])
    yield made
    made.close()


def text_of(doors: Doors, query: str) -> str:
    return Page(doors.look(f"/audit?{query}").text).text


def test_each_entry_says_what_in_words_who_when_and_its_facts(doors: Doors) -> None:
    page = doors.look("/audit")
    shown = Page(page.text)
    assert "order accepted prod-1 by owen 2026-11-21 12:00:00 UTC" in shown.text
    assert "/deployments/prod-1" in shown.links()
    assert "&lt;b&gt;" in page.text and '"order": 7' in shown.text
    assert "6 entries are in the chain: to verify them takes about 1 second" in shown.text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("actor=owen", 1),
        ("environment=dev", 5),
        ("deployment=dev-2&event=step.started", 5),
        ("event=order.accepted", 1),
        ("since=2026-11-21T12:00&until=2026-11-21T12:00:02", 3),
        ("since=2026-11-21T13:00%2B01:00&actor=tidegate", 5),
        ("actor=&event=&since=", 6),
        ("actor=nobody", 0),
    ],
)
def test_the_address_says_what_is_sought(doors: Doors, query: str, count: int) -> None:
    assert doors.look(f"/audit?{query}").text.count('<p class="entry">') == count


@pytest.mark.parametrize(
    "query",
    [
        *("event=none", "since=yesterday", "until=99"),
        *("since=0001-01-01T00:00%2B23:59", "until=9999-12-31T23:59-23:59"),
    ],
)
def test_what_can_t_be_sought_is_said_and_finds_nothing(doors: Doors, query: str) -> None:
    reply = doors.look(f"/audit?{query}")
    assert (reply.status, '<p class="entry">' in reply.text) == (400, False)
    assert "Nothing is sought by this" in reply.text


def test_pages_go_on_with_what_is_sought(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "LINES", 2)
    page, seen = "/audit?actor=tidegate", 0
    for _ in range(3):
        reply = doors.look(page)
        seen += reply.text.count('<p class="entry">')
        following = [link for link in Page(reply.text).links() if "cursor=" in link]
        page = following[0] if following else ""
    assert (seen, page) == (5, "")


def test_a_csv_file_holds_what_was_sought_and_no_cell_of_it_is_a_formula(doors: Doors) -> None:
    reply = doors.look("/audit/export?format=csv&actor=owen")
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert reply.get("content-disposition") == 'attachment; filename="tidegate-audit.csv"'
    assert [(row["event"], row["deployment"], row["text"]) for row in rows] == [
        ("order.accepted", "prod-1", f"'{FORMULA}")
    ]
    assert json.loads(rows[0]["facts"]) == {"order": 7, "nested": {"of": ["<b>"]}}


def test_a_json_file_holds_the_same_as_it_was_written(doors: Doors) -> None:
    found = json.loads(doors.look("/audit/export?format=json&actor=owen").text)
    assert found["cut"] is None
    assert [(row["at"], row["text"]) for row in found["items"]] == [("2026-11-21T12:00:00+00:00", FORMULA)]
    assert json.loads(doors.look("/audit/export?format=json&actor=nobody").text) == {"items": [], "cut": None}


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_a_file_that_is_cut_says_so_however_it_is_read(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(audit, "MOST_EXPORTED", 4)
    monkeypatch.setattr(audit, "READ_AT_ONCE", at_once)
    found = json.loads(doors.look("/audit/export?format=json").text)
    assert len(found["items"]) == 4 and found["cut"].startswith("cut after 4 rows")
    lines = doors.look("/audit/export?format=csv").text.splitlines()
    assert (len(lines), lines[-1]) == (6, f'"{exporting.cut_after(4)}"')


def test_a_file_of_another_kind_is_refused(doors: Doors) -> None:
    assert doors.look("/audit/export?format=xlsx").status == 400


def test_whoever_has_signed_in_has_it_verified_in_the_words_of_the_cli(doors: Doors) -> None:
    session = doors.session(OWEN)
    found = Page(doors.post("/audit/verification", session).text).text
    assert "The audit is as it was written" in found and "7 entries, unbroken from 1 to 7; head " in found
    with doors.store.write() as unit:
        transaction = unit.timers._transaction
        transaction.change(text("DROP TRIGGER audit_refuses_update"))
        transaction.change(text("UPDATE audit SET actor = 'eve' WHERE position = 3"))
    found = Page(doors.post("/audit/verification", session).text).text
    assert "The audit is not as it was written" in found
    assert "BROKEN at entry 3: it is not as it was written (somebody without the key has changed it)" in found


def test_one_verification_runs_at_a_time_whichever_door_it_was_asked_at(doors: Doors) -> None:
    busy: list[int] = []

    def meanwhile(anchors: object) -> Report:
        busy.append(doors.post("/audit/verification", doors.session(OWEN)).status)
        busy.append(doors.api("GET", "/audit/verification").status)
        return verify(())

    verify, doors.store.verify_audit = doors.store.verify_audit, meanwhile  # type: ignore[assignment, method-assign]
    assert doors.api("GET", "/audit/verification").status == 200
    doors.store.verify_audit = verify  # type: ignore[method-assign]
    assert busy == [409, 409]
    assert doors.post("/audit/verification", doors.session(OWEN)).status == 200


def test_the_api_takes_the_same_filters(doors: Doors) -> None:
    found = doors.api("GET", "/audit?actor=owen&event=order.accepted&since=2026-11-21T12:00:00Z").json()
    assert [item["deployment"] for item in found["items"]] == ["prod-1"]
    assert doors.api("GET", "/audit?event=none").status == 400
