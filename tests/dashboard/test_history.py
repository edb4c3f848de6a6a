"""The history's page, its files, and two deployments side by side."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from controller.dashboard.exporting import as_csv, as_json, cut_after
from controller.dashboard.history import lines
from controller.dashboard.history_file import COLUMNS, fields
from controller.domain.deployment import Deployment, Phase
from controller.domain.reason import Reason
from controller.domain.search import Search
from controller.domain.summary import HistoryLine
from controller.store import Store
from tests.dashboard.conftest import Browser
from tests.store.recorded import deployment, record
from tests.support.builders import FILE, NOON

NASTY = '=1+1 <script>alert("x")</script> ' + "long " * 200


def over(number: int, message: str = "Add tones", **changes: object) -> Deployment:
    made = deployment(number, "prod", phase=Phase.SUCCEEDED, **changes)
    revision = replace(made.revision, commit=replace(made.revision.commit, message=message))
    times = {"started_at": NOON + timedelta(minutes=3), "finished_at": NOON + timedelta(minutes=10)}
    return replace(made, revision=revision, reason=Reason("deployment.succeeded", "it is live"), **times)


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def ids(html: str) -> list[str]:
    return re.findall(r'name="from" value="([^"]+)"', html)


def test_the_history_shows_every_deployment_newest_first_with_pickers(browser: Browser) -> None:
    reply = browser.get("/history")
    assert reply.status_code == 200
    assert ids(reply.text) == ["staging-2", "staging-1", "dev-2", "dev-1"]
    assert reply.text.count('type="radio"') == 8
    text = text_of(reply.text)
    assert "↩ rolled back staging-2 staging, by merge, rolling develop-4444444 Add captions by ada" in text
    assert "waited 0s, moved 2m" in text


def test_filters_are_kept_in_the_form_and_are_chips_that_take_them_away(browser: Browser) -> None:
    html = browser.get("/history?environment=dev&phase=succeeded&text=captions").text
    assert ids(html) == ["dev-1"]
    assert "<option selected>dev</option>" in html
    assert 'value="captions"' in html
    assert 'href="/history?environment=dev&amp;text=captions"' in html
    assert 'href="/history.csv?environment=dev&amp;phase=succeeded&amp;text=captions"' in html


def test_nothing_that_matches_is_said(browser: Browser) -> None:
    assert "No deployment matches" in browser.get("/history?text=nowhere").text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("since=yesterday", "since: found 'yesterday'; wanted a day"),
        ("phase=gone", "phase: found 'gone'; wanted one of waiting"),
        ("actor=a%20b", "actor: found 'a b'"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named_and_stays_in_the_form(browser: Browser, query: str, told: str) -> None:
    reply = browser.get(f"/history?{query}")
    assert reply.status_code == 400
    assert told in unescape(reply.text)
    assert browser.get(f"/history.csv?{query}").status_code == 400
    assert browser.get(f"/history.json?{query}").status_code == 400


def test_a_broken_cursor_is_said_to_be_one(browser: Browser) -> None:
    reply = browser.get("/history?cursor=x")
    assert reply.status_code == 400
    assert "The link is broken" in reply.text


def test_pages_follow_each_other_to_the_last_one(browser: Browser, store: Store) -> None:
    record(store, *(over(number) for number in range(1, 53)))
    seen, path = [], "/history?environment=prod"
    while path:
        html = browser.get(path).text
        seen += ids(html)
        found = re.search(r'<a rel="next" href="([^"]+)"', html)
        path = unescape(found[1]) if found else ""
    assert seen == [f"prod-{number}" for number in range(52, 0, -1)]


def test_what_strangers_wrote_is_escaped_and_cut(browser: Browser, store: Store) -> None:
    record(store, over(1, NASTY))
    html = browser.get("/history?environment=prod").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
    assert len(html) < 20_000


def test_a_history_says_when_old_rows_are_not_searchable_yet(browser: Browser, store: Store) -> None:
    told = "aking what was before searchable"
    assert told not in browser.get("/history?kind=deploy").text
    from sqlalchemy import text

    with store.write() as unit:
        unit.deployments._transaction.change(text("UPDATE deployments SET summarized = -1"))
    assert told in browser.get("/history?kind=deploy").text
    assert told not in browser.get("/history").text


# ------------------------------------------------------------------------------------------------ files


def test_the_file_holds_what_is_filtered(browser: Browser) -> None:
    reply = browser.get("/history.csv?environment=staging")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == 'attachment; filename="tidegate-history.csv"'
    first, *rows = list(csv.reader(io.StringIO(reply.text)))
    assert tuple(first) == COLUMNS
    assert [row[0] for row in rows] == ["staging-2", "staging-1"]
    found = browser.get("/history.json?environment=staging")
    assert found.headers["content-disposition"] == 'attachment; filename="tidegate-history.json"'
    document = json.loads(found.text)
    assert [one["id"] for one in document["items"]] == ["staging-2", "staging-1"]
    assert document["cut"] is None
    assert tuple(document["items"][0]) == COLUMNS
    assert document["items"][0]["moved_seconds"] == 120.0


def test_an_empty_file_is_still_one(browser: Browser) -> None:
    assert browser.get("/history.csv?text=nowhere").text.splitlines() == [",".join(COLUMNS)]
    assert json.loads(browser.get("/history.json?text=nowhere").text) == {"items": [], "cut": None}


def test_a_file_that_is_cut_says_so_at_its_end(store: Store) -> None:
    every = list(lines(store, Search()))
    assert len(every) == 4
    written = "".join(as_csv(COLUMNS, map(fields, every), most=3)).splitlines()
    assert (len(written), written[-1]) == (5, f'"{cut_after(3)}"')
    assert json.loads("".join(as_json(map(fields, every), most=3)))["cut"] == cut_after(3)
    assert json.loads("".join(as_json(map(fields, every), most=4)))["cut"] is None


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(store: Store, begins: str) -> None:
    (line, *_) = lines(store, Search())
    nasty = replace(line.summary, title=f"{begins}cmd|calc", requester="=me", authors=("@all",))
    written = "".join(as_csv(COLUMNS, [fields(replace(line, summary=nasty))], 1))
    _, row = list(csv.reader(io.StringIO(written, newline="")))
    cells = dict(zip(COLUMNS, row, strict=True))
    assert cells["title"] == f"'{begins}cmd|calc"
    assert (cells["requester"], cells["authors"], cells["actor"]) == ("'=me", "'@all", "'=me")


def test_a_file_is_written_as_it_is_read(store: Store) -> None:
    """Nothing is read before it is asked for, nor kept afterwards."""
    read: list[str] = []

    def watched() -> "list[HistoryLine]":
        for line in lines(store, Search()):
            read.append(line.id)
            yield line

    written = as_csv(COLUMNS, map(fields, watched()), 10)
    next(written)
    assert read == []
    next(written)
    assert len(read) == 1


def test_times_of_what_is_not_over_are_left_open(store: Store) -> None:
    moving = next(line for line in lines(store, Search()) if line.id == "dev-2")
    assert [fields(moving)[name] for name in ("finished_at", "waited_seconds", "moved_seconds")] == [None, None, None]


# ------------------------------------------------------------------------------------------------ two of them


def test_two_are_compared_field_by_field_in_either_order(browser: Browser, store: Store) -> None:
    other = over(2)
    more = replace(other.revision, text=FILE.replace("count: 2", "count: 3", 1))
    record(store, over(1), replace(other, revision=more))
    there, back = browser.get("/compare?from=prod-1&to=prod-2"), browser.get("/compare?from=prod-2&to=prod-1")
    assert there.status_code == back.status_code == 200
    assert "services.backend.count.min 2 3" in text_of(there.text)
    assert "services.backend.count.min 3 2" in text_of(back.text)
    assert "Difference: +9.01 to +9.01 US dollars a month" in text_of(there.text)
    assert "Identical" not in there.text


def test_two_that_bring_the_same_are_said_to(browser: Browser) -> None:
    assert "Identical" in browser.get("/compare?from=dev-1&to=staging-2").text
    assert "one and the same" in browser.get("/compare?from=dev-1&to=dev-1").text


def test_values_of_the_environment_are_never_shown(browser: Browser, store: Store) -> None:
    other = over(2)
    hidden = FILE.replace("    port: 8000\n", "    port: 8000\n    env: {TOKEN: secret-value}\n")
    record(store, over(1), replace(other, revision=replace(other.revision, text=hidden)))
    html = browser.get("/compare?from=prod-1&to=prod-2").text
    assert "services.backend.env.TOKEN" in html
    assert "secret-value" not in html


@pytest.mark.parametrize("query", ["from=dev-1&to=dev-99", "from=%00&to=dev-1", "from=dev-1&to=a/b"])
def test_nobody_of_that_name_is_not_found(browser: Browser, query: str) -> None:
    assert browser.get(f"/compare?{query}").status_code == 404


@pytest.mark.parametrize("query", ["", "?from=dev-1", "?to=dev-1"])
def test_without_two_names_it_asks_for_them(browser: Browser, query: str) -> None:
    reply = browser.get(f"/compare{query}")
    assert reply.status_code == 200
    assert "Compare two deployments" in reply.text
