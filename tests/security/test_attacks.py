"""Named attacks: each is tried, and must fail. Where one comes from stands in its docstring: A1 to A12 are the
requirements that docs/security.md lists, V… a requirement of OWASP's ASVS 5.0, CVE-… what went wrong in a peer.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import anyio.lowlevel
import pytest

from controller.cli.saying import clean
from controller.domain.approval import Glass
from controller.domain.deployment import Deployment, Phase
from controller.domain.people import Permission, Person, Role, Rules
from controller.domain.reason import Reason
from controller.domain.release import Release
from controller.domain.revision import Author
from controller.domain.secret import Secret
from controller.domain.verdict import Answer, Judged
from controller.inbox.doorkeeper import IDLE, LONGEST, form_token
from controller.inbox.limits import Limit, TooOften
from controller.links import Links
from tests.security.world import (
    ABEL,
    ANN,
    AWAY,
    BEGUN_COOKIE,
    CHANNEL,
    COOKIE,
    FORM,
    NOEL,
    OWEN,
    PUBLIC,
    ROOT,
    TEAM,
    VERA,
    WALT,
    Doors,
    Reply,
    filled_in,
    form_headers,
    opened,
    pressed,
)
from tests.support.asked import DIGEST, OTHER_DIGEST, a_vote, asked_deployment, over, put
from tests.support.town import caller

PAGE = "/approvals/prod-1"
APPROVALS = "/deployments/prod-1/approvals"
YES = {"answer": "approve", "plan": DIGEST, "reason": "we looked"}
VALUE = f"prod-1|{DIGEST}"
EVIL = "https://evil.example"


@pytest.fixture
def asked(doors: Doors) -> Doors:
    """People are asked about prod-1: two are to approve it."""
    put(doors.store, asked_deployment())
    return doors


class Watch:
    """Whether anything came of what happened within."""

    def __init__(self, doors: Doors, but: tuple[str, ...] = ()) -> None:
        self._doors, self._but = doors, but

    def _rows(self) -> dict[str, list[dict[str, Any]]]:
        return {name: rows for name, rows in self._doors.dump.everything().items() if name not in self._but}

    def __enter__(self) -> None:
        self._before, self._woken = self._rows(), list(self._doors.bell.woken)

    def __exit__(self, *_: object) -> None:
        after = self._rows()
        assert [name for name in after if after[name] != self._before[name]] == []
        assert self._doors.bell.woken == self._woken


def fails(doors: Doors, reply: Reply, status: int) -> None:
    assert reply.status == status, reply.text[:300]
    assert doors.orders == []
    assert doors.bell.woken == []


# ------------------------------------------------------------------------------------------------ forms from elsewhere


def test_a_form_without_its_token_does_nothing(asked: Doors) -> None:
    """A2, V3.5.1."""
    session = asked.session(ABEL)
    fails(asked, asked.post(PAGE, session, {**YES, "form": ""}), 403)


def test_a_form_with_another_sessions_token_does_nothing(asked: Doors) -> None:
    """A2: the attacker has signed in as well, and plants a form of theirs."""
    session, other = asked.session(ABEL), asked.session(VERA)
    fails(asked, asked.post(PAGE, session, {**YES, "form": form_token(other)}), 403)


def test_a_form_with_the_token_of_an_earlier_session_of_the_same_person_does_nothing(asked: Doors) -> None:
    """A2, V7.2.4: signing in anew makes all that was given out before worthless."""
    earlier, session = asked.session(ABEL), asked.session(ABEL)
    fails(asked, asked.post(PAGE, session, {**YES, "form": form_token(earlier)}), 403)


@pytest.mark.parametrize(
    "origin",
    [EVIL, "null", "", None, "http://tidegate.example.com", f"{PUBLIC}.evil.example", f"{PUBLIC}:8443", f"{PUBLIC}/"],
)
def test_a_form_from_another_origin_does_nothing_even_with_the_right_token(asked: Doors, origin: str | None) -> None:
    """A2: a token that leaked is not enough."""
    session = asked.session(ABEL)
    fails(asked, asked.post(PAGE, session, YES, origin=origin), 403)


def test_two_origins_are_none(asked: Doors) -> None:
    """A2: a proxy and we must not read different ones."""
    session = asked.session(ABEL)
    body = urlencode({**YES, "form": form_token(session)}).encode()
    headers = [*form_headers(session), ("origin", EVIL)]
    fails(asked, asked.ask("POST", PAGE, headers, body), 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "same-origin, cross-site"])
def test_a_form_that_the_browser_says_comes_from_another_site_does_nothing(asked: Doors, site: str) -> None:
    """A2: also from a neighbour under the same domain."""
    session = asked.session(ABEL)
    fails(asked, asked.post(PAGE, session, YES, sec_fetch_site=site), 403)


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/json", "", None])
def test_a_body_that_no_form_of_ours_sends_does_nothing(asked: Doors, kind: str | None) -> None:
    """A2: `text/plain` needs no preflight, and can be made to look like much."""
    session = asked.session(ABEL)
    fails(asked, asked.post(PAGE, session, YES, content_type=kind), 403)


def test_a_json_body_does_not_pass_for_a_form(asked: Doors) -> None:
    """A2."""
    session = asked.session(ABEL)
    body = json.dumps({**YES, "form": form_token(session)}).encode()
    fails(asked, asked.ask("POST", PAGE, form_headers(session), body), 403)


def test_a_forms_token_in_the_address_is_not_read(asked: Doors) -> None:
    """A2, V14.2.1."""
    session = asked.session(ABEL)
    body = urlencode({**YES, "form": ""}).encode()
    fails(asked, asked.ask("POST", f"{PAGE}?form={form_token(session)}", form_headers(session), body), 403)


def test_an_answer_by_get_is_a_look(asked: Doors) -> None:
    """A2, V3.5.3."""
    session = asked.session(ABEL)
    with Watch(asked):
        reply = asked.look(f"{PAGE}?{urlencode({**YES, 'form': form_token(session)})}", session)
    assert reply.status == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "GET"])
@pytest.mark.parametrize("purpose", ["prefetch", "prerender"])
def test_what_is_fetched_ahead_changes_nothing(asked: Doors, method: str, purpose: str) -> None:
    """A2, facts 2.2: crawlers of chats and mail scanners follow every link."""
    session, link = asked.session(ABEL), a_link(asked, ABEL)
    headers = [("cookie", f"{COOKIE}={session}"), ("purpose", purpose), ("sec-purpose", purpose)]
    headers += [("user-agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")]
    with Watch(asked):
        reply = asked.ask(method, f"{PAGE}?link={link}", headers)
    assert reply.status == (200 if method in {"GET", "HEAD"} else 405)
    assert asked.links.read(link) is not None


@pytest.mark.parametrize("path", ["/sign-out", "/me/tokens", "/me/slack", "/me/slack/untie", "/me/tokens/1"])
def test_nobody_is_signed_out_and_nothing_is_made_by_a_link(asked: Doors, path: str) -> None:
    """V3.5.3."""
    session = asked.session(ANN)
    with Watch(asked):
        assert asked.look(path, session).status == 405
    assert asked.look("/me", session).status == 200


@pytest.mark.parametrize("path", ["/sign-out", "/me/tokens", "/me/slack", "/me/slack/untie", "/me/tokens/1"])
def test_every_form_wants_its_token(asked: Doors, path: str) -> None:
    """V3.5.1: not only the one for approvals."""
    session = asked.session(ANN)
    with Watch(asked):
        assert asked.post(path, session, {"form": "0" * 64, "name": "x", "role": "admin"}).status == 403


# ------------------------------------------------------------------------------------------------ orders from pages

ABORT = {"order": "abort", "environment": "dev", "deployment": "dev-2", "reason": "we looked"}
ABORTING = "/orders/new?order=abort&environment=dev&deployment=dev-2"


@pytest.mark.parametrize("changes", [{"origin": EVIL}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}])
def test_an_order_sent_from_another_site_is_not_left(doors: Doors, changes: dict[str, str]) -> None:
    """A2, V3.5.1: somebody who has signed in is lured to a page that aborts for them."""
    named = {name.replace("-", "_"): text for name, text in changes.items()}
    session = doors.session(OWEN)
    fails(doors, doors.post("/orders", session, ABORT, **named), 403)


def test_an_order_without_the_forms_token_is_not_left(doors: Doors) -> None:
    """A2, V3.5.1."""
    fails(doors, doors.post("/orders", doors.session(OWEN), {**ABORT, "form": ""}), 403)


def test_a_link_to_an_order_gives_none(doors: Doors) -> None:
    """A2, V3.5.3: chats and browsers fetch every link that they see, with the cookie of whoever sees it."""
    session = doors.session(OWEN)
    with Watch(doors, but=("sessions",)):
        for query in ("", "&reason=now&typed=dev", "&form=" + form_token(session)):
            assert doors.look(f"{ABORTING}{query}", session).status == 200
        assert doors.look("/orders?" + urlencode(ABORT), session).status == 405


def test_an_order_of_whoever_may_not_is_not_left_however_its_form_was_come_by(doors: Doors) -> None:
    """A5, V8.2.1: the buttons that somebody is not shown are no lock; what is asked anew is."""
    for person in (VERA, ABEL):
        fails(doors, doors.post("/orders", doors.session(person), ABORT), 403)


def test_a_role_that_was_lost_a_moment_ago_gives_no_order_although_the_page_still_offers_it(doors: Doors) -> None:
    """A5, V8.3.2: what pages show may be a minute old, what is done may not."""
    session = doors.session(OWEN)
    assert "Give the order" in doors.look(ABORTING, session).text
    doors.town.rights[OWEN] = Permission.READ
    assert "Give the order" in doors.look(ABORTING, session).text
    fails(doors, doors.post("/orders", session, ABORT), 403)


def test_an_order_about_another_environments_deployment_is_not_left(doors: Doors) -> None:
    """V8.2.2: the right to one environment is none to another's deployments."""
    fails(doors, doors.post("/orders", doors.session(OWEN), {**ABORT, "environment": "staging"}), 404)


