"""The page of delivery, and what a deployment's page says of its commits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.contents import Change, Contents, PullRequest
from controller.domain.dora import Fact, Lead
from controller.domain.revision import Author
from controller.store import Store
from tests.dashboard.conftest import Browser
from tests.support.builders import NOON

HOUR = timedelta(hours=1)
NASTY = "<script>alert(1)</script> " + "x" * 280
PULL = PullRequest(7, NASTY, "ada", "develop", NOON - 3 * HOUR, NOON - HOUR, "grace", NOON - 9 * HOUR)


def brings(store: Store, **changes: object) -> None:
    change = Change("2" * 40, f"{NASTY} (#7)", (Author(None, None, NASTY),), NOON - 9 * HOUR, pull=7, is_traced=True)
    found = Contents("dev-2", "dev", "dev-1", (change,), 1, (PULL,), is_known=True)
    with store.write() as unit:
        unit.contents.settle(replace(found, **changes), is_news=True)


def counted(store: Store, number: int = 6, **changes: object) -> None:
    lead = Lead(HOUR, HOUR, HOUR, HOUR)
    with store.write() as unit:
        for ago in range(number):
            at = NOON - ago * timedelta(days=3)
            fact = Fact("dev-1" if ago % 2 else "dev-2", "dev", "", at - HOUR, at, succeeded=True, leads=(lead,))
            unit.delivery_facts.put([replace(fact, service=f"service-{ago}", **changes), replace(fact, **changes)])
        unit.delivery_facts.sum_up(100)


def test_a_deployment_lists_its_commits_and_pull_requests_whatever_they_are_called(browser: Browser) -> None:
    brings(browser.store)
    page = browser.get("/deployments/dev-2").text
    assert "It brings 1 commit of 1 pull request since dev-1" in page
    assert 'href="https://github.com/acme/captioncraft/pull/7"' in page
    assert f'href="https://github.com/acme/captioncraft/commit/{"2" * 40}"' in page
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_while_github_was_not_asked_the_page_says_so(browser: Browser) -> None:
    assert "GitHub has not been asked yet" in browser.get("/deployments/dev-2").text


def test_why_nobody_knows_is_said(browser: Browser) -> None:
    brings(browser.store, is_known=False, changes=(), pulls=(), trouble="the history was rewritten.")
    assert "The history was rewritten</bdi>." in browser.get("/deployments/dev-2").text


def test_without_a_deployment_all_four_say_that_nobody_can_tell(browser: Browser) -> None:
    page = browser.get("/delivery")
    assert page.status_code == 200
    assert page.text.count("too few to tell") == 4


def test_each_figure_has_a_band_in_words_a_trend_and_a_table_that_says_the_same(browser: Browser) -> None:
    counted(browser.store)
    page = browser.get("/delivery?environment=dev").text
    assert page.count('role="img"') == 4 and page.count("Week by week") == 4
    assert "4h median" in page
    assert 'style="' not in page


@pytest.mark.parametrize("figure", ["frequency", "lead", "failures", "restore"])
def test_the_deployments_behind_a_figure_are_listed_with_links(browser: Browser, figure: str) -> None:
    counted(browser.store, failed=True, harmed=True, restored=HOUR)
    page = browser.get(f"/delivery?environment=dev&figure={figure}").text
    assert 'href="/deployments/dev-2"' in page
    assert "succeeded, and was rolled back later" in page


def test_a_service_that_was_never_changed_is_nothing_here(browser: Browser) -> None:
    counted(browser.store)
    assert browser.get("/delivery?service=service-1").status_code == 200
    assert browser.get("/delivery?service=nobody").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("environment=nowhere", 404),
        ("weeks=0", 404),
        ("weeks=53", 404),
        ("weeks=x", 404),
        ("figure=x", 404),
        ("week=2026-W60", 404),
        ("week=9999-W52&figure=lead", 404),
        ("week=2026-W47&figure=lead", 200),
        ("figure=lead&cursor=x", 400),
        ("environment=&service=&weeks=", 200),
    ],
)
def test_what_a_wrong_address_asks_for_is_said(browser: Browser, query: str, status: int) -> None:
    assert browser.get(f"/delivery?{query}").status_code == status
