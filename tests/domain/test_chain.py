"""Every single tampering is found, at its first bad position; what is genuine is never suspected."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.anchor import Anchor, is_worth_an_anchor
from controller.domain.chain import (
    MOST_FINDINGS,
    START,
    UNKEYED,
    Earlier,
    Head,
    Keyring,
    Line,
    Report,
    What,
    link,
    verify,
)
from controller.domain.events import AuditEntry, Event
from controller.domain.secret import Secret

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEYS = Keyring([Secret("a key for the tests")])
OTHERS = Keyring([Secret("the key of somebody else")])


def a_line(number: int, event: str = Event.STEP_ENDED, facts: object = None) -> Line:
    at = (NOON + timedelta(minutes=number)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return Line(100 + number, str(event), "dev", f"dev-{number}", "ada", at, f"line {number}", facts or {"n": number})


def chained(lines: Sequence[Line], keys: Keyring = KEYS, after: Head | None = None) -> tuple[list[Line], Head]:
    """The lines with positions and links, and the head."""
    position, previous = (after.position, after.link) if after else (0, START)
    made = []
    for line in lines:
        position += 1
        placed = replace(line, position=position, key=keys.newest.id)
        previous = link(keys.newest, previous, placed)
        made.append(replace(placed, link=previous))
    return made, Head.sealed(position, previous, keys.newest)


def a_chain(length: int = 6) -> tuple[list[Line], Head]:
    return chained([a_line(number) for number in range(1, length + 1)])


def anchor(line: Line, minutes: int = 0) -> Anchor:
    assert line.position is not None and line.link is not None and line.key is not None
    return Anchor(line.position, line.link, line.key, NOON + timedelta(minutes=minutes))


def first_found(report: Report) -> tuple[What, int | None, int | None]:
    assert not report.is_unbroken
    found = report.findings[0]
    return found.what, found.first, found.last


def test_a_chain_that_nobody_touched_is_unbroken() -> None:
    lines, head = a_chain()
    report = verify(lines, head, KEYS, [anchor(lines[2]), anchor(lines[5])])
    assert report.is_unbroken
    assert (report.entries, report.first, report.last, report.anchors) == (6, 1, 6, 2)


def test_an_audit_without_an_entry_is_unbroken() -> None:
    assert verify([], None, KEYS).is_unbroken
    assert verify([], Head.sealed(0, START, KEYS.newest), KEYS).is_unbroken


OTHER_VALUES = {
    "seq": 99,
    "event": "step.started",
    "environment": None,
    "deployment": "dev-9",
    "actor": "eve",
    "at": "2026-03-01T12:00:00.000001Z",
    "text": "nothing happened",
    "facts": {"n": "3"},
    "key": OTHERS.newest.id,
    "link": "0" * 64,
}


def test_every_column_of_a_line_is_flipped_below() -> None:
    assert {*OTHER_VALUES, "position"} == set(vars(a_line(1)))


@pytest.mark.parametrize("column", sorted(OTHER_VALUES))
@pytest.mark.parametrize("place", range(6))
def test_a_flip_of_any_column_of_any_row_is_found_at_its_position(column: str, place: int) -> None:
    lines, head = a_chain()
    lines[place] = replace(lines[place], **{column: OTHER_VALUES[column]})
    what, first, _ = first_found(verify(lines, head, KEYS))
    assert first == place + 1
    assert what is (What.UNKNOWN_KEY if column == "key" else What.CHANGED)


@pytest.mark.parametrize("facts", [b"bytes", float("nan"), 2**60, "not JSON: '{'", None])
def test_what_cannot_even_be_read_is_changed(facts: object) -> None:
    lines, head = a_chain()
    lines[3] = replace(lines[3], facts=facts)
    assert first_found(verify(lines, head, KEYS)) == (What.CHANGED, 4, 4)


@pytest.mark.parametrize("place", range(5))
def test_a_dropped_entry_is_missing(place: int) -> None:
    lines, head = a_chain()
    del lines[place]
    assert first_found(verify(lines, head, KEYS)) == (What.MISSING, place + 1, place + 1)


def test_several_dropped_entries_are_one_finding() -> None:
    lines, head = a_chain()
    del lines[1:4]
    report = verify(lines, head, KEYS)
    assert [(one.what, one.first, one.last) for one in report.findings] == [(What.MISSING, 2, 4)]


@pytest.mark.parametrize("place", range(5))
def test_two_that_changed_places_are_reordered(place: int) -> None:
    lines, head = a_chain()
    one, other = lines[place], lines[place + 1]
    lines[place : place + 2] = [replace(other, position=one.position), replace(one, position=other.position)]
    assert first_found(verify(lines, head, KEYS)) == (What.REORDERED, place + 1, place + 1)


@pytest.mark.parametrize("place", range(5))
def test_two_that_changed_places_down_to_their_seq_are_reordered(place: int) -> None:
    lines, head = a_chain()
    one, other = lines[place], lines[place + 1]
    lines[place : place + 2] = [
        replace(other, position=one.position, seq=one.seq),
        replace(one, position=other.position, seq=other.seq),
    ]
    assert first_found(verify(lines, head, KEYS)) == (What.REORDERED, place + 1, place + 1)


@pytest.mark.parametrize("place", range(6))
def test_one_put_between_others_is_inserted(place: int) -> None:
    lines, head = a_chain()
    false = replace(lines[place], text="this was here all the time")
    later = [replace(line, position=(line.position or 0) + 1) for line in lines[place:]]
    assert first_found(verify([*lines[:place], false, *later], head, KEYS))[:2] == (What.INSERTED, place + 1)


def test_one_put_behind_the_last_is_inserted() -> None:
    lines, head = a_chain()
    false = replace(a_line(7), position=7, key=KEYS.newest.id, link="f" * 64)
    whats = {one.what for one in verify([*lines, false], head, KEYS).findings}
    assert What.INSERTED in whats


def test_one_without_a_place_is_inserted() -> None:
    lines, head = a_chain()
    report = verify(lines, head, KEYS, earlier=[a_line(9)])
    assert first_found(report) == (What.INSERTED, None, None)
    assert "seq 109" in report.findings[0].text


def test_two_at_the_same_position_are_a_fork() -> None:
    lines, head = a_chain()
    assert first_found(verify([*lines[:4], lines[3], *lines[4:]], head, KEYS)) == (What.FORKED, 4, 4)


@pytest.mark.parametrize("kept", range(6))
def test_an_end_that_is_cut_off_is_found_by_the_head(kept: int) -> None:
    lines, head = a_chain()
    assert first_found(verify(lines[:kept], head, KEYS)) == (What.CUT, kept + 1, 6)


def test_a_head_that_was_set_back_without_the_key_is_found() -> None:
    lines, head = a_chain()
    false = replace(head, position=4, link=lines[3].link or "")
    assert first_found(verify(lines[:4], false, KEYS)) == (What.HEAD, 4, 4)


@pytest.mark.parametrize("column", ["position", "link", "key", "seal"])
def test_a_flip_of_any_column_of_the_head_is_found(column: str) -> None:
    lines, head = a_chain()
    other = 7 if column == "position" else "f" * 64
    assert not verify(lines, replace(head, **{column: other}), KEYS).is_unbroken


def test_a_head_that_is_gone_is_found() -> None:
    lines, _ = a_chain()
    assert first_found(verify(lines, None, KEYS)) == (What.HEAD, 6, 6)


def test_an_old_state_as_a_whole_is_found_by_an_anchor_only() -> None:
    """A copy of the database from before, put back: everything in it was true once."""
    lines, head = a_chain()
    old, old_head = a_chain(4)
    assert verify(old, old_head, KEYS).is_unbroken
    assert first_found(verify(old, old_head, KEYS, [anchor(lines[5])])) == (What.CUT, 5, 6)
    other, other_head = chained([a_line(number) for number in range(50, 54)], after=old_head)
    report = verify([*old, *other], other_head, KEYS, [anchor(lines[1]), anchor(lines[5])])
    assert first_found(report) == (What.FORKED, 6, 6)
    assert head.position == 6


@pytest.mark.parametrize("place", range(5))
def test_an_entry_of_another_history_does_not_fit_between_others(place: int) -> None:
    """It was sealed with the same key at the same position, in a copy that went on by itself: the next one tells."""
    lines, head = a_chain()
    others = [replace(a_line(number), text="elsewhere" if number > place else "") for number in range(1, 7)]
    lines[place] = chained([*[a_line(number) for number in range(1, place + 1)], *others[place:]])[0][place]
    assert first_found(verify(lines, head, KEYS)) == (What.CHANGED, place + 2, place + 2)


def test_the_whole_chain_made_anew_with_another_key_is_found() -> None:
    lines, head = chained([a_line(number) for number in range(1, 200)], OTHERS)
    report = verify(lines, head, KEYS)
    assert first_found(report) == (What.UNKNOWN_KEY, 1, 199)
    named = [replace(line, key=KEYS.newest.id) for line in lines]
    report = verify(named, replace(head, key=KEYS.newest.id), KEYS)
    assert first_found(report) == (What.CHANGED, 1, 199)
    assert {one.what for one in report.findings} == {What.CHANGED, What.HEAD}


def test_the_key_that_everybody_has_proves_nothing_to_those_who_have_one() -> None:
    lines, head = chained([a_line(1)], UNKEYED)
    assert verify(lines, head, UNKEYED).is_unbroken
    assert first_found(verify(lines, head, KEYS)) == (What.UNKNOWN_KEY, 1, 1)


def test_keys_are_rotated_and_older_ones_still_verify() -> None:
    before, head = a_chain(3)
    both = Keyring([Secret("a newer key for it"), Secret("a key for the tests")])
    after, newest = chained([a_line(4), a_line(5)], both, after=head)
    assert verify([*before, *after], newest, both).is_unbroken
    assert first_found(verify([*before, *after], newest, Keyring([Secret("a newer key for it")]))) == (
        What.UNKNOWN_KEY,
        1,
        3,
    )


def test_nobody_learns_a_key_from_its_id_or_its_print() -> None:
    assert "tests" not in f"{KEYS.newest.id} {KEYS.newest!r} {vars(KEYS)}"


# ------------------------------------------------------ before the chain


def begun(earlier: Sequence[Line]) -> tuple[list[Line], Head]:
    covered = Earlier()
    for line in earlier:
        covered.add(line)
    return chained([a_line(20, Event.AUDIT_BEGUN, dict(covered.facts)), a_line(21)])


EARLIER = [a_line(1), a_line(2), a_line(3)]


def test_entries_from_before_the_chain_are_covered_by_its_first() -> None:
    lines, head = begun(EARLIER)
    report = verify(lines, head, KEYS, earlier=EARLIER)
    assert report.is_unbroken and report.earlier == 3


@pytest.mark.parametrize(
    "tampered",
    [
        EARLIER[:2],
        EARLIER[1:],
        [EARLIER[0], replace(EARLIER[1], text="x"), EARLIER[2]],
        [EARLIER[0], replace(EARLIER[1], facts=b"x"), EARLIER[2]],
        [EARLIER[1], EARLIER[0], EARLIER[2]],
        [*EARLIER[:2], replace(EARLIER[2], seq=102, text="2b"), EARLIER[2]],
        [],
    ],
)
def test_a_change_of_those_from_before_is_found(tampered: Sequence[Line]) -> None:
    lines, head = begun(EARLIER)
    assert first_found(verify(lines, head, KEYS, earlier=tampered)) == (What.CHANGED, 1, 1)


def test_one_that_came_without_a_link_after_the_chain_began_is_inserted() -> None:
    lines, head = begun(EARLIER)
    report = verify(lines, head, KEYS, earlier=[*EARLIER, a_line(9)])
    assert [one.what for one in report.findings] == [What.INSERTED]


# --------------------------------------------------------------- restores


def restored(after: int, minutes: int, lost: int | None = None) -> Line:
    facts = {"after": after, "taken_at": "2026-03-01T12:05:00+00:00", "lost": lost}
    return replace(a_line(minutes, Event.DATABASE_RESTORED, facts))


def test_a_restore_is_told_apart_from_tampering() -> None:
    """Entries 4 to 6 were anchored; a backup with three of them was restored at minute 10."""
    lines, _ = a_chain()
    kept, head = a_chain(3)
    after, newest = chained([restored(3, 10), a_line(11), a_line(12), a_line(13)], after=head)
    anchors = [anchor(lines[1]), anchor(lines[5], 6), anchor(after[1], 11)]
    report = verify([*kept, *after], newest, KEYS, anchors)
    assert report.is_unbroken
    (found,) = report.restores
    assert (found.position, found.after, found.lost) == (4, 3, 6)


def test_a_restore_knows_what_it_replaced_without_any_anchor() -> None:
    kept, head = a_chain(3)
    after, newest = chained([restored(3, 10, lost=9)], after=head)
    assert verify([*kept, *after], newest, KEYS).restores[0].lost == 9


def test_a_restore_excuses_nothing_that_was_anchored_after_it_or_kept() -> None:
    kept, head = a_chain(3)
    after, newest = chained([restored(3, 10), a_line(11)], after=head)
    other = "f" * 64
    later = verify([*kept, *after], newest, KEYS, [Anchor(5, other, "k", NOON + timedelta(minutes=11))])
    kept_ones = verify([*kept, *after], newest, KEYS, [Anchor(3, other, "k", NOON)])
    assert first_found(later) == (What.FORKED, 5, 5)
    assert first_found(kept_ones) == (What.FORKED, 3, 3)


def test_a_restore_that_nobody_made_excuses_nothing() -> None:
    """Without the key it doesn't fit; behind a gap it is not believed."""
    lines, _ = a_chain()
    kept, _ = a_chain(3)
    false = replace(restored(3, 10), position=4, key=KEYS.newest.id, link="e" * 64)
    behind_a_gap = replace(restored(3, 10), position=5, key=KEYS.newest.id, link="e" * 64)
    for line in (false, behind_a_gap):
        report = verify([*kept, line], None, KEYS, [anchor(lines[5])])
        assert not report.restores
        assert What.CUT in {one.what for one in report.findings}


