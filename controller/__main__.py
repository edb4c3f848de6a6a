"""`tidegate`, and `python -m controller`: the command line, and what it starts in this process."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from controller.cli.main import build
from controller.cli.parts import Parts
from controller.cli.time import Clock


def main() -> None:
    parts = Parts(serve=_serve, migrate=_migrate, back_up=_back_up, restore=_restore, clock=_clock, examine=_examine)
    build(parts)(prog_name="tidegate")


# Imported when they are called: `tidegate --help` should not wait for AWS's and GitHub's clients to load.


def _serve(overrides: Mapping[str, object]) -> None:
    with _without_rich():
        from controller.app import serve
    from controller.settings import read_settings

    serve(read_settings(**overrides))


@contextmanager
def _without_rich() -> Iterator[None]:
    """structlog and httpx take rich along where that is installed, to draw tracebacks and for a command line: six
    megabytes that a server would carry for nothing."""
    if "rich" in sys.modules:
        yield
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["rich"]


def _migrate() -> None:
    from controller.settings import read_settings
    from controller.store.schema import migrate

    settings = read_settings()
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    migrate(settings.database)


def _back_up(file: Path) -> Mapping[str, object]:
    from importlib.metadata import version

    from controller.settings import read_settings
    from controller.store.backup import back_up

    made = back_up(read_settings().database, file, _clock(), version("tidegate"))
    rows = dict(made.header.tables)
    return {"taken_at": made.header.taken_at, "rows": rows, "bytes": made.bytes, "sha256": made.sha256}


def _restore(file: Path, replace: bool) -> Mapping[str, object]:
    from controller.settings import read_settings
    from controller.store.restore import restore

    settings = read_settings()
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    done = restore(settings.database, file, _clock(), replace_all=replace, keys=settings.keyring())
    rows = dict(done.header.tables)
    told = {"ended": list(done.ended), "resting": list(done.resting), "held": list(done.held)}
    return {"taken_at": done.header.taken_at, "rows": rows, **told}


def _examine() -> Sequence[Mapping[str, str]]:
    with _without_rich():
        from controller.app import examine
    from controller.settings import read_settings

    return [
        {"subject": line.subject, "state": str(line.state), "text": line.text, "advice": line.advice}
        for line in examine(read_settings())
    ]


def _clock() -> Clock:
    from controller.adapters.clock import SystemClock

    return SystemClock()


if __name__ == "__main__":
    main()
