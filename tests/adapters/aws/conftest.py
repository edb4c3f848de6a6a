"""A seeded place for each test."""

from __future__ import annotations

import pytest

from tests.adapters.aws.rig import Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()