@pytest.mark.parametrize("kind", ["approve", "reject", "break_glass", "revoke"])
def test_an_approval_is_not_given_by_the_form_for_orders(asked: Doors, kind: str) -> None:
    """A1, V2.3.1: the way past the page that shows the plan."""
    body = {"order": kind, "environment": "prod", "deployment": "prod-1", "plan": DIGEST, "reason": "we looked"}
    fails(asked, asked.post("/orders", asked.session(ABEL), body), 404)


def test_what_must_be_typed_can_not_be_sent_along_in_the_link(doors: Doors) -> None:
    """V2.3.5: a link prepares everything but the second thought."""
    session = doors.session(OWEN)
    page = doors.look("/orders/new?order=deploy&environment=prod&typed=prod&reason=now", session)
    assert re.search(r'<input id="typed" name="typed"[^>]*value=', page.text) is None
    fails(doors, doors.post("/orders", session, {"order": "deploy", "environment": "prod", "reason": "now"}), 422)


# ------------------------------------------------------------------------------------------------ sessions, cookies


def test_a_planted_session_id_is_not_taken_over_by_signing_in(doors: Doors) -> None:
    """V7.2.4: session fixation."""
    planted = "z" * 43
    cookie, begun = doors.begin()
    code = doors.porter.code(ABEL, begun.verifier)
    reply = doors.come_back(cookie, f"code={code}&state={begun.state}", ("cookie", f"{COOKIE}={planted}"))
    (given,) = (value for value in reply.all("set-cookie") if value.startswith(f"{COOKIE}="))
    assert given.partition(";")[0] != f"{COOKIE}={planted}"
    assert doors.look("/me", planted).status == 303


def test_the_session_before_ends_when_somebody_signs_in_again(doors: Doors) -> None:
    """V7.2.4."""
    earlier = doors.session(VERA)
    cookie, begun = doors.begin()
    code = doors.porter.code(ABEL, begun.verifier)
    headers = [("cookie", f"{BEGUN_COOKIE}={cookie}; {COOKIE}={earlier}")]
    assert doors.ask("GET", f"/sign-in/callback?code={code}&state={begun.state}", headers).status == 303
    assert doors.look("/me", earlier).status == 303


@pytest.mark.parametrize("order", [1, -1])
def test_a_second_cookie_of_the_same_name_lets_nobody_in(asked: Doors, order: int) -> None:
    """Cookie tossing: whichever a neighbour has set, it is not the one that counts."""
    theirs, attackers = asked.session(ABEL), asked.session(VERA)
    cookie = "; ".join([f"{COOKIE}={theirs}", f"{COOKIE}={attackers}"][::order])
    assert asked.ask("GET", "/me", [("cookie", cookie)]).status == 303
    fails(asked, asked.post(PAGE, theirs, YES, cookie=cookie), 403)


def test_two_cookie_headers_are_read_as_one(asked: Doors) -> None:
    """Cookie tossing, in another spelling."""
    theirs, attackers = asked.session(ABEL), asked.session(VERA)
    headers = [("cookie", f"{COOKIE}={theirs}"), ("cookie", f"{COOKIE}={attackers}")]
    assert asked.ask("GET", "/me", headers).status == 303


def test_the_cookie_of_plain_http_lets_nobody_in_over_https(asked: Doors) -> None:
    """V3.3.1, V3.3.3: only `__Host-` is read, which no neighbour and no network can set."""
    session = asked.session(ABEL)
    assert asked.ask("GET", "/me", [("cookie", f"tidegate={session}")]).status == 303


@pytest.mark.parametrize("after", [IDLE, LONGEST])
def test_a_session_that_is_over_does_nothing(asked: Doors, after: timedelta) -> None:
    """V7.3.1, V7.3.2."""
    session = asked.session(ABEL)
    asked.clock.sleep(after.total_seconds())
    fails(asked, asked.post(PAGE, session, YES), 403)


def test_a_session_that_is_used_all_day_ends_all_the_same(asked: Doors) -> None:
    """V7.3.2."""
    session = asked.session(ABEL)
    for _ in range(13):
        asked.clock.sleep(3600)
        last = asked.look("/me", session)
    assert last.status == 303


def test_who_signed_out_can_not_be_replayed(asked: Doors) -> None:
    """V7.4.1: the server forgets it; not only the browser."""
    session = asked.session(ABEL)
    assert asked.post("/sign-out", session).status == 303
    fails(asked, asked.post(PAGE, session, YES), 403)


def test_a_reader_of_the_database_finds_no_session_and_no_token(asked: Doors) -> None:
    """A1: only digests are stored."""
    given = [asked.session(ABEL), asked.token(Role.ADMIN, ABEL), a_link(asked, ABEL)]
    rows = json.dumps(asked.dump.everything(), default=str)
    assert [text for text in given if text in rows] == []


def test_a_session_outlives_no_right(asked: Doors) -> None:
    """A7, CVE-2023-40025: rights are read at the act, not at the sign-in, and not from what was read a moment ago."""
    session = asked.session(ABEL)
    assert asked.look(PAGE, session).status == 200
    asked.town.leave(ABEL)
    fails(asked, asked.post(PAGE, session, YES), 403)


def test_a_demotion_counts_at_once(asked: Doors) -> None:
    """A7, V8.3.2."""
    session = asked.session(ABEL)
    assert asked.look(PAGE, session).status == 200
    asked.town.rights[ABEL] = Permission.READ
    fails(asked, asked.post(PAGE, session, YES), 403)


# ------------------------------------------------------------------------------------------------ signing in


@pytest.mark.parametrize(
    "onward",
    [
        EVIL,
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/%0d%0aLocation: https://evil.example".replace("%0d%0a", "\r\n"),
        "/" + "a" * 600,
        " //evil.example",
        "///evil.example",
    ],
)
def test_signing_in_leads_nobody_elsewhere(doors: Doors, onward: str) -> None:
    """V3.7.2: an open redirect through `next`."""
    cookie, begun = doors.begin(onward)
    code = doors.porter.code(ABEL, begun.verifier)
    reply = doors.come_back(cookie, f"code={code}&state={begun.state}")
    assert (reply.status, reply.get("location")) == (303, "/")


