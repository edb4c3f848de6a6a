"""A plugin of pytest: writes down what failed, how many passed, and which of our modules came from elsewhere."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.teeth.copies import ROOMS


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--witness", type=Path, required=True, help="the file for what was seen")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Witness(config), "teeth")


class Witness:
    """`broken` are files that could not even be collected, `failed` tests with the kind of error that ended them."""

    def __init__(self, config: pytest.Config) -> None:
        self._root, self._to = config.rootpath, config.getoption("witness")
        self._passed = 0
        self._failed: list[tuple[str, str]] = []
        self._broken: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._passed += report.when == "call" and report.passed

    def pytest_exception_interact(
        self, call: pytest.CallInfo[None], report: pytest.CollectReport | pytest.TestReport
    ) -> None:
        assert call.excinfo is not None, "pytest tells of errors only"
        if isinstance(report, pytest.TestReport):
            self._failed.append((report.nodeid, call.excinfo.typename))
        else:
            self._broken.append(f"{report.nodeid}: {str(call.excinfo.value).strip().splitlines()[-1]}")

    def pytest_sessionfinish(self) -> None:
        seen = {"passed": self._passed, "failed": self._failed, "broken": self._broken, "strays": [*self._strays()]}
        self._to.write_text(json.dumps(seen), encoding="utf-8")

    def _strays(self) -> Iterator[str]:
        """The editable installation leads to the repository itself, where nothing is wrong."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name.partition(".")[0] in ROOMS and file is not None and self._root not in Path(file).parents:
                yield name
