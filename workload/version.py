"""Who this process is: read once, told in `/version`, in every log line and in every answer's header."""

import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

VERSION = Path(__file__).with_name("VERSION").read_text(encoding="utf-8").strip()


def _now_rfc3339() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Identity:
    """`commit` and `tree` are what the image was built from; None when the builder did not say."""

    name: str
    version: str = VERSION
    commit: str | None = None
    tree: str | None = None
    python: str = field(default_factory=platform.python_version)
    started_at: str = field(default_factory=_now_rfc3339)

    @classmethod
    def of(cls, name: str) -> "Identity":
        """The identity of a service called `name`; the builder leaves commit and tree in the environment."""
        commit, tree = (os.environ.get(f"CAPTIONCRAFT_{part}") or None for part in ("COMMIT", "TREE"))
        return cls(name, commit=commit, tree=tree)

    def as_json(self) -> dict[str, str | None]:
        return asdict(self)
