"""Pictures of every page for the documentation: `python -m tests.browser.shots DIRECTORY [NAME ...]`.

One PNG for each row of `exhibits.SHOWN` and each look: `home-busy-operator-wide-dark.png`. NAME keeps those rows whose
name begins with it.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from controller.store.schema import migrate
from tests.browser import chromium
from tests.browser.exhibits import HOSTILE, SHOWN, Shown
from tests.browser.gallery import Gallery
from tests.browser.studio import DARK, LIGHT, PHONE, WIDE, Studio

HEIGHT = "() => document.scrollingElement.scrollHeight"
TALLEST = 12_000
"""Pixels. The window is as tall as the page, so that what sticks to its end is at the end."""
LOOKS = {"wide": (WIDE, LIGHT), "wide-dark": (WIDE, DARK), "phone": (PHONE, LIGHT), "phone-dark": (PHONE, DARK)}


def main(directory: Path, wanted: list[str]) -> None:
    if chromium.missing():
        sys.exit(f"no pictures: {chromium.missing()}")
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        migrated = Path(scratch) / "migrated.db"
        migrate(f"sqlite:///{migrated}")
        gallery = Gallery(Path(scratch), migrated)
        studio = Studio(gallery)
        studio.open()
        try:
            for shown in SHOWN:
                if not wanted or any(map(shown.name.startswith, wanted)):
                    for file in studio.there(lambda shown=shown: list(_taken(studio, shown, directory))):
                        print(file)
        finally:
            studio.close()
            gallery.close()


def _taken(studio: Studio, shown: Shown, directory: Path) -> Iterator[Path]:
    with studio.showing(shown, reduced_motion="reduce") as seen:
        for name, (size, scheme) in LOOKS.items():
            seen.look(size, scheme)
            file = directory / f"{shown.name}-{shown.state}-{shown.who}-{name}.png"
            if shown.state != HOSTILE:
                seen.look((size[0], max(size[1], min(seen.ask(HEIGHT), TALLEST))), scheme)
            seen.page.screenshot(path=file)
            yield file


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
