"""A served GitHub for each test, and a clone of its repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.github.served import NAME, Clone, Host, Served, run_git


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


@pytest.fixture
def served(host: Host, tmp_path: Path) -> Iterator[Served]:
    with host.serving(tmp_path) as made:
        yield made


@pytest.fixture
def clone(served: Served, tmp_path: Path) -> Clone:
    run_git(tmp_path, "clone", "-q", "-b", "develop", served.github.clone_url(NAME), "clone")
    return Clone(tmp_path / "clone")