def test_a_code_that_was_begun_in_another_browser_signs_nobody_in(doors: Doors) -> None:
    """V10.2.1: login CSRF, by which somebody would answer as the attacker."""
    _, begun = doors.begin()
    code = doors.porter.code(VERA, begun.verifier)
    with Watch(doors):
        assert doors.ask("GET", f"/sign-in/callback?code={code}&state={begun.state}").status == 400
    assert doors.porter.finished == []


def test_the_state_of_another_browser_signs_nobody_in(doors: Doors) -> None:
    """V10.2.1."""
    mine, _ = doors.begin()
    _, theirs = doors.begin()
    code = doors.porter.code(VERA, theirs.verifier)
    with Watch(doors):
        assert doors.come_back(mine, f"code={code}&state={theirs.state}").status == 400
    assert doors.porter.finished == []


def test_a_stolen_code_is_worthless_without_the_verifier_it_was_asked_with(doors: Doors) -> None:
    """V10.4.6: PKCE. The thief has begun a sign-in of their own, and plants the code there."""
    _, victims = doors.begin()
    code = doors.porter.code(ANN, victims.verifier)
    thiefs_cookie, thiefs = doors.begin()
    with Watch(doors):
        assert doors.come_back(thiefs_cookie, f"code={code}&state={thiefs.state}").status == 503


def test_a_code_works_once(doors: Doors) -> None:
    """V10.4.4: whoever reads the address in a log comes too late."""
    cookie, begun = doors.begin()
    query = f"code={doors.porter.code(ABEL, begun.verifier)}&state={begun.state}"
    assert doors.come_back(cookie, query).status == 303
    with Watch(doors):
        assert doors.come_back(cookie, query).status == 503


@pytest.mark.parametrize(
    "query", ["code=c1&code=c2&state=s1", "code=c1&state=s1&state=s2", "state=s1", "code=&state=s1"]
)
def test_doubled_and_missing_parameters_sign_nobody_in(doors: Doors, query: str) -> None:
    """V2.2.1: two readers must not see two different things."""
    cookie, begun = doors.begin()
    doors.porter.code(ABEL, begun.verifier)
    with Watch(doors):
        assert doors.come_back(cookie, query).status in {400, 403}
    assert doors.porter.finished == []


def test_an_empty_state_fits_no_browser_that_has_begun_nothing(doors: Doors) -> None:
    """CVE-2026-23990: nothing compared with nothing is equal."""
    for cookie in ("", b"20".hex(), b"  /".hex(), "zz", "ff" * 20, "20" * 400):
        with Watch(doors):
            assert doors.come_back(cookie, "code=c1&state=").status == 400
    assert doors.porter.finished == []


def test_a_cookie_of_our_own_making_is_not_needed_to_be_refused_in_peace(doors: Doors) -> None:
    """A crafted cookie is no 500."""
    for crafted in (b"\xff\xfe".hex(), "é", "73 31", "0" * 4000, b"s1 v1 //evil.example".hex()):
        reply = doors.ask("GET", "/sign-in/callback?state=nope&code=c", [("cookie", f"{BEGUN_COOKIE}={crafted}")])
        assert reply.status == 400
        assert "evil" not in reply.text


def test_two_begun_sign_ins_in_one_browser_are_none(doors: Doors) -> None:
    """Cookie tossing before the session exists."""
    mine, begun = doors.begin()
    theirs, _ = doors.begin()
    code = doors.porter.code(ABEL, begun.verifier)
    reply = doors.come_back(mine, f"code={code}&state={begun.state}", ("cookie", f"{BEGUN_COOKIE}={theirs}"))
    assert reply.status == 400


def test_a_look_at_the_way_back_uses_no_code(doors: Doors) -> None:
    """A2: HEAD, as a scanner of links sends it."""
    cookie, begun = doors.begin()
    code = doors.porter.code(ABEL, begun.verifier)
    with Watch(doors):
        assert doors.come_back(cookie, f"code={code}&state={begun.state}", method="HEAD").status == 405
    assert doors.come_back(cookie, f"code={code}&state={begun.state}").status == 303


def test_of_a_stranger_who_signs_in_nothing_is_kept(doors: Doors) -> None:
    """S15: everybody has a GitHub account. No session, and no line of the audit."""
    cookie, begun = doors.begin()
    code = doors.porter.code(NOEL, begun.verifier)
    with Watch(doors):
        reply = doors.come_back(cookie, f"code={code}&state={begun.state}")
    assert reply.status == 403
    assert [value for value in reply.all("set-cookie") if value.startswith(f"{COOKIE}=")] == []


# ------------------------------------------------------------------------------------------------ tokens


def test_a_token_in_the_address_is_not_read(doors: Doors) -> None:
    """V14.2.1: addresses are logged."""
    for name in ("access_token", "token", "api_token", "authorization"):
        assert doors.ask("GET", f"/api/v1/environments?{name}={ROOT}").status == 401


def test_two_authorizations_are_none(doors: Doors) -> None:
    """Whoever stands before us may have looked at the other one."""
    headers = [("authorization", f"Bearer {ROOT}"), ("authorization", "Bearer x")]
    assert doors.ask("GET", "/api/v1/environments", headers).status == 401


@pytest.mark.parametrize(
    "header", [b"Bearer \xff\xfe", b"Bearer \xc3\xa9", b"Bearer " + b"a" * 20000, b"Bearer\t" + b"x"]
)
def test_a_crafted_token_is_refused_and_breaks_nothing(doors: Doors, header: bytes) -> None:
    """Facts 8.4, CVE-2022-24912: compared as bytes, in constant time."""
    assert doors.ask("GET", "/api/v1/environments", [("authorization", header)]).status == 401


def test_a_revoked_token_lets_nobody_in(asked: Doors) -> None:
    """V7.4.1."""
    text = asked.token(Role.ADMIN, ABEL, "mine")
    assert asked.api("GET", "/environments", text).status == 200
    assert asked.doorkeeper.revoke_token(1, caller(ABEL), ABEL.id)
    fails(asked, asked.api("POST", APPROVALS, text, YES), 401)


def test_an_expired_token_lets_nobody_in(asked: Doors) -> None:
    """V9.2.1."""
    text, _ = asked.doorkeeper.make_token("brief", Role.ADMIN, ABEL, caller(ABEL), timedelta(days=1))
    asked.clock.sleep(timedelta(days=1).total_seconds())
    fails(asked, asked.api("POST", APPROVALS, text, YES), 401)


def test_a_token_dies_with_its_owners_rights(asked: Doors) -> None:
    """A7: somebody left."""
    text = asked.token(Role.ADMIN, ABEL, "mine")
    asked.town.leave(ABEL)
    fails(asked, asked.api("POST", APPROVALS, text, YES), 403)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.OPERATOR])
def test_a_lesser_token_mints_no_greater_one(doors: Doors, role: Role) -> None:
    """V8.2.1: of an admin, and of a program."""
    for text in (doors.token(role, ANN, "lesser"), doors.token(role, name="program")):
        with Watch(doors, but=("tokens",)):
            assert doors.api("POST", "/tokens", text, {"name": "greater", "role": "admin"}).status == 403
    assert [row["name"] for row in doors.dump.rows("SELECT name FROM tokens")] == ["lesser", "program"]


def test_an_admin_of_one_environment_makes_no_token_for_all(tmp_path: Path, migrated_file: Path) -> None:
    """Cross-environment: a program's token is good in each of them."""
    doors = opened(tmp_path, migrated_file, people={"prod": Rules(admin=("ann",), viewer=("owen",))})
    doors.town.rights[OWEN] = Permission.ADMIN
    text = doors.token(Role.ADMIN, OWEN, "mine")
    assert doors.api("POST", "/environments/dev/orders", text, {"order": "unhold", "reason": "mine"}).status == 202
    assert doors.api("POST", "/environments/prod/orders", text, {"order": "unhold", "reason": "x"}).status == 403
    assert doors.api("POST", "/tokens", text, {"name": "for all", "role": "admin"}).status == 403
    others = doors.token(Role.ADMIN, ANN, "ann's")
    assert others and doors.api("DELETE", "/tokens/2", text).status == 404
    doors.close()


