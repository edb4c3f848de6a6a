"""The audit's key where none is given: made once, kept for its owner's eyes."""

import stat
from pathlib import Path

import pytest

from controller.domain.errors import Blocked
from controller.settings import LEAST_SECRET, read_settings
from controller.store.key_file import kept_key


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "audit.key"
    made = kept_key(path, make=True)
    assert made is not None and len(made.reveal()) > LEAST_SECRET
    assert kept_key(path, make=True) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["audit.key"]


def test_two_that_begin_at_once_get_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.key"
    first = kept_key(path, make=True)
    exists = iter([False, True])
    monkeypatch.setattr(Path, "exists", lambda _: next(exists))
    assert kept_key(path, make=True) == first


def test_none_is_made_where_none_is_wanted(tmp_path: Path) -> None:
    assert kept_key(tmp_path / "audit.key", make=False) is None
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_was_emptied_is_not_replaced(tmp_path: Path) -> None:
    """Another one would make everything before it unverifiable without a word."""
    (tmp_path / "audit.key").write_text("\n")
    with pytest.raises(Blocked) as caught:
        kept_key(tmp_path / "audit.key", make=True)
    assert caught.value.code == "audit.key_unreadable"


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Blocked, match=r"audit\.key"):
        kept_key(tmp_path / "file" / "audit.key", make=True)


# --------------------------------------------------------------- settings


def test_without_a_setting_the_key_of_the_state_directory_seals(tmp_path: Path) -> None:
    settings = read_settings(state_dir=tmp_path)
    ring = settings.keyring()
    kept = kept_key(tmp_path / "audit.key", make=False)
    assert kept is not None and ring.newest.secret == kept
    assert settings.keyring().newest == ring.newest


def test_given_keys_seal_newest_first_and_a_kept_one_still_verifies(tmp_path: Path) -> None:
    alone = read_settings(state_dir=tmp_path).keyring()
    given = read_settings(state_dir=tmp_path, audit_keys="the newest of all keys, an older key than that").keyring()
    assert given.newest.secret.reveal() == "the newest of all keys"
    assert given.find(alone.newest.id) == alone.newest


def test_given_keys_leave_no_file(tmp_path: Path) -> None:
    read_settings(state_dir=tmp_path, audit_keys="the newest of all keys").keyring()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"audit_keys": "too short"}, "shorter than 16"),
        ({"database_url": "postgresql://tidegate@host/tidegate"}, "every controller needs the same"),
    ],
)
def test_keys_that_can_not_do_are_refused_before_anything_begins(
    tmp_path: Path, given: dict[str, str], says: str
) -> None:
    settings = read_settings(state_dir=tmp_path, **given)
    for begin in (settings.keyring, settings.must_serve):
        with pytest.raises(Blocked, match="TIDEGATE_AUDIT_KEYS") as caught:
            begin()
        assert says in str(caught.value) and "too short" not in str(caught.value)


def test_keys_print_redacted(tmp_path: Path) -> None:
    settings = read_settings(state_dir=tmp_path, audit_keys="the newest of all keys")
    assert "newest of all" not in f"{settings!r} {settings.keyring().newest}"