# ------------------------------------------------------------------ doubts


def test_a_chain_that_went_on_in_doubt_says_so_for_ever() -> None:
    lines, head = a_chain(3)
    false = replace(head, seal="f" * 64)
    after, newest = chained([a_line(4, Event.AUDIT_DOUBTED, vars(false)), a_line(5)], after=head)
    assert first_found(verify([*lines, *after], newest, KEYS)) == (What.DOUBTED, 4, 4)


def test_a_doubt_is_over_when_the_key_is_given_back() -> None:
    lines, head = a_chain(3)
    after, newest = chained([a_line(4, Event.AUDIT_DOUBTED, vars(head))], OTHERS, after=head)
    both = Keyring([Secret("the key of somebody else"), Secret("a key for the tests")])
    assert verify([*lines, *after], newest, both).is_unbroken


# ------------------------------------------------------------------ limits


def test_findings_are_few_however_much_is_wrong() -> None:
    lines, head = a_chain(300)
    for place in range(0, 300, 2):
        lines[place] = replace(lines[place], text="x")
    report = verify(lines, head, KEYS)
    assert len(report.findings) == MOST_FINDINGS and report.more == 150 - MOST_FINDINGS
    assert report.findings[0].first == 1


def test_ends_that_may_have_changed_what_runs_are_worth_an_anchor() -> None:
    def ended(event: Event, phase: str) -> AuditEntry:
        return AuditEntry(event, "dev", "dev-1", "tidegate", NOON, "", {"phase": phase})

    assert is_worth_an_anchor(ended(Event.DEPLOYMENT_SUCCEEDED, "succeeded"))
    assert is_worth_an_anchor(ended(Event.DEPLOYMENT_ENDED, "rolled_back"))
    assert not is_worth_an_anchor(ended(Event.DEPLOYMENT_ENDED, "superseded"))
    assert not is_worth_an_anchor(ended(Event.DEPLOYMENT_STARTED, "running"))


