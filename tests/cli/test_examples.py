"""The examples in the doors' docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

from controller import api, cli, dashboard

MODULES = [
    found.name for room in (api, cli, dashboard) for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    assert sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES) >= 10
