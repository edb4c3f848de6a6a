"""The comparison is up to date: what differs now is what is written down, and each of it is decided by a document."""

from __future__ import annotations

import re

import pytest

from tests.oracles.compare import Recording
from tests.oracles.comparison import EXPECTED, Comparison, as_text, compared, expected, replayed
from tests.oracles.page import PAGE, page
from tests.oracles.probe.questions import PROBES
from tests.oracles.recordings import ORACLES, asked, recorded
from tests.oracles.rulings import RULINGS, Ruling, Verdict
from tests.oracles.scripts import SCRIPTS

RENEW = "run `make compare`, and look at what it changes"


@pytest.fixture(scope="module")
def ours() -> Recording:
    return replayed()


@pytest.fixture(scope="module")
def comparisons(ours: Recording) -> tuple[Comparison, ...]:
    return compared(ours)


def test_every_difference_is_decided(comparisons: tuple[Comparison, ...]) -> None:
    undecided = {(each.oracle, *one.kind) for each in comparisons for one in each.undecided}
    assert undecided == set(), "write a ruling that names the deciding AWS document, or mend the sandbox"


def test_the_differences_are_those_that_are_written_down(comparisons: tuple[Comparison, ...]) -> None:
    assert as_text(expected(comparisons)) == EXPECTED.read_text(encoding="utf-8"), RENEW


def test_the_page_is_up_to_date(ours: Recording, comparisons: tuple[Comparison, ...]) -> None:
    assert page(ours, comparisons) == PAGE.read_text(encoding="utf-8"), RENEW


def test_every_ruling_decides_something(comparisons: tuple[Comparison, ...]) -> None:
    used = {id(rule) for each in comparisons for _, rule in each.decided}
    assert [rule for rule in RULINGS if id(rule) not in used] == []


@pytest.mark.parametrize("rule", RULINGS, ids=lambda rule: f"{rule.oracle}-{rule.operation}"[:60])
def test_a_ruling_names_what_decides(rule: Ruling) -> None:
    assert rule.because.endswith(".")
    if rule.verdict is Verdict.UNKNOWN:
        assert rule.source in PROBES
    elif rule.verdict is Verdict.FOLLOWS:
        assert rule.source == ""
    else:
        assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+\.html", rule.source)


def test_recordings_are_of_these_scripts(ours: Recording) -> None:
    """A script that was changed and not asked again would be compared with answers to other questions."""
    for oracle in ORACLES:
        assert asked(oracle) == {script.name: script.fingerprint for script in SCRIPTS}, RENEW
        assert {name: len(steps) for name, steps in recorded(oracle)[1].items()} == {
            name: len(steps) for name, steps in ours.items()
        }
