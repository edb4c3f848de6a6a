"""The directory of `tidegate up`: one owner, old ones aside, nothing of anybody else's touched."""

import json
from pathlib import Path

import pytest

from controller.cli.state_directory import LOCK, InTheWay, StateDirectory


def used(path: Path, word: str) -> None:
    """As an earlier `up` left it."""
    path.mkdir(exist_ok=True)
    (path / LOCK).write_text("1\n")
    (path / "word").write_text(word)


def words(directory: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in directory.glob("*/word")}


def test_a_new_one_is_made_and_is_private(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "state")
    assert state.take(keep=False) is None
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_a_second_owner_is_told_who_has_it(tmp_path: Path) -> None:
    first = StateDirectory(tmp_path / "state")
    first.take(keep=False)
    with pytest.raises(InTheWay, match=r"another `tidegate up` \(process \d+\).*--state-dir"):
        StateDirectory(tmp_path / "state").take(keep=True)


def test_old_state_moves_aside_and_the_newest_three_stay(tmp_path: Path) -> None:
    for word in ("one", "two", "three", "four", "five"):
        used(tmp_path / "state", word)
        state = StateDirectory(tmp_path / "state")
        assert state.take(keep=False) == tmp_path / "state.1"
        state.release()
    assert words(tmp_path) == {"state.1": "five", "state.2": "four", "state.3": "three"}


def test_keep_goes_on_with_what_is_there(tmp_path: Path) -> None:
    used(tmp_path / "state", "one")
    (tmp_path / "state" / "sandbox.json").write_text("{}")
    assert StateDirectory(tmp_path / "state").take(keep=True) is None
    assert words(tmp_path) == {"state": "one"}
    assert not (tmp_path / "state" / "sandbox.json").exists()


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    for keep in (True, False):
        with pytest.raises(InTheWay, match="did not put there"):
            StateDirectory(tmp_path / "home").take(keep=keep)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.txt"]


def test_a_file_in_its_place_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(InTheWay, match="not a directory"):
        StateDirectory(tmp_path / "state").take(keep=False)


def test_somebody_elses_numbered_directories_are_not_deleted(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"state.{number}").mkdir()
        (tmp_path / f"state.{number}" / "word").write_text("not ours")
    used(tmp_path / "state", "ours")
    with pytest.raises(InTheWay, match="in the way"):
        StateDirectory(tmp_path / "state").take(keep=False)
    assert words(tmp_path)["state.3"] == "not ours"


def test_files_are_written_whole_and_for_the_owner_only(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "state")
    state.take(keep=False)
    state.write("sandbox.json", {"token": "x"})
    written = tmp_path / "state" / "sandbox.json"
    assert json.loads(written.read_text()) == {"token": "x"}
    assert written.stat().st_mode & 0o077 == 0
    assert {path.name for path in written.parent.iterdir()} == {LOCK, "sandbox.json"}
