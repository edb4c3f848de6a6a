"""What holds for every test: the same examples and the same dice each time, and a word about what was left out.

Sockets beyond loopback are blocked by pytest-socket's options in pyproject.toml. To look for new failures instead of
repeating the known examples: `make test ARGS=--hypothesis-profile=explore`; another dice roll: `TIDEGATE_SEED=7`.
"""

import os
import random
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browser import chromium
from tests.support.npm import COMMAND
from tests.webhooks import samples

SEED = int(os.environ.get("TIDEGATE_SEED", "1"))

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _same_dice() -> None:
    random.seed(SEED)


def pytest_report_header() -> str:
    return f"seed: TIDEGATE_SEED={SEED}"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without what they read, or a browser, their tests are left out, and said to be; on CI they are collected, and
    fail."""
    if chromium.TESTS in (collection_path, *collection_path.parents):
        return True if chromium.missing() and not os.environ.get("CI") else None
    return True if collection_path.name == samples.TESTS and samples.are_left_out() else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if samples.are_left_out():
        terminalreporter.write_line(f"not collected: {samples.TESTS}; `{COMMAND}` fetches what it reads")
    if chromium.missing() and not os.environ.get("CI"):
        terminalreporter.write_line(f"not collected: tests/browser; {chromium.missing()}")
