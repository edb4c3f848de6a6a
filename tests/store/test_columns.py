from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from controller.store.columns import Prose, UtcTime

SQLITE = sqlite.dialect()
POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]
AWARE = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])).filter(
    lambda time: 1 < time.year < 9999
)


def text(time: datetime) -> str:
    written = UtcTime().process_bind_param(time, SQLITE)
    assert isinstance(written, str)
    return written


@given(AWARE)
def test_a_time_comes_back_from_its_text_to_the_microsecond(time: datetime) -> None:
    read = UtcTime().process_result_value(text(time), SQLITE)
    assert read == time
    assert read is not None
    assert read.tzinfo is UTC


@given(AWARE, AWARE)
def test_texts_sort_as_their_times_do(one: datetime, other: datetime) -> None:
    assert (text(one) < text(other)) == (one < other)


def test_a_time_without_a_zone_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="no time zone"):
        text(datetime(2026, 3, 1))  # noqa: DTZ001


@given(st.text())
def test_whatever_is_told_can_be_held(told: str) -> None:
    held = Prose().process_bind_param(told, POSTGRES)
    assert held is not None
    assert "\0" not in held
    held.encode()


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_ordinary_text_stays_as_it_is(told: str) -> None:
    assert Prose().process_bind_param(told, SQLITE) == told
