"""The feed: what it says, that readers need not fetch it again, and who gets it."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from controller.domain.deployment import Phase
from controller.domain.people import Role
from controller.domain.reason import Reason
from tests.security.world import NOEL, OWEN, ROOT, Doors, Reply, opened
from tests.support.builders import NOON
from tests.support.rows import moving

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def doors(tmp_path: Path, migrated_file: Path) -> Iterator[Doors]:
    made = opened(tmp_path, migrated_file, anonymous="viewer")
    yield made
    made.close()


@pytest.fixture
def shut(tmp_path: Path, migrated_file: Path) -> Iterator[Doors]:
    made = opened(tmp_path, migrated_file)
    yield made
    made.close()


def entries(reply: Reply) -> list[dict[str, str]]:
    feed = ElementTree.fromstring(reply.body)
    return [
        {child.tag.removeprefix(ATOM): child.text or child.get("href") or "" for child in entry}
        for entry in feed.findall(f"{ATOM}entry")
    ]


def test_each_deployment_is_an_entry_newest_first(doors: Doors) -> None:
    reply = doors.look("/feed.atom")
    assert (reply.status, reply.get("content-type")) == (200, "application/atom+xml; charset=utf-8")
    feed = ElementTree.fromstring(reply.body)
    assert feed.findtext(f"{ATOM}title") == "Deployments"
    assert [link.get("href") for link in feed.findall(f"{ATOM}link")] == [
        "https://tidegate.example.com/feed.atom",
        "https://tidegate.example.com/history",
    ]
    found = entries(reply)
    assert [entry["title"].partition(":")[0] for entry in found] == [
        *("staging-2 rolled back", "staging-1 succeeded"),
        *("dev-2 rolling out", "dev-1 succeeded"),
    ]
    assert found[0]["link"] == "https://tidegate.example.com/deployments/staging-2"
    assert found[0]["updated"] == "2026-11-21T12:02:00Z"
    assert found[0]["summary"] == "the smoke test failed: http://example.com/ready: 500"


def test_an_environment_s_own_feed_has_its_deployments_only(doors: Doors) -> None:
    assert {entry["title"][:3] for entry in entries(doors.look("/feed.atom?environment=dev"))} == {"dev"}
    assert doors.look("/feed.atom?environment=nowhere").status == 404


def test_an_entry_keeps_its_id_as_it_goes_on_and_is_updated(doors: Doors) -> None:
    before = entries(doors.look("/feed.atom?environment=dev"))[0]
    with doors.store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        later = NOON + timedelta(minutes=9)
        unit.deployments.save(found.moved(Phase.SUCCEEDED, Reason("deployment.succeeded", "it is live"), later))
    after = entries(doors.look("/feed.atom?environment=dev"))[0]
    assert before["id"] == after["id"] and before["id"].startswith("urn:uuid:")
    assert (before["updated"], after["updated"]) == ("2026-11-21T12:00:00Z", "2026-11-21T12:09:00Z")
    assert len({entry["id"] for entry in entries(doors.look("/feed.atom"))}) == 4


def test_what_is_hostile_is_text_and_what_xml_can_t_hold_is_replaced(doors: Doors) -> None:
    nasty = replace(moving("prod", 9, "9"))
    commit = replace(nasty.revision.commit, message="</title><script>1</script> \x1b[31m\x07 ]]> &amp;")
    with doors.store.write() as unit:
        unit.revisions.add(replace(nasty.revision, commit=commit))
        unit.deployments.add(replace(nasty, revision=replace(nasty.revision, commit=commit)))
    title = entries(doors.look("/feed.atom?environment=prod"))[0]["title"]
    assert title.endswith("</title><script>1</script> \ufffd[31m\ufffd ]]> &amp;")


def test_whoever_has_it_already_is_told_so_without_a_body(doors: Doors) -> None:
    first = doors.look("/feed.atom")
    tag, changed = first.get("etag") or "", first.get("last-modified") or ""
    assert (tag, changed) != ("", "")
    for known in (("if-none-match", tag), ("if-none-match", f'"other", W/{tag}'), ("if-modified-since", changed)):
        again = doors.look("/feed.atom", None, known)
        assert (again.status, again.body, again.get("etag")) == (304, b"", tag)
    older = ("if-modified-since", "Sat, 21 Nov 2026 11:00:00 GMT")
    for unknown in (("if-none-match", '"other"'), older, ("if-modified-since", "soon")):
        assert doors.look("/feed.atom", None, unknown).status == 200
    assert doors.look("/feed.atom", None, ("if-none-match", '"other"'), ("if-modified-since", changed)).status == 200


def test_where_nobody_may_look_unasked_a_token_or_a_session_opens_it(shut: Doors) -> None:
    refused = shut.look("/feed.atom")
    assert (refused.status, "Basic" in (refused.get("www-authenticate") or "")) == (401, True)
    basic = base64.b64encode(f"anybody:{shut.token(Role.VIEWER)}".encode()).decode()
    for given in (f"Bearer {ROOT}", f"Basic {basic}"):
        assert shut.ask("GET", "/feed.atom", [("authorization", given)]).status == 200
    for given in ("Bearer wrong", "Basic !!", "Basic", f"Bearer {ROOT} x", "Digest x"):
        assert shut.ask("GET", "/feed.atom", [("authorization", given)]).status == 401
    assert shut.look("/feed.atom", shut.session(OWEN)).status == 200
    assert shut.look("/feed.atom", shut.session(NOEL)).status == 403


def test_an_empty_installation_has_an_empty_feed(tmp_path: Path, migrated_file: Path) -> None:
    doors = Doors(migrated_file, anonymous="viewer")
    assert entries(doors.look("/feed.atom")) == []
    doors.close()


def test_pages_tell_readers_where_it_is(doors: Doors) -> None:
    assert (
        '<link rel="alternate" type="application/atom+xml" title="Deployments" href="/feed.atom">'
        in doors.look("/").text
    )
