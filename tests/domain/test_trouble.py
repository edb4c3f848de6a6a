"""How often something must fail in a row until it is taken for something that doesn't pass by itself."""

from dataclasses import replace

import pytest

from controller.domain.reason import Reason
from controller.domain.step import DESPAIR, PATIENCE, Trouble

WHY = Reason("home.no_healthy_target", "its old tasks don't stay up")


@pytest.mark.parametrize(
    ("trouble", "first"),
    [
        (Trouble(WHY, 1), PATIENCE),
        (Trouble(WHY, 1, permanent=True, by_action=True), PATIENCE),
        (Trouble(WHY, 1, by_action=True), DESPAIR),
    ],
    ids=["seen", "refused", "failed"],
)
def test_what_is_seen_or_refused_is_believed_soon_and_what_fails_late(trouble: Trouble, first: int) -> None:
    lasts = [times for times in range(1, DESPAIR + 2) if replace(trouble, times=times).lasts]
    assert lasts[0] == first
