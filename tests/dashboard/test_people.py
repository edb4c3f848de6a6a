"""Pages for people who have signed in: coming in and leaving, answering an approval, one's own page."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from controller.dashboard.visiting import own_path
from controller.domain.deployment import Phase
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.orders import OrderState
from controller.domain.people import Person, Role
from tests.security.world import (
    ABEL,
    ANN,
    AWAY,
    BEGUN_COOKIE,
    COOKIE,
    GLASS,
    NOEL,
    OWEN,
    PUBLIC,
    VERA,
    WALT,
    Doors,
    Reply,
    opened,
)
from tests.support.asked import DIGEST, OTHER_DIGEST, a_vote, asked_deployment, over, put

PAGE = "/approvals/prod-1"
YES = {"answer": "approve", "plan": DIGEST, "reason": ""}


@pytest.fixture
def doors(tmp_path: Path, migrated_file: Path) -> Iterator[Doors]:
    made = opened(tmp_path, migrated_file, glass=GLASS)
    put(made.store, asked_deployment(votes=[a_vote(OWEN)]))
    yield made
    made.close()


def words(reply: Reply) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.text))


def cookies(reply: Reply) -> dict[str, str]:
    return {text.partition("=")[0]: text for text in reply.all("set-cookie")}


# ------------------------------------------------------------------------------------------------ coming in, leaving


def test_who_has_not_signed_in_is_sent_there_and_comes_back_where_they_were(doors: Doors) -> None:
    sent = doors.look(f"{PAGE}?order=1")
    assert (sent.status, sent.get("location")) == (303, f"/sign-in?next={quote(f'{PAGE}?order=1', safe='')}")
    cookie, begun = doors.begin(f"{PAGE}?order=1")
    back = doors.come_back(cookie, f"code={doors.porter.code(ABEL, begun.verifier)}&state={begun.state}")
    assert (back.status, back.get("location")) == (303, f"{PAGE}?order=1")
    assert "Max-Age=43200" in cookies(back)[COOKIE]
    assert "Max-Age=0" in cookies(back)[BEGUN_COOKIE]


def test_a_sign_in_leads_to_github_and_keeps_what_must_come_back_for_ten_minutes(doors: Doors) -> None:
    reply = doors.look("/sign-in")
    assert (reply.status, reply.get("location")) == (303, doors.porter.begun[-1].address)
    assert "Max-Age=600" in cookies(reply)[BEGUN_COOKIE]
    assert doors.porter.begun[-1].verifier not in (reply.get("location") or "")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Blocked("it did not take the code", code="sign_in.refused"), 503),
        (Transient("it does not answer", code="sign_in.unreachable"), 503),
    ],
)
def test_a_sign_in_that_github_breaks_off_offers_to_begin_again(
    doors: Doors, error: TidegateError, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(code: str, verifier: str) -> Person:
        raise error

    cookie, begun = doors.begin(PAGE)
    monkeypatch.setattr(doors.porter, "finish", broken)
    reply = doors.come_back(cookie, f"code=c&state={begun.state}")
    assert reply.status == status
    assert error.code in reply.text and f'href="/sign-in?next={quote(PAGE, safe="")}"' in reply.text
    assert COOKIE not in cookies(reply)


def test_who_cancels_on_github_is_told_so(doors: Doors) -> None:
    cookie, begun = doors.begin()
    reply = doors.come_back(cookie, f"error=access_denied&state={begun.state}")
    assert (reply.status, "GitHub did not let you go on" in reply.text) == (403, True)


def test_where_nobody_can_sign_in_that_is_said(tmp_path: Path, migrated_file: Path) -> None:
    doors = opened(tmp_path, migrated_file, signs_in=False)
    assert doors.look("/sign-in").status == 404
    assert doors.look("/sign-in/callback?code=c&state=s").status == 400
    shut = doors.look("/")
    assert (shut.status, "the operator has not set up how" in shut.text) == (403, True)
    doors.close()


def test_whoever_has_no_right_is_told_so_and_may_sign_out(doors: Doors) -> None:
    session = doors.session(NOEL)
    assert "noel has no right to any repository" in doors.look("/", session).text
    left = doors.post("/sign-out", session)
    assert (left.status, left.get("location")) == (303, "/")
    assert "Max-Age=0" in cookies(left)[COOKIE]


def test_over_plain_http_cookies_have_another_name_and_no_promise_is_made(tmp_path: Path, migrated_file: Path) -> None:
    doors = opened(tmp_path, migrated_file, public="http://127.0.0.1:8080")
    reply = doors.look("/sign-in")
    (cookie,) = reply.all("set-cookie")
    assert cookie.startswith("tidegate-sign-in=") and "Secure" not in cookie and "HttpOnly" in cookie
    assert reply.get("strict-transport-security") is None
    doors.close()


@pytest.mark.parametrize("path", ["/", "/me", "/approvals/prod-1?link=a.b-c_d&order=3", "/?environment=dev"])
def test_pages_here_are_where_somebody_may_go_on(path: str) -> None:
    assert own_path(path) == path


# ------------------------------------------------------------------------------------------------ an approval's page


def test_the_page_shows_what_would_be_done_who_has_answered_and_who_could(doors: Doors) -> None:
    text = words(doors.look(PAGE, doors.session(ABEL)))
    assert "May prod-1 start?" in text
    assert "1 of 2, as the file asks" in text and "Counted: owen" in text
    assert "ada wrote it" in text
    assert "approved by owen" in text and "looked at the plan" in text
    assert DIGEST.removeprefix("sha256:")[:12] in text
    assert "What would be done" in text and "shift" in text


@pytest.mark.parametrize(
    ("person", "open_to", "shut_to"),
    [
        (ABEL, ["approve", "reject"], []),
        (OWEN, ["reject", "revoke"], ["approve"]),
        (VERA, [], ["approve", "reject"]),
        (ANN, ["approve", "reject", "break_glass"], []),
        (WALT, ["break_glass"], ["approve", "reject"]),
    ],
)
def test_buttons_are_open_to_whom_they_count_for(
    doors: Doors, person: Person, open_to: list[str], shut_to: list[str]
) -> None:
    text = doors.look(PAGE, doors.session(person)).text
    found = re.findall(r'<button class="button \w+" name="answer" value="(\w+)"( disabled)?', text)
    assert [name for name, shut in found if not shut] == open_to
    assert [name for name, shut in found if shut] == shut_to


def test_an_answer_is_counted_by_the_loop_and_the_page_says_what_came_of_it(doors: Doors) -> None:
    session = doors.session(ABEL)
    sent = doors.post(PAGE, session, YES)
    assert (sent.status, sent.get("location")) == (303, f"{PAGE}?order=1")
    assert doors.bell.woken == ["prod"]
    assert "Your answer is being counted" in doors.look(f"{PAGE}?order=1", session).text
    doors.post(PAGE, session, {"answer": "reject", "reason": "no"})
    told = {OrderState.DONE: "Your answer counts", OrderState.REFUSED: "Your answer does not count"}
    for number, (state, words_of_it) in enumerate(told.items(), start=1):
        with doors.store.write() as unit:
            unit.orders.settle(number, state, "as the loop says")
        shown = doors.look(f"{PAGE}?order={number}", session).text
        assert words_of_it in shown and "as the loop says" in shown
    assert "Your answer" not in re.sub("<h2.*?</h2>", "", doors.look(f"{PAGE}?order=1", doors.session(ANN)).text)


def test_a_rejection_needs_its_reason_and_keeps_what_was_typed(doors: Doors) -> None:
    session = doors.session(ABEL)
    bare = doors.post(PAGE, session, {"answer": "reject", "reason": " "})
    assert (bare.status, "an order needs a reason" in bare.text) == (422, True)
    long = doors.post(PAGE, session, {"answer": "reject", "reason": "no <b>" + "x" * 1000})
    assert (long.status, "no &lt;b&gt;" in long.text) == (422, True)
    assert doors.post(PAGE, session, {"answer": "reject", "reason": "too late"}).status == 303


def test_what_does_not_count_is_said_on_the_page(doors: Doors) -> None:
    stale = doors.post(PAGE, doors.session(ABEL), {**YES, "plan": OTHER_DIGEST})
    assert stale.status == 422 and "is not the plan that waits" in stale.text
    low = doors.post(PAGE, doors.session(VERA), YES)
    assert low.status == 403 and "vera is a viewer in prod, and to approve takes an approver" in words(low)
    odd = doors.post(PAGE, doors.session(ABEL), {"answer": "deploy"})
    assert odd.status == 403 and "not what a form of this controller sends" in odd.text


def test_a_link_says_whom_it_is_for(doors: Doors) -> None:
    link = doors.links.make(ABEL, "prod-1", DIGEST, doors.clock.now().replace(year=2027))
    theirs = doors.look(f"{PAGE}?link={link}", doors.session(ABEL)).text
    assert f'name="link" value="{link}"' in theirs
    others = doors.look(f"{PAGE}?link={link}", doors.session(OWEN)).text
    assert "This link is for" in others and 'name="link"' not in others
    assert "The link that led here is over" in doors.look(f"{PAGE}?link=x", doors.session(ABEL)).text


def test_the_first_page_leads_to_what_waits_for_an_answer(doors: Doors) -> None:
    assert f'<a class="button" href="{PAGE}">' in doors.look("/", doors.session(ABEL)).text


def test_what_is_over_asks_nobody(doors: Doors) -> None:
    put(doors.store, over(asked_deployment("staging", 3), Phase.EXPIRED, "approval.expired"))
    text = doors.look("/approvals/staging-3", doors.session(ABEL)).text
    assert "Your answer" not in text and '<button class="button' not in text


def test_while_github_is_away_the_page_says_so_to_whom_it_knows(doors: Doors) -> None:
    session = doors.session(ABEL)
    doors.look("/", session)
    doors.town.trouble = AWAY
    text = doors.look(PAGE, session).text
    assert "Who may answer can't be told now" in text
    assert "Break the glass" in doors.look(PAGE, doors.session(WALT)).text


def test_nobody_is_looked_up_for_who_has_not_signed_in(doors: Doors) -> None:
    doors.look(PAGE)
    assert doors.town.asked == 0


# ------------------------------------------------------------------------------------------------ one's own page


def test_the_own_page_shows_roles_tokens_and_the_slack_account(doors: Doors) -> None:
    session = doors.session(VERA)
    doors.tie(VERA, "U0VERA")
    doors.token(Role.VIEWER, VERA, "on the laptop")
    doors.token(Role.ADMIN, ANN, "somebody else's")
    text = words(doors.look("/me", session))
    assert "prod viewer" in text and "on the laptop viewer" in text and "U0VERA" in text
    assert "somebody else" not in text


def test_a_token_is_made_shown_once_and_revoked(doors: Doors) -> None:
    session = doors.session(ABEL)
    made = doors.post("/me/tokens", session, {"name": "on the laptop", "role": "operator", "days": "30"})
    (text,) = re.findall(r"tidegate_[\w-]{43}", made.text)
    assert doors.api("GET", "/environments", text).status == 200
    assert doors.post("/me/tokens/1", session).get("location") == "/me"
    assert doors.api("GET", "/environments", text).status == 401
    assert doors.post("/me/tokens/1", session).status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        *({"role": role} for role in ("root", "nobody", "")),
        *({"days": days} for days in ("x", "-1", "0", "99999", "٣")),
        *({"name": name} for name in ("", "x" * 61, "a\x07b")),
    ],
)
def test_a_token_that_can_not_be_is_refused_on_the_page(doors: Doors, wrong: dict[str, str]) -> None:
    fields = {"name": "mine", "role": "viewer", "days": "30", **wrong}
    reply = doors.post("/me/tokens", doors.session(ABEL), fields)
    assert (reply.status == 422 and "That can&#39;t be done" in reply.text) or "can't be done" in reply.text
    assert doors.dump.rows("SELECT * FROM tokens") == []


def test_two_tokens_of_one_name_are_refused(doors: Doors) -> None:
    session, fields = doors.session(ABEL), {"name": "mine", "role": "viewer", "days": ""}
    assert doors.post("/me/tokens", session, fields).status == 200
    again = doors.post("/me/tokens", session, fields)
    assert again.status == 422 and "is there already" in again.text


def test_a_code_ties_a_slack_account_and_untying_ends_it(doors: Doors) -> None:
    session = doors.session(ABEL)
    page = doors.post("/me/slack", session)
    assert re.search(r"<code>([A-Z2-7]{4}-){3}[A-Z2-7]{4}</code>", page.text)
    doors.tie(ABEL, "U0ABEL")
    assert doors.post("/me/slack/untie", session).get("location") == "/me"
    assert "No Slack account is known to be you" in doors.look("/me", session).text


def test_every_answer_of_the_pages_carries_the_policy(doors: Doors) -> None:
    for path in ("/", "/me", PAGE, "/nothing", "/sign-in", "/static/tidegate.css"):
        reply = doors.look(path, doors.session(ANN))
        assert reply.get("x-content-type-options") == "nosniff"
        assert "default-src 'none'" in (reply.get("content-security-policy") or "")
    assert doors.look("/static/tidegate.css").get("cache-control") == "public, max-age=3600"
    assert PUBLIC not in doors.look("/me", doors.session(ANN)).text
