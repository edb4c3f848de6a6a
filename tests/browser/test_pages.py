"""Every page, in a real browser: whoever comes, with whatever they have, can read it and use it, and it does no harm."""

from collections.abc import Iterator

import pytest
from starlette.routing import Match, Mount, Route

from tests.browser.exhibits import NOT_PAGES, SHOWN, Shown
from tests.browser.gallery import HARM, Gallery
from tests.browser.studio import LIGHT, LOOKS, PHONE, WIDE, Studio

API = ("/api/", "/webhooks/", "/health", "/ready", "/version", "/metrics")
"""What is no page of this room."""

each_page = pytest.mark.parametrize("shown", SHOWN, ids=str)


def test_every_page_of_the_app_is_looked_at(gallery: Gallery) -> None:
    found = [route for route in gallery.room("empty").doors.app.routes if not isinstance(route, Mount)]
    pages = {route.path: route for route in found if isinstance(route, Route) and "GET" in (route.methods or ())}
    wanted = {path for path in pages if not path.startswith(API)} - set(NOT_PAGES)
    assert wanted - {path for shown in SHOWN for path in _routes(shown, pages)} == set()
    assert set(NOT_PAGES) <= set(pages)


def _routes(shown: Shown, pages: dict[str, Route]) -> Iterator[str]:
    scope = {"type": "http", "method": "GET", "path": shown.path.partition("?")[0]}
    yield from [path for path, route in pages.items() if route.matches(scope)[0] is Match.FULL][:1]


@each_page
def test_axe_finds_nothing_in_any_look(shown: Shown, studio: Studio) -> None:
    with studio.showing(shown) as seen:
        assert seen.status == shown.status
        for size, scheme in LOOKS:
            seen.look(size, scheme)
            assert (size, scheme, seen.barriers()) == (size, scheme, [])


@each_page
def test_nothing_goes_wrong_and_nothing_of_what_is_shown_becomes_part_of_the_page(
    shown: Shown, studio: Studio
) -> None:
    with studio.showing(shown) as seen:
        assert seen.ask(INJECTED) == []
        assert seen.ask(f"() => window.{HARM}") is None
        assert seen.violations() == []
        assert seen.complaints == []


INJECTED = """
() => {
  const foreign = "iframe, object, embed, base, main script, main img, main style, [style], a[href^='javascript:' i]";
  const handled = [...document.querySelectorAll("*")].filter((one) =>
    [...one.attributes].some((attribute) => attribute.name.startsWith("on")));
  return [...document.querySelectorAll(foreign), ...handled].map((one) => one.outerHTML.slice(0, 200));
}
"""


@each_page
def test_a_narrow_phone_shows_all_of_it_without_scrolling_sideways(shown: Shown, studio: Studio) -> None:
    with studio.showing(shown, PHONE) as seen:
        assert seen.ask("() => document.scrollingElement.scrollWidth") <= PHONE[0], seen.ask(WIDEST)


WIDEST = """
() => [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map((one) => one.outerHTML.slice(0, 150))
"""


@each_page
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(shown: Shown, studio: Studio) -> None:
    with studio.showing(shown) as seen:
        seen.ask(WATCHED)
        wanted = seen.ask("() => window.wanted.length")
        for _ in range(wanted + 1):
            seen.page.keyboard.press("Tab")
            if seen.ask("() => document.activeElement === document.body"):
                break
        reached, unseen = seen.ask("() => [window.reached, window.unseen]")
        assert list(dict.fromkeys(reached)) == list(range(wanted))
        assert unseen == []


WATCHED = """
() => {
  const all = "a[href], button:enabled, input:enabled:not([type=hidden]), select:enabled, textarea:enabled, summary";
  const place = (one) => window.wanted.indexOf(one);
  window.wanted = [...document.querySelectorAll(all)].filter((one) => one.checkVisibility({ visibilityProperty: true }));
  window.reached = [];
  window.unseen = [];
  document.addEventListener("focusin", ({ target }) => {
    const style = getComputedStyle(target);
    const box = target.getBoundingClientRect();
    const isShown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && box.width > 0;
    if (place(target) >= 0) window.reached.push(place(target));
    if (!isShown) window.unseen.push(target.outerHTML.slice(0, 200));
  });
}
"""
"""Scrolling areas take the focus as well, wherever they stand: only what does something is asked for."""


@each_page
def test_without_javascript_the_same_is_there(shown: Shown, studio: Studio) -> None:
    with studio.showing(shown) as seen:
        wanted = seen.ask(CONTENT)
    with studio.showing(shown, java_script_enabled=False) as plain:
        assert plain.ask(CONTENT) == wanted
        assert plain.page.locator("h1").first.inner_text().strip()


CONTENT = """
() => [...document.querySelectorAll("main :is(h1, h2, h3, th, a, button, summary)")]
  .filter((one) => one.checkVisibility()).map((one) => `${one.localName} ${one.textContent.trim()}`)
"""


@each_page
def test_nothing_moves_where_people_ask_for_that(shown: Shown, studio: Studio) -> None:
    with studio.showing(shown, reduced_motion="reduce") as seen:
        moving = seen.ask("() => document.getAnimations().map((one) => one.animationName ?? one.transitionProperty)")
        assert moving == []


@each_page
def test_headings_are_in_order_and_the_landmarks_are_there(shown: Shown, studio: Studio) -> None:
    with studio.showing(shown, WIDE, color_scheme=LIGHT) as seen:
        levels = seen.ask("() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((one) => +one.localName[1])")
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False)), levels
        marks = seen.ask("() => ['header', 'main', 'footer'].map((one) => document.querySelectorAll(`body > ${one}`).length)")
        assert marks == [1, 1, 1]
