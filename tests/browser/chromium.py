"""The browser that looks at the pages: Chromium as this machine has it, driven by Playwright, which downloads none.

TIDEGATE_CHROMIUM names another one.
"""

import os
import shutil
from pathlib import Path

from tests.browser import axe
from tests.support.npm import COMMAND

TESTS = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)


def executable() -> str | None:
    given = os.environ.get("TIDEGATE_CHROMIUM")
    if given:
        return shutil.which(given)
    return next(filter(None, map(shutil.which, NAMES)), None)


def flags() -> list[str]:
    """Root has no sandbox of Chromium's: it refuses to start with one."""
    return [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def missing() -> str:
    """What these tests lack here, and where it comes from; empty where they can run."""
    if executable() is None:
        return "no Chromium on PATH (Debian: sudo apt-get install chromium), and TIDEGATE_CHROMIUM names none"
    if not axe.file().exists():
        return f"`{COMMAND}` fetches axe, which they look with"
    return ""