def test_a_viewers_token_breaks_no_glass(asked: Doors) -> None:
    """V8.2.1: breaking the glass asks nobody for a role, and still the token lets in no further than it says."""
    text = asked.token(Role.VIEWER, WALT, "to read with")
    body = {"answer": "break_glass", "plan": DIGEST, "reason": "it burns"}
    fails(asked, asked.api("POST", APPROVALS, text, body), 403)


def test_a_viewers_token_takes_nothing_back(doors: Doors) -> None:
    """V8.2.1."""
    put(doors.store, asked_deployment(votes=[a_vote(ABEL)]))
    text = doors.token(Role.VIEWER, ABEL, "to read with")
    fails(doors, doors.api("POST", APPROVALS, text, {"answer": "revoke", "reason": "mine"}), 403)


def test_a_program_that_is_called_like_a_person_is_nobody(asked: Doors) -> None:
    """A5: names are not people."""
    text = asked.token(Role.ADMIN, name="abel")
    fails(asked, asked.api("POST", APPROVALS, text, YES), 422)


def test_nobody_revokes_the_token_of_another(doors: Doors) -> None:
    """V8.2.2: by its number."""
    doors.token(Role.ADMIN, ANN, "ann's")
    session, text = doors.session(OWEN), doors.token(Role.ADMIN, OWEN, "owen's")
    assert doors.post("/me/tokens/1", session).status == 404
    assert doors.api("DELETE", "/tokens/1", text).status == 404


@pytest.mark.parametrize("number", ["0", "-1", "1e1", "٣", "9" * 40, "1 ", "1%00", "01x", "../1", "%2e%2e"])
def test_a_crafted_number_of_a_token_is_no_token(doors: Doors, number: str) -> None:
    """V2.2.1."""
    path = quote(number, safe="%")
    assert doors.api("DELETE", f"/tokens/{path}").status == 404


def test_a_token_that_was_made_is_shown_once(doors: Doors) -> None:
    """V14.2.6."""
    session = doors.session(ANN)
    made = doors.post("/me/tokens", session, {"name": "mine", "role": "viewer", "days": "9"})
    (text,) = re.findall(r"tidegate_[\w-]{43}", made.text)
    assert text not in doors.look("/me", session).text
    assert text not in doors.api("GET", "/tokens").text


def test_nobody_fills_the_database_with_tokens(doors: Doors) -> None:
    """V2.4.1."""
    for number in range(50):
        doors.token(Role.VIEWER, VERA, f"number {number}")
    session = doors.session(VERA)
    assert doors.post("/me/tokens", session, {"name": "one more", "role": "viewer", "days": "9"}).status == 422


# ------------------------------------------------------------------------------------------------ who may answer


def test_the_author_approves_nothing_of_theirs_by_any_door(doors: Doors) -> None:
    """A5."""
    deployment = asked_deployment()
    commit = replace(deployment.revision.commit, authors=(Author(ABEL.id, "abel", "Abel"),))
    put(doors.store, replace(deployment, revision=replace(deployment.revision, commit=commit)))
    doors.tie(ABEL, "U0ABEL")
    assert doors.post(PAGE, doors.session(ABEL), YES).status == 422
    assert doors.api("POST", APPROVALS, doors.token(Role.ADMIN, ABEL, "mine"), YES).status == 422
    doors.slack(pressed("U0ABEL", "approve", VALUE))
    assert doors.orders == []
    assert "somebody else must approve it" in doors.chat.said[-1][3]


def test_one_person_counts_once_through_github_and_slack(doors: Doors) -> None:
    """A5, S8: who has approved on the page presses the button as well."""
    put(doors.store, asked_deployment(votes=[a_vote(ABEL)]))
    doors.tie(ABEL, "U0ABEL")
    doors.slack(pressed("U0ABEL", "approve", VALUE))
    assert doors.orders == []
    assert "has approved this plan already" in doors.chat.said[-1][3]


def test_one_slack_account_is_one_person_and_the_other_way_round(doors: Doors) -> None:
    """A5: a person ties a second account, and the first is nobody's then."""
    doors.tie(ABEL, "U0FIRST")
    doors.tie(ABEL, "U0SECOND")
    with doors.store.read() as unit:
        assert unit.identities.person(TEAM, "U0FIRST") is None
        assert unit.identities.person(TEAM, "U0SECOND") == ABEL


def test_whoever_takes_over_a_login_takes_over_no_right(asked: Doors) -> None:
    """Facts 3.3: people are numbers. Ann gives up her login, and somebody else registers it."""
    asked.town.rename(ANN, "ann-lovelace")
    impostor = Person(666, "ann")
    fails(asked, asked.post(PAGE, asked.session(impostor), YES), 403)


def test_a_rename_keeps_the_right_of_who_was_renamed(asked: Doors) -> None:
    """Facts 3.3."""
    session = asked.session(ABEL)
    asked.town.rename(ABEL, "abel-the-great")
    assert asked.post(PAGE, session, YES).status == 303


def test_a_team_in_another_case_is_the_same_team_and_no_other(tmp_path: Path, migrated_file: Path) -> None:
    """CVE-2026-25542: names are compared as GitHub does, and as wholes."""
    doors = opened(tmp_path, migrated_file, people={"prod": Rules(approver=("@ACME/Release",))})
    put(doors.store, asked_deployment())
    doors.town.teams = {"@acme/release": frozenset({ABEL.id}), "@acme/release-all": frozenset({OWEN.id})}
    assert doors.post(PAGE, doors.session(OWEN), YES).status == 403
    assert doors.post(PAGE, doors.session(ABEL), YES).status == 303
    doors.close()


def test_a_plan_that_was_exchanged_meanwhile_is_not_approved(doors: Doors) -> None:
    """A3, A4: what was looked at is not what waits."""
    put(doors.store, asked_deployment(digest=OTHER_DIGEST))
    for status, ask in (
        (422, lambda: doors.post(PAGE, doors.session(ABEL), YES)),
        (422, lambda: doors.api("POST", APPROVALS, doors.token(Role.ADMIN, ABEL, "mine"), YES)),
    ):
        fails(doors, ask(), status)
    doors.tie(ABEL, "U0ABEL")
    doors.slack(pressed("U0ABEL", "approve", VALUE))
    assert doors.orders == []


@pytest.mark.parametrize(
    "plan", [None, "", DIGEST[:20], DIGEST.upper(), f"{DIGEST} ", "sha256:" + "0" * 64, "*", "x" * 3000]
)
def test_an_answer_that_names_no_plan_or_half_of_one_is_not_taken(asked: Doors, plan: str | None) -> None:
    """A3: a digest is compared as a whole."""
    body = {name: text for name, text in {**YES, "plan": plan}.items() if text is not None}
    fails(asked, asked.api("POST", APPROVALS, asked.token(Role.ADMIN, ABEL, "mine"), body), 422)


def test_the_plan_of_one_environment_approves_nothing_in_another(doors: Doors) -> None:
    """A1: bound to the deployment, not only to the plan."""
    put(doors.store, asked_deployment())
    put(doors.store, asked_deployment("staging", 3, digest=OTHER_DIGEST))
    text = doors.token(Role.ADMIN, ABEL, "mine")
    fails(doors, doors.api("POST", "/deployments/staging-3/approvals", text, YES), 422)


def test_an_order_for_one_environment_names_no_deployment_of_another(asked: Doors) -> None:
    """CVE-2023-22736: scope is checked at the act."""
    body = {"order": "abort", "deployment": "prod-1", "reason": "x"}
    fails(asked, asked.api("POST", "/environments/dev/orders", body=body), 422)


@pytest.mark.parametrize("order", ["approve", "APPROVE", "Approve", "reject", "revoke", "break_glass", "break-glass"])
def test_no_answer_comes_in_as_an_order(asked: Doors, order: str) -> None:
    """CVE-2026-27111: a second endpoint, with weaker questions."""
    body = {"order": order, "deployment": "prod-1", "reason": "x"}
    for text in (ROOT, asked.token(Role.ADMIN, ABEL, f"mine {order}")):
        fails(asked, asked.api("POST", "/environments/prod/orders", text, body), 422)


