"""How a deployment is shown beside its commit."""

from dataclasses import replace

import pytest

from controller.domain.board import COLOURS, LONGEST, MARKS, Colour, Mark, flag, posting
from controller.domain.deployment import Kind, Phase
from controller.domain.reason import Reason
from tests.support.builders import a_deployment

REPOSITORY, LINK = "acme/captioncraft", "https://tidegate.example/deployments/dev-1"


def test_every_phase_and_every_mark_can_be_shown() -> None:
    assert set(MARKS) == set(Phase)
    assert set(COLOURS) == set(Mark)


@pytest.mark.parametrize("phase", list(Phase))
def test_only_a_version_that_was_well_here_makes_its_commit_green(phase: Phase) -> None:
    shown = flag(replace(a_deployment(), phase=phase), REPOSITORY, LINK)
    assert (shown.colour is Colour.SUCCESS) is (phase is Phase.SUCCEEDED)
    assert shown.name == "tidegate/dev"


def test_a_version_that_was_live_is_inactive_and_its_commit_stays_green() -> None:
    left = replace(a_deployment(), phase=Phase.SUCCEEDED)
    assert posting(left, REPOSITORY, LINK, is_live=False).mark is Mark.INACTIVE
    assert posting(left, REPOSITORY, LINK, is_live=True).mark is Mark.SUCCESS
    assert flag(left, REPOSITORY, LINK).colour is Colour.SUCCESS


def test_a_text_is_one_line_that_fits() -> None:
    reason = Reason("test.reason", "line one\nline two \x1b[31m" + "x" * 300)
    shown = posting(replace(a_deployment(), reason=reason), REPOSITORY, LINK, is_live=False)
    assert len(shown.text) <= LONGEST
    assert shown.text.startswith("dev-2 is waiting: line one line two [31mxxx")
    assert shown.text.endswith("…")


def test_what_is_no_ordinary_deployment_says_so() -> None:
    back = replace(a_deployment(), kind=Kind.ROLLBACK, phase=Phase.RUNNING)
    assert posting(back, REPOSITORY, "", is_live=False).text.startswith("dev-2 (rollback) is rolling out")
    assert posting(back, REPOSITORY, "", is_live=False).url == ""
