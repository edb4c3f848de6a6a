"""`tidegate`, and `python -m controller`: the command line, and what it starts in this process."""

from collections.abc import Mapping

from controller.cli.main import build
from controller.cli.parts import Parts
from controller.cli.time import Clock


def main() -> None:
    build(Parts(serve=_serve, migrate=_migrate, clock=_clock))(prog_name="tidegate")


# Imported when they are called: `tidegate --help` should not wait for AWS's and GitHub's clients to load.


def _serve(overrides: Mapping[str, object]) -> None:
    from controller.app import serve
    from controller.settings import read_settings

    serve(read_settings(**overrides))


def _migrate() -> None:
    from controller.settings import read_settings
    from controller.store.schema import migrate

    settings = read_settings()
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    migrate(settings.database)


def _clock() -> Clock:
    from controller.adapters.clock import SystemClock

    return SystemClock()


if __name__ == "__main__":
    main()
