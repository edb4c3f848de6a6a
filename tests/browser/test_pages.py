"""Every page, in a real browser: whoever comes, with whatever they have, can read it and use it; it does no harm."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from starlette.routing import Match, Mount, Route

from tests.browser.exhibits import NOT_PAGES, SHOWN, Shown
from tests.browser.gallery import HARM, Gallery
from tests.browser.studio import DARK, LIGHT, PHONE, WIDE, Seen, Studio

API = ("/api/", "/webhooks/", "/health", "/ready", "/version", "/metrics")
"""What is no page of this room."""


@pytest.fixture(scope="module", params=SHOWN, ids=str)
def shown(request: pytest.FixtureRequest) -> Shown:
    return request.param


@pytest.fixture(scope="module")
def seen(shown: Shown, studio: Studio) -> Iterator[Seen]:
    """The page, open: each claim looks at it as it needs to, and leaves it as it is."""
    with studio.lent(shown) as page:
        yield page


def test_every_page_of_the_app_is_looked_at(gallery: Gallery) -> None:
    found = [route for route in gallery.room("empty").doors.app.routes if not isinstance(route, Mount)]
    pages = {route.path: route for route in found if isinstance(route, Route) and "GET" in (route.methods or ())}
    wanted = {path for path in pages if not path.startswith(API)} - set(NOT_PAGES)
    assert wanted - {path for shown in SHOWN for path in _routes(shown, pages)} == set()
    assert set(NOT_PAGES) <= set(pages)


def _routes(shown: Shown, pages: dict[str, Route]) -> Iterator[str]:
    scope = {"type": "http", "method": "GET", "path": shown.path.partition("?")[0]}
    yield from [path for path, route in pages.items() if route.matches(scope)[0] is Match.FULL][:1]


def test_the_browser_has_nothing_to_say_against_it(shown: Shown, seen: Seen) -> None:
    assert seen.status == shown.status
    assert seen.violations() == []
    assert seen.complaints == []


def test_nothing_of_what_is_shown_becomes_part_of_the_page(seen: Seen) -> None:
    assert seen.ask(INJECTED) == []
    assert seen.ask(f"() => window.{HARM}") is None


INJECTED = """
() => {
  const foreign = "iframe, object, embed, base, main script, main img, main style, [style], a[href^='javascript:' i]";
  const handled = [...document.querySelectorAll("*")].filter((one) =>
    [...one.attributes].some((attribute) => attribute.name.startsWith("on")));
  return [...document.querySelectorAll(foreign), ...handled].map((one) => one.outerHTML.slice(0, 200));
}
"""


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(seen: Seen, size: tuple[int, int]) -> None:
    """By dark nothing changes but colours."""
    seen.look(size, LIGHT)
    assert seen.barriers() == []
    seen.look(size, DARK)
    assert seen.barriers(["color-contrast", "link-in-text-block"]) == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_all_of_it_is_shown_without_scrolling_sideways(seen: Seen, size: tuple[int, int]) -> None:
    seen.look(size, LIGHT)
    assert seen.ask("() => document.scrollingElement.scrollWidth") <= size[0], seen.ask(WIDEST)


WIDEST = """
() => [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map((one) => one.outerHTML.slice(0, 150))
"""


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(seen: Seen) -> None:
    seen.look(WIDE, LIGHT)
    seen.ask(WATCHED)
    wanted = seen.ask("() => window.wanted.length")
    for number in range(2 * wanted + SCROLLING):
        seen.page.keyboard.down("Tab")
        if number % AT_ONCE == 0 and seen.ask("() => document.activeElement === window.wanted.at(-1)"):
            break
    seen.page.keyboard.up("Tab")
    reached, unseen = seen.ask("() => [window.reached, window.unseen]")
    assert list(dict.fromkeys(reached)) == list(range(wanted))
    assert unseen == []


WATCHED = """
() => {
  const all = "a[href], button:enabled, input:enabled:not([type=hidden]), select:enabled, textarea:enabled, summary";
  const place = (one) => window.wanted.indexOf(one);
  const isThere = (one) => one.checkVisibility({ visibilityProperty: true });
  const isFirst = (one) => one.type !== "radio" || document.querySelector(`input[name="${one.name}"]`) === one;
  window.wanted = [...document.querySelectorAll(all)].filter(isThere).filter(isFirst);
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
"""Of buttons that exclude each other one is reached: arrows lead to the others. Scrolling areas take the focus as well,
wherever they stand: only what does something is asked for."""

SCROLLING = 100
"""At most so many of them."""

AT_ONCE = 8
"""Steps of the key that is held down, between two questions. After the last element comes the first one once more,
which changes nothing."""


def test_headings_are_in_order_and_the_landmarks_are_there(seen: Seen) -> None:
    levels = seen.ask("() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((one) => +one.localName[1])")
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False)), levels
    landmarks = "['header', 'main', 'footer'].map((one) => document.querySelectorAll(`body > ${one}`).length)"
    assert seen.ask(f"() => {landmarks}") == [1, 1, 1]


