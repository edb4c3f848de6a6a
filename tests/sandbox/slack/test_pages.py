"""The pages, as a browser meets them."""

from __future__ import annotations

import re

import httpx
import pytest

from sandbox.slack.pages.frame import POLICY
from sandbox.slack.sending import Answer
from tests.sandbox.slack.served import (
    ADA,
    DEPLOYS,
    GRACE,
    PROD,
    Browser,
    Served,
    actions,
    an_input,
    button,
    modal,
    section,
)


def gate(served: Served) -> str:
    return served.post("x", [section("*prod* waits"), actions(button(value="gate-7"), button("reject"))])


def press(browser: Browser, ts: str, action_id: str = "approve", **more: str) -> httpx.Response:
    browser.get(f"/archives/{DEPLOYS}")
    where = {"block_id": "decide", "action_id": action_id, "back": f"/archives/{DEPLOYS}"}
    return browser.submit(f"/archives/{DEPLOYS}/{ts}/press", **where, **more)


def test_somebody_is_asked_who_they_are_and_can_become_another_in_one_click(served: Served) -> None:
    browser = served.browser(None)
    assert "Who are you?" in browser.shown
    browser.submit("/me", person=ADA, back=f"/archives/{PROD}")
    assert "You are Ada Lovelace" in browser.shown
    assert "#deploys-prod" in browser.shown
    browser.submit("/me", person=GRACE, back=f"/archives/{PROD}")
    assert "You are Grace Hopper" in browser.shown


def test_a_message_is_shown_with_its_blocks_its_thread_and_that_it_was_edited(served: Served) -> None:
    ts = gate(served)
    served.post("in the thread", thread_ts=ts)
    served.call("chat.update", channel=DEPLOYS, ts=ts, text="y")
    browser = served.browser()
    browser.get(f"/archives/{DEPLOYS}")
    assert "<strong>prod</strong> waits" in browser.page
    assert "(edited)" in browser.shown
    assert "1 reply" in browser.shown
    assert "in the thread" not in browser.shown
    browser.get(f"/archives/{DEPLOYS}/thread/{ts}")
    assert "in the thread" in browser.shown


def test_a_button_on_the_page_reaches_the_app(served: Served) -> None:
    ts = gate(served)
    browser = served.browser()
    answered = press(browser, ts)
    assert answered.url.path == f"/archives/{DEPLOYS}"
    assert answered.url.fragment == f"p{ts.replace('.', '')}"
    assert served.asked[0].payload["actions"][0]["value"] == "gate-7"
    assert served.asked[0].payload["user"]["id"] == ADA


def test_an_app_that_does_not_answer_is_told_of_at_the_message_to_that_person(served: Served) -> None:
    ts, served.answer = gate(served), Answer(500)
    browser = served.browser()
    press(browser, ts)
    assert "Tidegate answered with status code 500." in browser.shown
    other = served.browser(GRACE)
    other.get(f"/archives/{DEPLOYS}")
    assert "status code 500" not in other.shown


def test_a_link_button_opens_the_link_and_tells_the_app(served: Served) -> None:
    url = "http://127.0.0.1:9/approvals/7?a=1&b=%22x"
    ts = served.post("x", [actions(button(url=url))], unfurl_links=False)
    browser = served.browser()
    answered = press(browser, ts)
    assert answered.status_code == 200
    assert 'http-equiv="refresh" content="0; url=http://127.0.0.1:9/approvals/7?a=1&amp;b=%22x"' in browser.page
    served.run(served.slack.crawler.idle())
    assert [each.payload["actions"][0]["url"] for each in served.asked] == [url]