@pytest.mark.parametrize(
    "answer", ["deploy", "abort", "ABORT", "rollback", "promote", "Approve", "APPROVE", "approve "]
)
def test_no_order_comes_in_as_an_answer(asked: Doors, answer: str) -> None:
    """CVE-2026-27111, the other way round: who may approve may not deploy."""
    body = {**YES, "answer": answer}
    fails(asked, asked.api("POST", APPROVALS, asked.token(Role.ADMIN, ABEL, f"mine {answer}"), body), 422)
    fails(asked, asked.post(PAGE, asked.session(ABEL), body), 403)


def test_who_may_break_the_glass_alone_is_told_that_it_takes_two(asked: Doors) -> None:
    """A7: one person's word is written down, and opens nothing."""
    put(asked.store, asked_deployment("staging", 3, votes=[a_vote(WALT, breaks_glass=True)]))
    body = {"answer": "break_glass", "plan": DIGEST, "reason": "it burns"}
    reply = asked.post("/approvals/staging-3", asked.session(WALT), body)
    assert reply.status == 422
    assert "broken the glass for this plan already" in reply.text
    assert asked.orders == []


def test_who_is_not_named_breaks_no_glass_whatever_they_may_otherwise(tmp_path: Path, migrated_file: Path) -> None:
    """A7: an admin, and somebody who took over the login of one who is named."""
    doors = opened(tmp_path, migrated_file, glass=Glass((Person(900, "ann"), WALT), 2))
    put(doors.store, asked_deployment())
    body = {"answer": "break_glass", "plan": DIGEST, "reason": "it burns"}
    fails(doors, doors.post(PAGE, doors.session(ANN), body), 422)
    doors.close()


def test_while_github_is_away_nobody_approves(asked: Doors) -> None:
    """A7: what can't be known lets nobody in."""
    session, text = asked.session(ABEL), asked.token(Role.ADMIN, ABEL, "mine")
    assert asked.look(PAGE, session).status == 200
    asked.town.trouble = AWAY
    assert asked.post(PAGE, session, YES).status == 503
    assert asked.api("POST", APPROVALS, text, YES).status == 503
    assert asked.orders == []


def test_an_answer_after_the_end_is_none(doors: Doors) -> None:
    """A8."""
    put(doors.store, over(asked_deployment(), Phase.EXPIRED, "approval.expired"))
    fails(doors, doors.post(PAGE, doors.session(ABEL), YES), 422)


# ------------------------------------------------------------------------------------------------ personal links


def a_link(doors: Doors, person: Person, plan: str = DIGEST, deployment: str = "prod-1", minutes: int = 60) -> str:
    return doors.links.make(person, deployment, plan, doors.clock.now() + timedelta(minutes=minutes))


def test_a_link_lets_nobody_in(asked: Doors) -> None:
    """A1: it says whom it is for, and they sign in."""
    link = a_link(asked, ABEL)
    with Watch(asked):
        assert asked.look(f"{PAGE}?link={link}").status == 303
        assert (
            asked.ask("POST", PAGE, form_headers("", cookie=None), urlencode({**YES, "link": link}).encode()).status
            == 403
        )


def test_a_link_works_once(asked: Doors) -> None:
    """A1, S8."""
    link, session = a_link(asked, ABEL), asked.session(ABEL)
    assert asked.post(PAGE, session, {**YES, "link": link}).status == 303
    assert asked.post(PAGE, session, {**YES, "link": link}).status == 403
    assert len(asked.orders) == 1


def test_a_link_of_somebody_else_is_refused(asked: Doors) -> None:
    """A1: forwarded, by mistake or not."""
    link = a_link(asked, OWEN)
    fails(asked, asked.post(PAGE, asked.session(ABEL), {**YES, "link": link}), 403)
    assert asked.links.read(link) is not None


def test_a_link_about_another_plan_is_refused(asked: Doors) -> None:
    """A1, A4."""
    link = a_link(asked, ABEL, plan=OTHER_DIGEST)
    fails(asked, asked.post(PAGE, asked.session(ABEL), {**YES, "link": link}), 403)


def test_a_link_about_another_deployment_is_refused(asked: Doors) -> None:
    """A1."""
    link = a_link(asked, ABEL, deployment="staging-2")
    fails(asked, asked.post(PAGE, asked.session(ABEL), {**YES, "link": link}), 403)


def test_an_expired_link_is_refused(asked: Doors) -> None:
    """A1."""
    link, session = a_link(asked, ABEL, minutes=1), asked.session(ABEL)
    asked.clock.sleep(60)
    fails(asked, asked.post(PAGE, session, {**YES, "link": link}), 403)


def test_a_link_that_was_signed_with_another_key_is_refused(asked: Doors) -> None:
    """A1: and one that was signed for another purpose, or not at all."""
    session = asked.session(ABEL)
    foreign = Links(asked.store, asked.clock, [Secret("another key of links")])
    made = foreign.make(ABEL, "prod-1", DIGEST, asked.clock.now() + timedelta(hours=1))
    for link in (made, a_link(asked, ABEL)[:-1] + "!", made.partition(".")[0], "x", "é", "." * 20, "a" * 900):
        fails(asked, asked.post(PAGE, session, {**YES, "link": link}), 403)


# ------------------------------------------------------------------------------------------------ Slack


@pytest.mark.parametrize(
    "stamp", ["", "x", "-1", "1e9", "٣٤٥", "9" * 400, "0", "1700000000.5", " 1", "+1", "NaN", b"\xff\xfe"]
)
def test_a_crafted_timestamp_is_no_500(asked: Doors, stamp: str | bytes) -> None:
    """Facts 8.4: slack_sdk raises for some of them."""
    body = urlencode({"payload": json.dumps(pressed("U0ABEL", "approve", VALUE))}).encode()
    raw = stamp if isinstance(stamp, bytes) else stamp.encode()
    headers = asked.slack_headers(body, raw_stamp=raw)
    with Watch(asked):
        assert asked.ask("POST", "/webhooks/slack", headers, body).status == 401


@pytest.mark.parametrize(
    "signature", ["", "v0=", "v0=" + "0" * 64, "v1=abc", b"v0=\xff\xfe", "v0=" + "0" * 10000, "é".encode()]
)
def test_a_crafted_signature_is_no_500(asked: Doors, signature: str | bytes) -> None:
    """Facts 8.4."""
    with Watch(asked):
        assert asked.slack(pressed("U0ABEL", "approve", VALUE), signature=signature).status == 401


@pytest.mark.parametrize("name", ["x-slack-request-timestamp", "x-slack-signature"])
def test_a_doubled_header_of_slacks_is_refused(asked: Doors, name: str) -> None:
    """Two readers must not see two different things."""
    body = urlencode({"payload": json.dumps(pressed("U0ABEL", "approve", VALUE))}).encode()
    headers = asked.slack_headers(body)
    twice = [*headers, *(pair for pair in headers if pair[0] == name)]
    with Watch(asked):
        assert asked.ask("POST", "/webhooks/slack", twice, body).status == 401


def test_what_slack_sent_long_ago_is_not_heard(asked: Doors) -> None:
    """Facts 2.2: and what it will have sent."""
    asked.tie(ABEL, "U0ABEL")
    for seconds in (-301, 301):
        stamp = int(asked.clock.now().timestamp()) + seconds
        with Watch(asked):
            assert asked.slack(pressed("U0ABEL", "approve", VALUE), stamp=stamp).status == 401


def test_what_slack_sent_is_heard_once_within_its_five_minutes(asked: Doors) -> None:
    """S8: a captured request, sent once more."""
    asked.tie(ABEL, "U0ABEL")
    assert asked.slack(pressed("U0ABEL", "approve", VALUE)).status == 200
    assert len(asked.orders) == 1
    with Watch(asked):
        assert asked.slack(pressed("U0ABEL", "approve", VALUE)).status == 200


