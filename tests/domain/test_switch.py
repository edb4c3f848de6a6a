"""A dead-man's switch has a name that AWS takes, and a moment in whole seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from controller.domain.names import switch_group, switch_name
from controller.domain.slot import Slot
from controller.domain.switch import Switch
from controller.domain.undo import RuleAsItWas

TAKEN_BY_AWS = re.compile(r"[0-9a-zA-Z-_.]{1,64}")
"""https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
RULE = RuleAsItWas("arn:rule", {Slot.BLUE: 100, Slot.GREEN: 0}, "[]")


def test_a_short_name_says_what_it_is_for() -> None:
    assert switch_name("prod", "backend") == "prod-backend"
    assert switch_group("captioncraft-prod") == "captioncraft-prod"


def test_long_names_fit_and_stay_different() -> None:
    names = {switch_name("production", "s" * length) for length in (60, 61, 62, 63)}
    assert len(names) == 4
    assert all(TAKEN_BY_AWS.fullmatch(name) for name in names)
    assert TAKEN_BY_AWS.fullmatch(switch_group("s" * 128))


def test_the_moment_is_in_whole_seconds() -> None:
    moment = datetime(2026, 1, 1, 12, 0, 0, 999_999, tzinfo=UTC)
    assert Switch.of("dev", "backend", RULE, moment).fires_at == datetime(2026, 1, 1, 12, tzinfo=UTC)