def test_a_modal_is_a_form_that_says_what_is_wrong_and_closes(served: Served) -> None:
    ts, browser = gate(served), served.browser()
    press(browser, ts, "reject")
    trigger = served.asked[0].payload["trigger_id"]
    view = served.client().views_open(trigger_id=trigger, view=modal(an_input()))["view"]["id"]
    browser.get(f"/archives/{DEPLOYS}")
    assert f'data-modal="/views/{view}"' in browser.page
    browser.get(f"/views/{view}")
    served.answer = Answer(200, b'{"response_action": "errors", "errors": {"why": "Say <b>more</b>."}}')
    browser.submit(f"/views/{view}", **{"value-why": "no", "submit": "yes"})
    assert "Say <b>more</b>." in browser.shown
    assert 'value="no"' in browser.page
    served.answer = Answer(200)
    answered = browser.submit(f"/views/{view}", **{"value-why": "because", "submit": "yes"})
    assert answered.url.path == f"/archives/{DEPLOYS}"
    assert served.asked[-1].payload["view"]["state"]["values"]["why"]["reason"]["value"] == "because"
    assert browser.get(f"/views/{view}").status_code == 404


def test_a_link_button_in_a_modal_opens_the_link_and_leaves_the_modal(served: Served) -> None:
    ts, browser = gate(served), served.browser()
    trigger = served.press("ada", ts, "reject").payload["trigger_id"]
    view = modal(section("x", block_id="more", accessory=button("docs", url="http://127.0.0.1:9/docs")))
    opened = served.client().views_open(trigger_id=trigger, view=view)["view"]["id"]
    browser.get(f"/views/{opened}")
    assert 'formtarget="_blank"' in browser.page
    browser.submit(f"/views/{opened}", press='["more", "docs"]')
    assert "http://127.0.0.1:9/docs" in browser.shown
    assert browser.get(f"/views/{opened}").status_code == 200
    assert served.asked[-1].payload["actions"][0]["action_id"] == "docs"


def test_what_only_one_person_sees_is_on_nobody_elses_page(served: Served) -> None:
    served.client().chat_postEphemeral(channel=DEPLOYS, user=ADA, text="a secret")
    dm = served.client().chat_postMessage(channel=ADA, text="more secret")["channel"]
    ada, grace = served.browser(), served.browser(GRACE)
    ada.get(f"/archives/{DEPLOYS}")
    assert "Only visible to you" in ada.shown
    assert "a secret" in ada.shown
    grace.get(f"/archives/{DEPLOYS}")
    assert "a secret" not in grace.shown
    assert ada.get(f"/archives/{dm}").status_code == 200
    assert grace.get(f"/archives/{dm}").status_code == 404


def test_people_can_write_and_answer(served: Served) -> None:
    browser = served.browser()
    browser.get(f"/archives/{DEPLOYS}")
    browser.submit(f"/archives/{DEPLOYS}", text="<b>hi</b> *there*", thread_ts="")
    (said,) = served.slack.control.messages("deploys")
    assert (said.user.key, said.text) == ("ada", "&lt;b&gt;hi&lt;/b&gt; *there*")
    assert "<b>hi</b> there" in browser.shown
    browser.submit(f"/archives/{DEPLOYS}", text="an answer", thread_ts=said.ts)
    assert [each.text for each in served.slack.control.thread("deploys", said.ts)] == ["an answer"]


def test_a_permalink_leads_to_the_message(served: Served) -> None:
    ts = served.post("first")
    reply = served.post("second", thread_ts=ts)
    browser = served.browser()
    for sent, path, anchor in ((ts, "", "p"), (reply, f"/thread/{ts}", "tp")):
        link = served.client().chat_getPermalink(channel=DEPLOYS, message_ts=sent)["permalink"]
        answered = browser.get(link)
        assert (answered.status_code, answered.url.path) == (200, f"/archives/{DEPLOYS}{path}")
        assert answered.url.fragment == anchor + sent.replace(".", "")
        assert f'id="{answered.url.fragment}"' in answered.text


