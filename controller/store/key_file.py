"""The file that keeps the audit's key where none is given: made once, and for its owner's eyes."""

import os
import secrets
from pathlib import Path

from controller.domain.errors import Blocked
from controller.domain.secret import Secret


def kept_key(path: Path, *, make: bool) -> Secret | None:
    """The key in the file; where there is no file one is made, or it is None.

    `Blocked` when it can't be read or made.
    """
    try:
        if make and not path.exists():
            _make(path)
        if not path.exists():
            return None
        kept = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        told = f"the audit's key in {path} can't be read or made ({type(error).__name__}): make it yours and writable"
        raise Blocked(told, code="audit.key_unreadable") from error
    if not kept:
        told = f"the audit's key in {path} is empty: bring the file back from a copy"
        raise Blocked(told, code="audit.key_unreadable")
    return Secret(kept)


def _make(path: Path) -> None:
    """In one piece: a process that dies half-way leaves no empty key, and of two that begin both get the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(half, path)
    except FileExistsError:
        return
    finally:
        half.unlink()
