"""What two looks at the rows tell of what happened between them."""

from dataclasses import replace

import pytest

from controller.domain.changes import (
    EVERYTHING,
    MOST_ENTRIES,
    MOST_NAMED,
    NOTHING,
    Changed,
    Marks,
    Pulse,
    change,
    changes,
)
from tests.support.builders import NOON

BEFORE = Marks({"dev": (1, None), "prod": (4, NOON)}, {"dev-2": ("dev", 3)}, 10)


def test_rows_that_are_the_same_are_no_change() -> None:
    assert changes(BEFORE, replace(BEFORE, pulse=Pulse(looked_at=NOON))) == NOTHING
    assert not changes(BEFORE, BEFORE)


@pytest.mark.parametrize(
    ("after", "environments", "deployments"),
    [
        (replace(BEFORE, environments={"dev": (2, None), "prod": (4, NOON)}), {"dev"}, set()),
        (replace(BEFORE, environments={**BEFORE.environments, "new": (0, None)}), {"new"}, set()),
        (replace(BEFORE, deployments={"dev-2": ("dev", 4)}), {"dev"}, {"dev-2"}),
        (replace(BEFORE, deployments={}), {"dev"}, {"dev-2"}),
        (replace(BEFORE, deployments={**BEFORE.deployments, "prod-1": ("prod", 0)}), {"prod"}, {"prod-1"}),
        (replace(BEFORE, audit=11, written=(("prod", "prod-7"),)), {"prod"}, {"prod-7"}),
        (replace(BEFORE, audit=11, written=((None, None),)), set(), set()),
    ],
)
def test_a_change_names_what_it_is_about(after: Marks, environments: set[str], deployments: set[str]) -> None:
    assert changes(BEFORE, after) == Changed(frozenset(environments), frozenset(deployments))


def test_whoever_has_not_looked_for_long_knows_nothing() -> None:
    assert changes(None, BEFORE) is EVERYTHING
    assert changes(BEFORE, replace(BEFORE, audit=BEFORE.audit + MOST_ENTRIES + 1)) is EVERYTHING


def test_many_names_become_everything_also_when_they_come_one_by_one() -> None:
    found = NOTHING
    for number in range(MOST_NAMED):
        found |= change([f"e{number}"], [])
    assert len(found.environments) == MOST_NAMED
    assert found | change(["one more"], []) == EVERYTHING
    assert EVERYTHING | change(["dev"], []) == EVERYTHING
