"""Looking at a page of the gallery in a real browser, and hearing what the browser has to say of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, sync_playwright

from tests.browser import axe, chromium
from tests.browser.exhibits import Shown
from tests.browser.gallery import Gallery

WIDE, PHONE = (1280, 900), (320, 640)
LIGHT, DARK = "light", "dark"
LOOKS = tuple((size, scheme) for size in (WIDE, PHONE) for scheme in (LIGHT, DARK))
PATIENCE_MS = 10_000

LISTENING = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""
"""Before anything of the page runs."""

AXE = """
async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) =>
    `${one.id} (${one.impact}): ${one.help}: ` + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | "));
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

    def barriers(self) -> list[str]:
        """What axe finds, each with up to three elements. The policy of the page doesn't keep the debugger out."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe())
        return list(self.page.evaluate(AXE))

    def ask(self, script: str, given: Any = None) -> Any:
        return self.page.evaluate(script, given)


class Studio:
    """One browser; each page that is looked at has a context of its own, with nobody's cookies."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def open(self) -> None:
        self._playwright = sync_playwright().start()
        path, flags = chromium.executable(), chromium.flags()
        self._browser = self._playwright.chromium.launch(executable_path=path, args=flags)

    def close(self) -> None:
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()

    @contextmanager
    def showing(self, shown: Shown, size: tuple[int, int] = WIDE, **options: Any) -> Iterator[Seen]:
        """`options` are those of a browser's context: `java_script_enabled`, `reduced_motion`, `color_scheme`."""
        room = self._gallery.room(shown.state)
        assert self._browser is not None, "the studio is not open"
        context = self._browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en", **options)
        context.set_default_timeout(PATIENCE_MS)
        cookie = room.cookie(shown.who)
        if cookie is not None:
            context.add_cookies([cookie])  # type: ignore[list-item]
        try:
            yield self._seen(context, room.origin, shown)
        finally:
            context.close()

    def _seen(self, context: BrowserContext, origin: str, shown: Shown) -> Seen:
        context.add_init_script(LISTENING)
        page = context.new_page()
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


def told(found: Sequence[str]) -> str:
    return "\n".join(found)
