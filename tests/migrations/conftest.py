"""Every test here runs on both databases."""

from tests.support.database import *  # noqa: F403