# --------------------------------------------------------- any chain at all

TEXTS = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def chains(draw: st.DrawFn) -> list[Line]:
    count = draw(st.integers(2, 7))
    return [
        replace(
            a_line(number),
            text=draw(TEXTS),
            actor=draw(TEXTS),
            environment=draw(st.none() | TEXTS),
            facts=draw(st.dictionaries(TEXTS, JSON, max_size=3)),
        )
        for number in range(1, count + 1)
    ]


@settings(max_examples=300, deadline=None)
@given(chains(), st.data())
def test_any_single_tampering_of_any_chain_is_found(made: list[Line], data: st.DataObject) -> None:
    lines, head = chained(made)
    assert verify(lines, head, KEYS).is_unbroken
    place = data.draw(st.integers(0, len(lines) - 1))
    kind = data.draw(st.sampled_from(["flip", "drop", "swap", "copy", "cut", "renumber"]))
    tampered, expected = list(lines), place + 1
    if kind == "flip":
        column = data.draw(st.sampled_from(sorted(OTHER_VALUES)))
        value = OTHER_VALUES[column]
        if getattr(lines[place], column) == value:
            return
        tampered[place] = replace(lines[place], **{column: value})
    elif kind == "drop":
        del tampered[place]
    elif kind == "swap":
        other = data.draw(st.integers(0, len(lines) - 1).filter(lambda number: number != place))
        for to, of in ((place, other), (other, place)):
            tampered[to] = replace(lines[of], position=to + 1)
        expected = min(place, other) + 1
    elif kind == "copy":
        tampered.insert(place, replace(lines[0], position=place + 1))
        tampered[place + 1 :] = [replace(line, position=(line.position or 0) + 1) for line in lines[place:]]
        expected = place + 2 if place == 0 else place + 1
    elif kind == "cut":
        del tampered[place:]
    else:
        del tampered[place]
        tampered[place:] = [replace(line, position=(line.position or 0) - 1) for line in tampered[place:]]
    report = verify(tampered, head, KEYS)
    assert not report.is_unbroken
    assert report.findings[0].first == expected


@settings(max_examples=100, deadline=None)
@given(chains(), st.integers(0, 255), st.integers(0, 63))
def test_no_link_can_be_guessed(made: list[Line], value: int, place: int) -> None:
    lines, head = chained(made)
    old = lines[-1].link or ""
    new = f"{value % 16:x}"
    changed = old[:place] + new + old[place + 1 :]
    lines[-1] = replace(lines[-1], link=changed)
    assert verify(lines, head, KEYS).is_unbroken is (changed == old)
