"""Looking at a page of the gallery in a real browser, and hearing what the browser has to say of it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, sync_playwright

from tests.browser import axe, chromium
from tests.browser.exhibits import Shown
from tests.browser.gallery import Gallery, Room

WIDE, PHONE = (1280, 900), (320, 640)
LIGHT, DARK = "light", "dark"
PATIENCE_MS = 10_000

T = TypeVar("T")

LISTENING = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""
"""Before anything of the page runs."""

AXE = """
async (rules) => {
  const only = rules.length ? { runOnly: { type: "rule", values: rules } } : {};
  const found = await axe.run(document, { resultTypes: ["violations"], ...only });
  const shown = (nodes) => nodes.slice(0, 3).map((node) => node.html.slice(0, 200));
  return found.violations.map((one) => [`${one.id} (${one.impact}): ${one.help}`, ...shown(one.nodes)].join(" | "));
}
"""


@dataclass
class Seen:
    """A page that is open; `complaints` is what the browser said against it."""

    page: Page
    status: int
    complaints: list[str] = field(default_factory=list)

    def look(self, size: tuple[int, int], scheme: str) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]

    def violations(self) -> list[str]:
        """Of the content policy."""
        return list(self.page.evaluate("() => window.violations"))

    def barriers(self, rules: Sequence[str] = ()) -> list[str]:
        """What axe finds, each with up to three elements; by these rules only, where some are given. The policy of the
        page doesn't keep the debugger out."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe())
        return list(self.page.evaluate(AXE, list(rules)))

    def ask(self, script: str, given: Any = None) -> Any:
        return self.page.evaluate(script, given)


class Studio:
    """One browser; each page that is looked at is a tab of its own, in a context with the cookies of whoever looks.
    Whoever looks again in the same way comes back to it, and has style sheets and scripts already.

    Playwright's blocking API keeps an event loop running in the thread that uses it: in that of pytest no other test
    could run a loop any more. So the browser has a thread of its own, and whatever asks it is run `there`.
    """

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._contexts: dict[tuple[object, ...], BrowserContext] = {}

    def there(self, work: Callable[[], T]) -> T:
        return self._thread.submit(work).result()

    def open(self) -> None:
        self.there(self._open)

    def close(self) -> None:
        self.there(self._close)
        self._thread.shutdown()

    def _open(self) -> None:
        self._playwright = sync_playwright().start()
        path, flags = chromium.executable(), chromium.flags()
        self._browser = self._playwright.chromium.launch(executable_path=path, args=flags)

    def _close(self) -> None:
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()

    @contextmanager
    def lent(self, shown: Shown) -> Iterator[Seen]:
        """The same as `showing`, for whoever is not there: only what is asked of it must be."""
        opened = self.showing(shown)
        yield self.there(opened.__enter__)
        self.there(lambda: opened.__exit__(None, None, None))

    @contextmanager
    def showing(self, shown: Shown, size: tuple[int, int] = WIDE, **options: Any) -> Iterator[Seen]:
        """`options` are those of a browser's context: `java_script_enabled`, `reduced_motion`, `color_scheme`."""
        room = self._gallery.room(shown.state)
        page = self._context(room, shown.who, options).new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        try:
            yield self._seen(page, room.origin, shown)
        finally:
            page.close()

    def _context(self, room: Room, who: str, options: dict[str, Any]) -> BrowserContext:
        key = (room.origin, who, *sorted(options.items()))
        if key not in self._contexts:
            assert self._browser is not None, "the studio is not open"
            context = self._contexts[key] = self._browser.new_context(locale="en", **options)
            context.set_default_timeout(PATIENCE_MS)
            context.add_init_script(LISTENING)
            cookie = room.cookie(who)
            if cookie is not None:
                context.add_cookies([cookie])  # type: ignore[list-item]
        return self._contexts[key]

    def _seen(self, page: Page, origin: str, shown: Shown) -> Seen:
        seen = Seen(page, 0)

        def said(message: ConsoleMessage) -> None:
            is_its_own_status = f"status of {shown.status}" in message.text and message.location.get("url") == page.url
            if message.type in {"error", "warning"} and not is_its_own_status:
                seen.complaints.append(f"{message.type}: {message.text}")

        def broke(error: Error) -> None:
            seen.complaints.append(f"uncaught: {error}")

        page.on("console", said)
        page.on("pageerror", broke)
        page.on("dialog", lambda dialog: (seen.complaints.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        reply = page.goto(f"{origin}{shown.path}", wait_until="load")
        assert reply is not None, f"{shown.path} did not answer"
        seen.status = reply.status
        return seen


@cache
def _axe() -> str:
    return axe.file().read_text()