@pytest.mark.parametrize("change", [{"team": {"id": "T0EVIL"}}, {"api_app_id": "A0EVIL"}, {"team": None}, {"user": {}}])
def test_another_workspace_and_another_app_are_not_heard(asked: Doors, change: dict[str, Any]) -> None:
    """CVE-2026-40109: a valid signature is not enough, it must be about us."""
    asked.tie(ABEL, "U0ABEL")
    with Watch(asked):
        assert asked.slack(pressed("U0ABEL", "approve", VALUE, **change)).status in {400, 401}


def test_an_account_that_nobody_tied_is_nobody(asked: Doors) -> None:
    """Facts 2.2: never by e-mail or name."""
    payload = pressed("U0NEW", "approve", VALUE, user={"id": "U0NEW", "name": "abel", "username": "abel"})
    assert asked.slack(payload).status == 200
    assert asked.orders == []
    assert "Nobody knows yet who you are" in asked.chat.said[-1][3]


@pytest.mark.parametrize(
    "value",
    [
        *(f"{name}|{DIGEST}" for name in ("staging-2", "dev-2", "prod-99", "nowhere-1", "prod-1\x00", "../prod-1")),
        *(f"prod-1|{OTHER_DIGEST}", f"prod-1|{DIGEST}x", "prod-1|", "|", "", "prod-1", "x" * 4000),
    ],
)
def test_a_tampered_button_answers_nothing(asked: Doors, value: str) -> None:
    """A10: the value is a name, and gives nobody anything."""
    asked.tie(ABEL, "U0ABEL")
    assert asked.slack(pressed("U0ABEL", "approve", value)).status == 200
    assert asked.orders == []


@pytest.mark.parametrize("private", ["", f"staging-2|{DIGEST}|C0", f"dev-2|{DIGEST}|C0", "||", "x" * 4000])
def test_a_tampered_form_rejects_nothing_else(asked: Doors, private: str) -> None:
    """A10."""
    asked.tie(ABEL, "U0ABEL")
    assert asked.slack(filled_in("U0ABEL", "reject", private, "no")).status == 200
    assert asked.orders == []


def test_a_reason_of_slacks_with_control_characters_is_not_written_down(asked: Doors) -> None:
    """V16.4.1: what would colour a terminal, or end a line of PostgreSQL's."""
    asked.tie(ABEL, "U0ABEL")
    assert asked.slack(filled_in("U0ABEL", "reject", f"{VALUE}|{CHANNEL}", "\x1b[2Jno\x00")).status == 200
    assert asked.orders == []


def test_a_code_works_once_and_for_ten_minutes(asked: Doors) -> None:
    """A10: whoever types it is that person."""
    for wait, found in ((0, ABEL), (600, None)):
        code = made_code(asked, ABEL)
        asked.clock.sleep(wait)
        asked.slack(filled_in(f"U0{wait}", "code", "||C0", code))
        with asked.store.read() as unit:
            assert unit.identities.person(TEAM, f"U0{wait}") == found
        asked.slack(filled_in("U0SECOND", "code", "||C0", code))
        with asked.store.read() as unit:
            assert unit.identities.person(TEAM, "U0SECOND") is None


def test_a_newer_code_ends_the_one_before(asked: Doors) -> None:
    """A10: one at a time."""
    earlier, _ = made_code(asked, ABEL), made_code(asked, ABEL)
    asked.slack(filled_in("U0THIEF", "code", "||C0", earlier))
    with asked.store.read() as unit:
        assert unit.identities.person(TEAM, "U0THIEF") is None


def test_codes_are_not_to_be_guessed(asked: Doors) -> None:
    """V6.5.3, A12: eighty bits, and five tries a minute for each account; the right one comes too late then."""
    code = made_code(asked, ABEL)
    assert len(code.replace("-", "")) * 5 >= 80
    for number in range(12):
        asked.slack(filled_in("U0THIEF", "code", "||C0", f"AAAA-BBBB-CCCC-{number:04}"))
    asked.slack(filled_in("U0THIEF", "code", "||C0", code))
    with asked.store.read() as unit:
        assert unit.identities.person(TEAM, "U0THIEF") is None


def made_code(doors: Doors, person: Person) -> str:
    page = doors.post("/me/slack", doors.session(person)).text
    (code,) = re.findall(r"<code>((?:[A-Z2-7]{4}-){3}[A-Z2-7]{4})</code>", page)
    return str(code)


# ------------------------------------------------------------------------------------------------ bodies


POSTS = (
    "/webhooks/github",
    "/webhooks/aws",
    "/webhooks/slack",
    f"/api/v1{APPROVALS}",
    "/api/v1/environments/prod/orders",
    "/api/v1/tokens",
    "/api/v1/audit/comparison",
    PAGE,
    "/sign-out",
    "/me/tokens",
    "/me/slack",
    "/me/slack/untie",
    "/me/tokens/1",
)
HUGE = [b"x" * 65536] * 160
"""Ten MiB, in pieces."""


def all_ways_in(doors: Doors, kind: str = FORM) -> list[tuple[str, str | bytes]]:
    return [*form_headers(doors.session(ANN), content_type=kind), ("authorization", f"Bearer {ROOT}")]


LENGTHS = (None, "5", "0", "-1", "99999999999", "x", "5, 5")


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_never_ends_is_refused_before_it_is_read(asked: Doors, path: str) -> None:
    """CVE-2024-40634, CVE-2026-42294: without a length, and with one that lies."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for piece in HUGE:
            read += len(piece)
            yield piece

    headers = all_ways_in(asked)
    with Watch(asked):
        for length in LENGTHS:
            read, lying = 0, [("content-length", length)] if length else []
            reply = asyncio.run(asked.asked("POST", path, [*headers, *lying], endless()))
            assert (reply.status, read <= 9 * 1024 * 1024) == (413, True), (length, reply.text[:200])


class Hurried(asyncio.SelectorEventLoop):
    """A loop whose time can be moved on."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_comes_too_slowly_is_refused(asked: Doors, path: str) -> None:
    """V2.4.1: one byte a minute would keep a place for ever."""
    loop = Hurried()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"a"
        loop.skipped += 60
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        raise AssertionError("it is still waited for")

    headers = all_ways_in(asked)
    with Watch(asked), asyncio.Runner(loop_factory=lambda: loop) as runner:
        reply = runner.run(asked.asked("POST", path, headers, dripping()))
    assert reply.status == 408, reply.text[:200]


CRAFTED = (
    *(b"\xff\xfe\x00", b"\x00" * 100, b"[" * 60000, b'{"a":' * 10000, b"payload=%FF%00", b"&" * 15000, b"a=1&" * 4000),
    *(b'{"reason": "\xed\xa0\x80"}', b'"' + b"\\u0000" * 100 + b'"', b"1" * 6000, b"", b"=", b"form=%zz"),
)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("kind", [FORM, "application/json", "text/plain"])
def test_a_crafted_body_is_refused_and_breaks_nothing(asked: Doors, path: str, kind: str) -> None:
    """CVE-2025-59531, -59537, -59538: no parser falls over what a stranger sends."""
    headers = all_ways_in(asked, kind)
    with Watch(asked):
        found = {body[:20]: asked.ask("POST", path, headers, body).status for body in CRAFTED}
    assert {body: status for body, status in found.items() if not 400 <= status < 500} == {}


def test_deep_json_that_slack_signed_is_refused(asked: Doors) -> None:
    """Facts 2.4: also from whom we trust."""
    body = urlencode({"payload": "[" * 50000}).encode()
    with Watch(asked):
        assert asked.ask("POST", "/webhooks/slack", asked.slack_headers(body), body).status == 400


@pytest.mark.parametrize(
    "body",
    [
        f'"answer":"reject","answer":"approve","plan":"{DIGEST}","reason":"x"',
        f'"answer":"approve","plan":"{OTHER_DIGEST}","plan":"{DIGEST}","reason":"x"',
        f'"answer":"approve","plan":"{DIGEST}","reason":"x","\\u0061nswer":"approve"',
    ],
)
def test_a_key_that_is_given_twice_is_refused(asked: Doors, body: str) -> None:
    """V2.2.1: which of them counts is anybody's guess."""
    text = asked.token(Role.ADMIN, ABEL, "mine")
    fails(asked, asked.api("POST", APPROVALS, text, f"{{{body}}}".encode()), 400)


