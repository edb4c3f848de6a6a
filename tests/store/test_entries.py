"""Sessions, tokens, links, and whose Slack account is whose."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.entry import ApiToken, Link, Session
from controller.domain.errors import Conflict
from controller.domain.people import Person, Role
from controller.store import Store
from controller.store.entries import MOST_SESSIONS
from tests.store.recorded import deployment, record
from tests.support.town import ADA, GRACE

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAR = Person(2**40, "far")


def session(person: Person = ADA, began: datetime = NOON) -> Session:
    return Session(person, began, began, began + 12 * HOUR)


def test_a_session_is_read_again_seen_and_ended(store: Store) -> None:
    with store.write() as unit:
        unit.sessions.begin("a", session(FAR))
        unit.sessions.begin("b", session(GRACE))
        unit.sessions.see("a", NOON + HOUR)
    with store.read() as unit:
        assert unit.sessions.get("a") == replace(session(FAR), seen_at=NOON + HOUR)
        assert unit.sessions.get("b") == session(GRACE) and unit.sessions.get("c") is None
    with store.write() as unit:
        unit.sessions.end("a")
        assert unit.sessions.get("a") is None and unit.sessions.get("b") is not None


def test_the_oldest_session_of_somebody_with_too_many_goes(store: Store) -> None:
    with store.write() as unit:
        unit.sessions.begin("of grace", session(GRACE))
        for number in range(MOST_SESSIONS + 2):
            unit.sessions.begin(str(number), session(began=NOON + number * timedelta(minutes=1)))
        left = [number for number in range(MOST_SESSIONS + 2) if unit.sessions.get(str(number))]
        assert left == list(range(2, MOST_SESSIONS + 2)) and unit.sessions.get("of grace")


def test_sessions_that_are_over_go_when_another_one_begins(store: Store) -> None:
    with store.write() as unit:
        unit.sessions.begin("old", session())
        unit.sessions.begin("older", session(began=NOON - timedelta(seconds=1)))
        unit.sessions.begin("new", session(GRACE, NOON + 12 * HOUR - timedelta(seconds=1)))
        assert unit.sessions.get("older") is None and unit.sessions.get("old")


TOKEN = ApiToken(0, "ci", Role.OPERATOR, None, "ada", NOON, NOON + HOUR)
MINE = ApiToken(0, "laptop", Role.APPROVER, FAR, "far", NOON)


def test_a_token_is_read_again_used_and_revoked_once(store: Store) -> None:
    with store.write() as unit:
        first, second = unit.tokens.add("a", TOKEN), unit.tokens.add("b", MINE)
        assert (first, second) == (replace(TOKEN, id=first.id), replace(MINE, id=second.id))
        assert 0 < first.id < second.id
        unit.tokens.use(second.id, NOON + HOUR)
    with store.read() as unit:
        used = replace(second, used_at=NOON + HOUR)
        assert unit.tokens.all() == (first, used)
        assert unit.tokens.by_digest("b") == used and unit.tokens.by_digest("c") is None
    with store.write() as unit:
        assert unit.tokens.revoke(first.id, NOON) and not unit.tokens.revoke(first.id, NOON + HOUR)
        assert not unit.tokens.revoke(99, NOON)
        assert unit.tokens.all()[0].revoked_at == NOON


def test_a_name_is_free_again_when_its_token_is_revoked(store: Store) -> None:
    with store.write() as unit:
        first = unit.tokens.add("a", TOKEN)
        with pytest.raises(Conflict, match="revoke it first"):
            unit.tokens.add("b", TOKEN)
        unit.tokens.revoke(first.id, NOON)
        assert unit.tokens.add("b", TOKEN).id > first.id


def test_a_link_works_once(store: Store) -> None:
    record(store, deployment(1))
    link = Link(FAR, "dev-1", "0" * 64, NOON + HOUR)
    with store.write() as unit:
        unit.links.add("a", link, NOON)
        assert unit.links.get("a") == link and unit.links.get("b") is None
        assert unit.links.use("a", NOON) and not unit.links.use("a", NOON + HOUR) and not unit.links.use("b", NOON)
        assert unit.links.get("a") == replace(link, used_at=NOON)


def test_links_that_are_over_go_when_another_one_is_made(store: Store) -> None:
    record(store, deployment(1))
    with store.write() as unit:
        unit.links.add("a", Link(ADA, "dev-1", "0" * 64, NOON + HOUR), NOON)
        unit.links.add("b", Link(ADA, "dev-1", "0" * 64, NOON + 3 * HOUR), NOON + HOUR)
        assert unit.links.get("a") is None and unit.links.get("b") is not None


def test_one_person_has_one_account_in_a_team_and_one_account_one_person(store: Store) -> None:
    with store.write() as unit:
        unit.identities.put("T1", "U1", ADA, NOON)
        unit.identities.put("T2", "U1", GRACE, NOON)
        assert unit.identities.person("T1", "U1") == ADA and unit.identities.slack_of("T1", ADA.id) == "U1"
        unit.identities.put("T1", "U2", ADA, NOON)
        assert unit.identities.person("T1", "U1") is None and unit.identities.slack_of("T1", ADA.id) == "U2"
        unit.identities.put("T1", "U2", FAR, NOON)
        assert unit.identities.person("T1", "U2") == FAR and unit.identities.slack_of("T1", ADA.id) is None
        assert unit.identities.person("T2", "U1") == GRACE, "another team is another world"


def test_a_tie_is_forgotten_once(store: Store) -> None:
    with store.write() as unit:
        unit.identities.put("T1", "U1", ADA, NOON)
        assert unit.identities.forget("T1", ADA.id) and not unit.identities.forget("T1", ADA.id)
        assert unit.identities.person("T1", "U1") is None
