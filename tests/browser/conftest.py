"""One browser and one gallery for all of these tests, each of which runs in the browser's own thread.

Playwright's blocking API keeps an event loop running in the thread that it was started in: in that of pytest no other
test could run a loop of its own any more.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.browser.gallery import Gallery
from tests.browser.studio import Studio
from tests.support.database import *  # noqa: F403

THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Instead of pytest's own call: what is raised in the thread is raised here."""
    wanted = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    _there(lambda: pyfuncitem.obj(**wanted))
    return True


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Gallery]:
    made = Gallery(tmp_path_factory.mktemp("gallery"), migrated_file)
    yield made
    made.close()


@pytest.fixture(scope="session")
def studio(gallery: Gallery) -> Iterator[Studio]:
    assert not chromium.missing(), chromium.missing()
    made = Studio(gallery)
    _there(made.open)
    yield made
    _there(made.close)


def _there(work: Callable[[], object]) -> None:
    THREAD.submit(work).result()