def test_a_form_without_the_guard_or_from_elsewhere_does_nothing(served: Served) -> None:
    ts, browser = gate(served), served.browser()
    browser.get(f"/archives/{DEPLOYS}")
    where = {"block_id": "decide", "action_id": "approve", "back": "/"}
    path = f"/archives/{DEPLOYS}/{ts}/press"
    stranger = served.browser(None)
    assert browser.client.post(path, data=where).status_code == 403
    assert browser.client.post(path, data={**where, "guard": stranger.guard}).status_code == 403
    for theirs in ({"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.client.post(path, data={**where, "guard": browser.guard}, headers=theirs).status_code == 403
    assert stranger.client.post(path, data={**where, "guard": stranger.guard}).status_code == 403
    assert served.asked == []


@pytest.mark.parametrize("back", ["//evil.test", "https://evil.test", "/\\evil.test"])
def test_nobody_is_led_away(served: Served, back: str) -> None:
    browser = served.browser()
    answered = browser.client.post("/me", data={"guard": browser.guard, "person": ADA, "back": back})
    assert answered.headers["location"] == "/"


def test_pages_run_nothing_of_anybody_elses(served: Served) -> None:
    hostile = '<script>alert(1)</script> " onload="x <javascript:alert(1)|here>'
    served.post(hostile)
    served.post("x", [section(hostile), {"type": "header", "text": {"type": "plain_text", "text": hostile}}])
    browser = served.browser()
    answered = browser.get(f"/archives/{DEPLOYS}")
    assert answered.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert re.findall(r"<script[^>]*>", answered.text) == ['<script src="/static/slack.js" defer>']
    assert "style=" not in answered.text
    assert 'href="javascript' not in answered.text


def test_a_page_that_has_not_changed_is_not_sent_again(served: Served) -> None:
    browser = served.browser()
    etag = browser.get(f"/archives/{DEPLOYS}").headers["etag"]
    assert browser.get(f"/archives/{DEPLOYS}", **{"If-None-Match": etag}).status_code == 304
    served.post("news")
    assert browser.get(f"/archives/{DEPLOYS}", **{"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/archives/C0", f"/archives/{DEPLOYS}/p1000000", f"/archives/{DEPLOYS}/thread/1.000000", "/views/V0"]
)
def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    assert served.browser().get(path).status_code == 404


def test_everything_of_block_kit_can_be_shown(served: Served) -> None:
    plain = {"type": "plain_text", "text": "words"}
    choices = [{"text": plain, "value": "a", "description": plain}]
    confirm = {"title": plain, "text": plain, "confirm": plain, "deny": plain, "style": "danger"}
    image = {"type": "image", "image_url": "https://x.test/a.png", "alt_text": "a picture"}
    kinds = [
        {"type": kind, "action_id": kind, "options": choices}
        for kind in ("static_select", "radio_buttons", "checkboxes")
    ]
    shown = [
        {"type": "header", "text": plain},
        {"type": "divider"},
        {**image, "title": plain},
        {"type": "section", "fields": [plain, plain], "accessory": image},
        {"type": "context", "elements": [image, plain]},
        actions(button(style="primary", accessibility_label="Say yes"), button("sure", confirm=confirm), *kinds),
    ]
    ts = served.post("x", shown)
    browser = served.browser()
    assert browser.get(f"/archives/{DEPLOYS}").status_code == 200
    assert 'aria-label="Say yes"' in browser.page
    inputs = [
        {"type": "input", "block_id": each["type"], "label": plain, "hint": plain, "element": each} for each in kinds
    ]
    written = an_input(multiline=True, initial_value="as before", placeholder=plain, max_length=20)
    trigger = served.press("ada", ts, "approve").payload["trigger_id"]
    view = modal(*shown, *inputs, {**written, "optional": True}, close=plain)
    opened = served.client().views_open(trigger_id=trigger, view=view)["view"]["id"]
    assert browser.get(f"/views/{opened}").status_code == 200
    assert "as before" in browser.shown
    found = re.search(r'name="press" value="([^"]*sure[^"]*)"', browser.page)
    assert found is not None
    browser.submit(f"/views/{opened}", press=found[1].replace("&#34;", '"'))
    assert served.asked[-1].payload["container"] == {"type": "view", "view_id": opened}
