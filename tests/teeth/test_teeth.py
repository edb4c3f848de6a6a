"""Every mistake still fits today's code, and those who make them tell a caught one from all others.

That all of them are caught is shown by `make teeth`, which takes minutes.
"""

import ast
from dataclasses import replace

import pytest

from tests.teeth.copies import ROOT
from tests.teeth.mistake import Misplaced, Mistake
from tests.teeth.mistakes import MISTAKES
from tests.teeth.trial import Verdict, tried

AT_LEAST = 30
CUT_OFF = next(mistake for mistake in MISTAKES if mistake.name == "a signature that is cut off is accepted")
NO_TEST = "tests/webhooks/test_signatures.py::test_that_nobody_wrote"


def test_there_are_many_and_no_two_are_called_alike() -> None:
    names = [mistake.name for mistake in MISTAKES]
    assert len(names) == len(set(names)) >= AT_LEAST


def complaint(mistake: Mistake) -> str | None:
    try:
        ast.parse(mistake.within((ROOT / mistake.file).read_text(encoding="utf-8")))
    except (Misplaced, SyntaxError, OSError) as error:
        return f"{mistake.name}: {error!r}"
    file, _, test = mistake.caught_by.partition("::")
    if f"def {test.partition('[')[0]}(" not in (ROOT / file).read_text(encoding="utf-8"):
        return f"{mistake.name}: there is no {mistake.caught_by}"
    return None


def test_every_mistake_fits_once_stays_python_and_names_a_test() -> None:
    assert [told for mistake in MISTAKES if (told := complaint(mistake))] == []


@pytest.mark.parametrize("times", [0, 2])
def test_a_text_that_is_not_there_exactly_once_is_refused(times: int) -> None:
    with pytest.raises(Misplaced, match=f"{times} times"):
        CUT_OFF.within(CUT_OFF.right * times)


@pytest.mark.parametrize(
    ("mistake", "verdict", "told"),
    [
        (CUT_OFF, Verdict.CAUGHT, CUT_OFF.caught_by),
        (replace(CUT_OFF, wrong=CUT_OFF.right), Verdict.SURVIVED, "passed"),
        (replace(CUT_OFF, wrong="from nowhere import nothing"), Verdict.UNFIT, "SyntaxError"),
        (replace(CUT_OFF, caught_by=NO_TEST), Verdict.UNFIT, "not found"),
    ],
    ids=["caught", "harmless", "no python", "no test"],
)
def test_a_trial_says_what_became_of_a_mistake(mistake: Mistake, verdict: Verdict, told: str) -> None:
    trial = tried(mistake, ROOT)
    assert trial.verdict is verdict and told in trial.told, trial