@pytest.mark.parametrize("field", ["answer=reject&", "plan=x&", "form=x&", "reason=a&reason=b&"])
def test_a_field_that_is_given_twice_is_refused(asked: Doors, field: str) -> None:
    """V2.2.1."""
    session = asked.session(ABEL)
    body = field.encode() + urlencode({**YES, "form": form_token(session)}).encode()
    fails(asked, asked.ask("POST", PAGE, form_headers(session), body), 403)


def test_a_thousand_fields_are_refused(asked: Doors) -> None:
    """V2.4.1."""
    session = asked.session(ABEL)
    body = urlencode({**YES, "form": form_token(session), **{f"f{n}": "1" for n in range(1000)}}).encode()
    fails(asked, asked.ask("POST", PAGE, form_headers(session), body), 403)


@pytest.mark.parametrize("unknown", [{"by": "ann"}, {"actor": "ann"}, {"person": ANN.id}, {"via": "web"}, {"id": 7}])
def test_nobody_says_who_they_are_in_a_body(asked: Doors, unknown: dict[str, Any]) -> None:
    """V2.2.1, mass assignment: unknown keys are errors."""
    text = asked.token(Role.ADMIN, ABEL, "mine")
    fails(asked, asked.api("POST", APPROVALS, text, {**YES, **unknown}), 422)


UNFIT = ["a\x00b", "\x1b[31mred", "\x07", "x\x9b31mred", "x\x7f\x7f", "no\rwe looked", "a\u202eb", "a\u2028b"]


@pytest.mark.parametrize("reason", [*UNFIT, "x" * 1001, " ", "\r\n"])
def test_a_reason_is_text_for_people(asked: Doors, reason: str) -> None:
    """V16.4.1: it is written down, and shown on terminals; by every door."""
    body = {"answer": "reject", "reason": reason}
    fails(asked, asked.post(PAGE, asked.session(ABEL), body), 422)
    fails(asked, asked.api("POST", APPROVALS, asked.token(Role.ADMIN, ABEL, "mine"), body), 422)


@pytest.mark.parametrize("title", UNFIT)
def test_what_is_approved_on_a_terminal_reads_as_it_is_written(title: str) -> None:
    """V16.4.1, CVE-2021-42574: whoever pushes writes the title that an approver is asked about."""
    shown = clean({"message": f"drop {title} table"})["message"]
    assert [character for character in title if not character.isprintable() and character in shown] == []


@pytest.mark.parametrize("across", [*UNFIT, "dev-1: we looked\ndeploy", "x" * 129, ""])
def test_what_an_order_crosses_writes_no_history_of_its_own(asked: Doors, across: str) -> None:
    """V16.4.1: it stands in the audit as it was given, also where nothing is crossed."""
    text = asked.token(Role.OPERATOR, OWEN, "mine")
    body = {"order": "rollback", "across": across, "reason": "we looked"}
    with Watch(asked, but=("tokens",)):
        fails(asked, asked.api("POST", "/environments/dev/orders", text, body), 422)


# ------------------------------------------------------------------------------------------------ headers, addresses


@pytest.mark.parametrize(
    "header", [("x-forwarded-host", "evil.example"), ("x-original-url", "/me"), ("forwarded", "host=evil.example")]
)
@pytest.mark.parametrize("path", ["/", "/sign-in", "/me", PAGE, "/api/v1/environments", "/nothing"])
def test_no_header_of_a_stranger_changes_where_we_send_people(asked: Doors, path: str, header: tuple[str, str]) -> None:
    """V4.1.3: poisoned links."""
    for reply in (asked.look(path, None, header), asked.look(path, asked.session(ANN), header)):
        assert "evil.example" not in reply.text + json.dumps(reply.headers)


@pytest.mark.parametrize("path", ["/", "/me/", f"{PAGE}/", "/static", "/api/v1", "/sign-in/", "//evil.example/%2f.."])
def test_another_host_is_never_sent_on_to(asked: Doors, path: str) -> None:
    """V4.1.3: a Host of the attacker's, that a cache remembers. Also where a slash is too much."""
    reply = asked.ask("GET", path, [("host", "evil.example"), ("cookie", f"{COOKIE}={asked.session(ANN)}")])
    assert "evil.example" not in (reply.get("location") or "")
    assert "//evil.example" not in reply.text


def test_another_host_makes_no_origin_ours(asked: Doors) -> None:
    """DNS rebinding: the attacker's page names its own host, and so does its Origin."""
    session = asked.session(ABEL)
    headers = [("host", "evil.example"), *form_headers(session, origin="https://evil.example")]
    body = urlencode({**YES, "form": form_token(session)}).encode()
    fails(asked, asked.ask("POST", PAGE, headers, body), 403)


@pytest.mark.parametrize("value", ["x\r\nSet-Cookie: a=b", "a" * 300, "<script>", "../../etc/passwd", "a\tb"])
def test_a_correlation_id_can_not_be_forged_into_something_else(doors: Doors, value: str) -> None:
    """V16.4.1: log injection by a header."""
    reply = doors.ask("GET", "/health", [("x-correlation-id", value)])
    assert re.fullmatch(r"[0-9a-f]{32}", reply.get("x-correlation-id") or "")


@pytest.mark.parametrize("path", ["/static/../visiting.py", "/static/%2e%2e/visiting.py", "/static//etc/passwd"])
def test_nothing_beside_the_static_files_is_served(doors: Doors, path: str) -> None:
    """V5.3.2, CVE-2026-33211."""
    assert doors.ask("GET", path).status == 404


def test_a_range_is_no_burden(doors: Doors) -> None:
    """CVE-2025-62727: many ranges at once."""
    header = ("range", "bytes=" + ",".join(f"{n}-{n}" for n in range(5000)))
    assert doors.look("/static/tidegate.css", None, header).status in {200, 206, 400, 416}


@pytest.mark.parametrize(
    "name", ["prod-1%00", "prod-1%0a", "..", "prod-1%2f..%2fdev-2", "%ff", "prod-1'--", "a" * 5000]
)
def test_a_crafted_name_is_nothing_that_there_is(asked: Doors, name: str) -> None:
    """V2.2.1: by page, form and API."""
    session, text = asked.session(ABEL), asked.token(Role.ADMIN, ABEL, "mine")
    assert asked.look(f"/approvals/{name}", session).status == 404
    assert asked.post(f"/approvals/{name}", session, YES).status in {404, 405}
    assert asked.api("GET", f"/deployments/{name}", text).status == 404
    assert asked.api("POST", f"/deployments/{name}/approvals", text, YES).status in {403, 404, 422}
    assert asked.api("POST", f"/environments/{name}/orders", ROOT, {"order": "unhold", "reason": "x"}).status == 404
    assert asked.orders == []


@pytest.mark.parametrize("cursor", ["x", "%00", "é", "A" * 5000, "MQ", "-1", "1;DROP TABLE audit"])
def test_a_crafted_cursor_is_refused(asked: Doors, cursor: str) -> None:
    """V2.2.1."""
    given = quote(cursor, safe="%")
    assert asked.api("GET", f"/audit?cursor={given}").status == 400
    assert asked.look(f"/?cursor={given}", asked.session(ANN)).status == 400


def test_nobody_learns_by_asking_what_there_is(asked: Doors) -> None:
    """A12: who is not let in hears the same of what is there and what is not, with no token and with a wrong one."""

    def plain(reply: Reply) -> tuple[int, str]:
        return reply.status, re.sub(r'"correlation_id":"\w+"', "", reply.text)

    api = {
        plain(asked.api("GET", path, token))
        for path in ("/deployments/prod-1", "/deployments/prod-99", "/nothing", "/tokens/1", "/environments/nowhere")
        for token in (None, "", "x", "tidegate_" + "x" * 43)
    }
    assert len(api) == 1
    pages = {asked.look(path).status for path in (PAGE, "/approvals/prod-99", "/deployments/nothing", "/me")}
    assert pages == {303}
    forms = {
        plain(asked.ask("POST", path, form_headers("", cookie=None), b"form=x"))[0] for path in (PAGE, "/approvals/x")
    }
    assert forms == {403}


