"""The sandbox's GitHub, served as its own tests serve it."""

from tests.sandbox.github.conftest import clone, host, served

__all__ = ["clone", "host", "served"]
