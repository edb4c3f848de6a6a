"""When a window is open, and when it opens next: by the wall clock of its own zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.manifest import Window
from controller.domain.opening import opening

WORK = {"allow": ["Mon-Thu 08:00-16:00", "Fri 08:00-12:00"], "timezone": "Europe/Berlin"}
HOLIDAYS = {"from": "2026-12-20 00:00", "until": "2027-01-04 00:00", "reason": "holidays"}


def window(**keys: object) -> Window:
    return Window.model_validate(keys)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("keys", "now"),
    [
        (WORK, "2026-11-23 07:00"),
        (WORK, "2026-11-27 10:59"),
        ({"deny": ["Fri 12:00-24:00"]}, "2026-11-27 11:59"),
        ({"freeze": [HOLIDAYS]}, "2026-12-19 23:59"),
        ({"freeze": [HOLIDAYS]}, "2027-01-04 00:00"),
        # 01:30 UTC is 02:30 for the second time in that night.
        ({"allow": ["Sun 02:00-03:00"], "timezone": "Europe/Berlin"}, "2026-10-25 01:30"),
    ],
)
def test_it_is_open(keys: dict[str, object], now: str) -> None:
    found = opening([window(**keys)], utc(now))
    assert found.by is None and found.opens_at is None


@pytest.mark.parametrize(
    ("keys", "now", "opens", "told"),
    [
        (WORK, "2026-11-22 10:00", "Mon 2026-11-23 08:00 Europe/Berlin", "Mon-Thu 08:00-16:00, Fri 08:00-12:00"),
        (WORK, "2026-11-23 06:59", "Mon 2026-11-23 08:00 Europe/Berlin", "allow"),
        (WORK, "2026-11-27 11:00", "Mon 2026-11-30 08:00 Europe/Berlin", "allow"),
        # The clock is put back in the night before.
        (WORK, "2026-10-24 10:00", "Mon 2026-10-26 08:00 Europe/Berlin", "allow"),
        (
            {"deny": ["Mon-Sun 22:00-24:00", "Mon-Sun 00:00-06:00"]},
            "2026-11-22 23:00",
            "Mon 2026-11-23 06:00 UTC",
            "22",
        ),
        ({**WORK, "deny": ["Mon 00:00-10:00"]}, "2026-11-23 08:00", "Mon 2026-11-23 10:00 Europe/Berlin", "deny"),
        ({**WORK, "freeze": [HOLIDAYS]}, "2026-12-18 11:30", "Mon 2027-01-04 08:00 Europe/Berlin", "allow"),
        ({**WORK, "freeze": [HOLIDAYS]}, "2026-12-22 11:30", "Mon 2027-01-04 08:00 Europe/Berlin", "(holidays)"),
        (
            {"freeze": [HOLIDAYS, {"from": "2027-01-03 12:00", "until": "2027-02-01 06:30"}]},
            "2026-12-24 00:00",
            "Mon 2027-02-01 06:30 UTC",
            "2027-01-04 00:00",
        ),
        # 02:30 never comes in that night; the span is open as soon as the clock shows 03:00.
        (
            {"allow": ["Sun 02:30-04:00"], "timezone": "Europe/Berlin"},
            "2027-03-28 00:59",
            "Sun 2027-03-28 03:00 Europe/Berlin",
            "allow",
        ),
        (
            {"allow": ["Sat 10:00-11:00"], "timezone": "Asia/Kathmandu"},
            "2026-11-21 06:00",
            "Sat 2026-11-28 10:00",
            "Sat",
        ),
    ],
)
def test_it_is_shut_and_says_until_when(keys: dict[str, object], now: str, opens: str, told: str) -> None:
    shut = window(**keys)
    found = opening([shut], utc(now))
    assert found.by is not None and told in found.by
    assert found.opens_at is not None and found.told.startswith(opens)
    assert opening([shut], found.opens_at).by is None


@pytest.mark.parametrize("now", ["2027-03-27 12:00", "2027-03-22 12:00"])
def test_an_hour_that_the_night_skips_opens_nothing(now: str) -> None:
    found = opening([window(allow=["Sun 02:00-03:00"], timezone="Europe/Berlin")], utc(now))
    assert found.told == "Sun 2027-04-04 02:00 Europe/Berlin"


def test_the_end_of_a_freeze_counts_to_the_minute() -> None:
    until = {"from": "2026-11-20 00:00", "until": "2026-11-23 08:29"}
    assert opening([window(freeze=[until])], utc("2026-11-22 10:00")).told == "Mon 2026-11-23 08:29 UTC"


def test_several_windows_open_when_all_of_them_do() -> None:
    ours, theirs = window(allow=["Mon-Fri 08:00-16:00"]), window(allow=["Tue 15:00-20:00"])
    assert opening([ours, theirs], utc("2026-11-23 09:00")).told == "Tue 2026-11-24 15:00 UTC"
    assert opening([ours, theirs], utc("2026-11-24 15:00")).by is None


def test_windows_that_never_meet_never_open() -> None:
    found = opening([window(allow=["Sat 12:00-13:00"]), window(allow=["Sun 12:00-13:00"])], utc("2026-11-21 12:30"))
    assert found.by is not None and "Sun" in found.by and found.opens_at is None


LOTS = st.lists(
    st.builds(
        lambda days, first, length: (
            f"{days} {first // 60:02}:{first % 60:02}-{min(first + length, 1439) // 60:02}:"
            f"{min(first + length, 1439) % 60:02}"
        ),
        st.sampled_from(["Mon-Sun", "Sat-Mon", "Wed", "Mon,Thu", "Sun"]),
        st.integers(0, 1400),
        st.integers(10, 600),
    ),
    max_size=3,
    unique=True,
)
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]


@settings(max_examples=40, deadline=None)
@given(LOTS, LOTS, st.sampled_from(ZONES), st.integers(0, 365 * 24 * 60))
def test_it_opens_exactly_when_it_says(allow: list[str], deny: list[str], zone: str, start: int) -> None:
    """Against a walk from minute to minute, over the change of every clock of the year."""
    shut = window(allow=allow, deny=deny, timezone=zone)
    now = utc("2026-07-01 00:00") + timedelta(minutes=start)
    found = opening([shut], now)
    if found.by is None:
        return
    reach = range(1, 8 * 24 * 60)
    walked = (now + timedelta(minutes=minute) for minute in reach)
    first = next((each for each in walked if opening_now(shut, each)), None)
    assert found.opens_at == first or (first is None and (found.opens_at is None or found.opens_at > now))


def opening_now(shut: Window, moment: datetime) -> bool:
    there = moment.astimezone(ZoneInfo(shut.timezone))
    minute = there.hour * 60 + there.minute
    is_allowed = not shut.allow or any(span.covers(there.weekday(), minute) for span in shut.allow)
    return is_allowed and not any(span.covers(there.weekday(), minute) for span in shut.deny)