def test_whose_token_is_called_what_is_not_to_be_found_out(doors: Doors) -> None:
    """A12: names of tokens are taken for one owner only."""
    doors.token(Role.ADMIN, ANN, "deploys at night")
    session = doors.session(VERA)
    made = doors.post("/me/tokens", session, {"name": "deploys at night", "role": "viewer", "days": "9"})
    assert made.status == 200


# ------------------------------------------------------------------------------------------------ what people wrote


NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}"


def nasty(deployment: Deployment) -> Deployment:
    """Everything of it that somebody else has written."""
    revision = deployment.revision
    authors = (Author(7, NASTY, NASTY), Author(None, None, NASTY))
    commit = replace(revision.commit, message=f"{NASTY}\n\n{NASTY}", authors=authors)
    return replace(
        deployment,
        revision=replace(revision, commit=commit, branch=NASTY),
        reason=Reason("approval.waiting", NASTY),
        votes=(replace(a_vote(Person(7, NASTY)), reason=NASTY),),
        gates=(Judged(NASTY, Answer.HELD, Reason("checks.waiting", NASTY)),),
    )


class Tags(HTMLParser):
    """What a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"iframe", "object", "embed", "base", "img", "style"} or (tag == "script" and "src" not in given):
            self.found.append(tag)
        for name, text in given.items():
            is_address = name in {"href", "src", "action", "formaction"}
            if name.startswith("on") or name == "style" or (is_address and not is_harmless(text or "")):
                self.found.append(f"{tag} {name}={text}")


def is_harmless(address: str) -> bool:
    return address.startswith(("/", "#", "https://github.com/")) and not address.startswith("//")


def test_what_people_have_written_stays_text_on_every_page(doors: Doors) -> None:
    """CVE-2022-31035, 2024-28175, 2025-47933, 2026-45738: and no page holds anything that its policy would forbid."""
    put(doors.store, nasty(asked_deployment()))
    doors.town.rights[Person(7, NASTY)] = Permission.ADMIN
    session = doors.session(Person(7, NASTY))
    doors.token(Role.VIEWER, Person(7, NASTY), NASTY[:60])
    pages = ["/", "/?environment=prod", "/deployments/prod-1", PAGE, f"{PAGE}?link={quote(NASTY)}", "/me"]
    replies = [doors.look(path, session) for path in pages]
    replies.append(doors.post(PAGE, session, {"answer": "reject", "reason": NASTY * 100}))
    replies.append(doors.post("/me/tokens", session, {"name": NASTY * 3, "role": "viewer", "days": "1"}))
    replies.append(doors.look(f"/deployments/{quote(NASTY, safe='')}", session))
    for reply in replies:
        tags = Tags()
        tags.feed(reply.text)
        assert tags.found == []
        assert "<script>alert" not in reply.text
    assert sum(reply.text.count("&lt;script&gt;alert") for reply in replies) > 10
    assert sum(reply.text.count("{{7*7}}") for reply in replies) > 10, "nothing that was written is worked out"


def test_no_page_allows_what_stands_in_it_to_run(doors: Doors) -> None:
    """V3.4.3: the policy names its own files, and nothing inline."""
    policy = doors.look("/", doors.session(ANN)).get("content-security-policy") or ""
    assert "unsafe" not in policy and "*" not in policy and "data:" not in policy and "nonce" not in policy
    assert {"default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(
        policy.split("; ")
    )


def test_a_version_leads_to_github_and_nowhere_else(tmp_path: Path, migrated_file: Path) -> None:
    """CVE-2022-31035: a release is called `javascript:`."""
    doors = opened(tmp_path, migrated_file)
    deployment, bad = asked_deployment(), "javascript:alert(1)"
    made = Release(bad, bad, bad, doors.clock.now())
    put(doors.store, replace(deployment, revision=replace(deployment.revision, release=made)))
    tags = Tags()
    tags.feed(doors.look("/deployments/prod-1", doors.session(ANN)).text)
    assert tags.found == []
    doors.close()


# ------------------------------------------------------------------------------------------------ signed by others


BUCKET = "https://sns.s3-eu-west-1.amazonaws.com"
"""Whoever has the bucket `sns` there."""


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://evil.example/confirm",
        "file:///etc/passwd",
        f"{BUCKET}/key.pem",
        f"{BUCKET}/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:123456789012:alarms&Token=x",
    ],
)
def test_nothing_is_fetched_because_a_stranger_says_so(doors: Doors, address: str) -> None:
    """Facts 2.3, CVE-2026-32828: SSRF by SNS's SubscribeURL and SigningCertURL. A request would fail here, loudly."""
    message = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "x",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
        "Message": "confirm",
        "SubscribeURL": address,
        "Timestamp": "2026-11-21T12:00:00.000Z",
        "SignatureVersion": "2",
        "Signature": "eA==",
        "SigningCertURL": address,
    }
    headers = [("content-type", "text/plain; charset=UTF-8"), ("x-amz-sns-message-type", "SubscriptionConfirmation")]
    with Watch(doors):
        reply = doors.ask("POST", "/webhooks/aws", headers, json.dumps(message).encode())
    assert reply.status in {400, 401}


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "sha256=é", None])
def test_an_unsigned_push_leaves_nothing(doors: Doors, signature: str | None) -> None:
    """CVE-2023-40034, S15: nothing is changed before the signature is checked."""
    headers = [("content-type", "application/json"), ("x-github-event", "push"), ("x-github-delivery", "1" * 36)]
    if signature is not None:
        headers.append(("x-hub-signature-256", signature))
    with Watch(doors):
        assert doors.ask("POST", "/webhooks/github", headers, b'{"ref":"refs/heads/main"}').status == 401


# ------------------------------------------------------------------------------------------------ too often


def test_whoever_answers_in_a_loop_is_stopped_by_every_door_together(asked: Doors) -> None:
    """A12: thirty a minute of one person; each would ask GitHub for everybody's rights."""
    session, text = asked.session(VERA), asked.token(Role.ADMIN, VERA, "mine")
    statuses = [asked.post(PAGE, session, YES).status for _ in range(20)]
    statuses += [asked.api("POST", APPROVALS, text, YES).status for _ in range(20)]
    assert (statuses[0], statuses[29], statuses[30], statuses[-1]) == (403, 403, 429, 429)
    before = asked.town.asked
    late = asked.api("POST", APPROVALS, text, YES)
    assert late.status == 429 and int(late.get("retry-after") or 0) >= 1
    assert asked.town.asked == before
    assert asked.post(PAGE, asked.session(ABEL), YES).status == 303


def test_signing_in_in_a_loop_is_stopped_and_others_go_on(doors: Doors) -> None:
    """A12: sixty steps a minute of one address, or one network of IPv6."""

    async def knock(client: str) -> int:
        return (await doors.asked("GET", "/sign-in", client=client)).status

    statuses = [asyncio.run(knock(f"2001:db8::{number:x}")) for number in range(70)]
    assert (statuses[0], statuses[59], statuses[60], statuses[-1]) == (303, 303, 429, 429)
    assert asyncio.run(knock("198.51.100.7")) == 303
    doors.clock.sleep(1)
    assert asyncio.run(knock("2001:db8::1")) == 303


def test_a_crowd_of_strangers_makes_no_limit_forget_anybody(asked: Doors) -> None:
    """CVE-2024-21652, -21662: the one who is stopped sends a hundred thousand others."""
    limit = Limit(asked.clock, 5, timedelta(minutes=1))
    for _ in range(5):
        limit.take("the attacker")
    for number in range(100_000):
        try:
            limit.take(f"stranger {number}")
        except TooOften:
            continue
    with pytest.raises(TooOften):
        limit.take("the attacker")
    assert [len(row) for row in limit._free_at] == [4096, 4096]