def test_nothing_moves_where_people_ask_for_that(seen: Seen) -> None:
    seen.page.emulate_media(reduced_motion="reduce")
    assert seen.ask("() => document.getAnimations().map((one) => one.animationName ?? one.transitionProperty)") == []


def test_without_javascript_the_same_is_there(shown: Shown, seen: Seen, studio: Studio) -> None:
    wanted = seen.ask(CONTENT)
    with studio.showing(shown, java_script_enabled=False) as plain:
        assert plain.ask(CONTENT) == wanted
        assert plain.page.locator("h1").first.inner_text().strip()


CONTENT = """
() => {
  const words = (one) => {
    const copy = one.cloneNode(true);
    for (const moment of copy.querySelectorAll("time.ago, .when .soft")) moment.remove();
    return copy.textContent.trim();
  };
  return [...document.querySelectorAll("main :is(h1, h2, h3, th, a, button, summary)")]
    .filter((one) => one.checkVisibility()).map((one) => `${one.localName} ${words(one)}`);
}
"""
"""How long ago something was is otherwise a moment later."""


def test_a_form_that_a_browser_sends_is_taken_for_ours_and_its_answer_stays(studio: Studio) -> None:
    """A browser names no origin to whom it sends no referrer, and where a form was sent to nothing is asked anew."""
    with studio.showing(Shown("order", PAUSE, who="operator"), reduced_motion="reduce") as form:
        asked: list[str] = []
        form.page.on("request", lambda request: asked.append(f"{request.method} {request.url.rpartition('/')[2]}"))
        form.page.fill("#for", "soon")
        form.page.fill("#reason", "let me look")
        with form.page.expect_navigation() as gone:
            form.page.click("main form button")
        assert gone.value.status == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "'soon' is no time" in form.page.locator("[role=alert]").inner_text()
        form.page.clock.fast_forward(ANSWER_OLD_MS)
        assert form.page.locator("#stale").is_hidden()
        assert [one for one in asked if one.endswith(" orders") or "events" in one] == ["POST orders"]


PAUSE = "/orders/new?order=pause&environment=dev&deployment=dev-2"
ANSWER_OLD_MS = 20_000


@pytest.mark.parametrize("width", [320, 400])
@pytest.mark.parametrize("path", ["/deployments/dev-2", "/deployments/staging-2", "/environments/dev"])
def test_on_a_phone_a_step_that_nobody_has_to_look_at_is_one_line(studio: Studio, path: str, width: int) -> None:
    with studio.showing(Shown("steps", path), reduced_motion="reduce") as seen:
        seen.look((width, PHONE[1]), LIGHT)
        lines = seen.ask(STEP_LINES)
        assert len(lines) > 5 and {height for _, height in lines if height > ONE_LINE} == set(), lines
        if seen.page.locator(".ladder summary").count():
            first = seen.page.locator(".ladder details").first
            first.locator("summary").focus()
            seen.page.keyboard.press("Enter")
            assert "from 2026-11-21" in first.inner_text()


STEP_LINES = """
() => [...document.querySelectorAll(".ladder .folded")]
  .map((one) => [one.querySelector("strong").textContent, one.querySelector(".step").getBoundingClientRect().height])
"""
ONE_LINE = 26
"""Pixels: two lines are forty or more."""
