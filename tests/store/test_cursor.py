import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.store.cursor import BEFORE_ALL, BadCursor, cursor, page, position


@given(st.integers(1, BEFORE_ALL - 1))
def test_a_cursor_leads_back_to_its_row(seq: int) -> None:
    assert position("audit", cursor("audit", seq)) == seq


@given(st.text())
def test_any_text_is_a_position_or_a_bad_cursor(text: str) -> None:
    try:
        seq = position("audit", text)
    except BadCursor:
        return
    assert cursor("audit", seq) == text


@pytest.mark.parametrize("seq", [0, -1, BEFORE_ALL, 2**80])
def test_a_number_that_is_no_row_is_a_bad_cursor(seq: int) -> None:
    with pytest.raises(BadCursor):
        position("audit", cursor("audit", seq))


def test_a_cursor_is_good_for_its_own_table_only() -> None:
    with pytest.raises(BadCursor):
        position("deployments", cursor("audit", 7))


def test_no_cursor_is_the_beginning() -> None:
    assert position("audit", None) == BEFORE_ALL


@pytest.mark.parametrize(("found", "more"), [(0, False), (2, False), (3, True)])
def test_one_too_many_says_that_there_is_a_next_page(found: int, more: bool) -> None:
    shown = page("audit", [(seq, f"row {seq}") for seq in range(found, 0, -1)], limit=2)
    assert len(shown.items) == min(found, 2)
    assert (shown.next is not None) is more
