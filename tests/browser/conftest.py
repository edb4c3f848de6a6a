"""One browser and one gallery for all of these tests, each of which runs where the browser is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.browser.gallery import Gallery
from tests.browser.studio import Studio
from tests.support.database import *  # noqa: F403


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Instead of pytest's own call; what is raised there is raised here."""
    given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    studio = pyfuncitem.funcargs.get("studio")
    if not isinstance(studio, Studio):
        return None
    studio.there(lambda: pyfuncitem.obj(**given))
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
    made.open()
    yield made
    made.close()
