"""`tidegate` as a process: exit codes, what is loaded, and verbs of other packages."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint, version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from controller.cli import plugins
from controller.cli.plugins import WithPlugins, loaded


def tidegate(directory: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    return subprocess.run(
        [sys.executable, "-m", "controller", *words],
        cwd=directory,
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--help",), 0, ""),
        (("token",), 0, ""),
        (("--version",), 0, ""),
        (("status",), 3, "tidegate up"),
        (("statsu",), 2, "No such command"),
        (("serve", "--prot", "1"), 2, "--port"),
        (("serve",), 1, "TIDEGATE_API_TOKEN"),
        (("validate", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("up", "--port", "80"), 2, "--port"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_exit_codes_and_errors_on_standard_error(tmp_path: Path, words: tuple[str, ...], code: int, told: str) -> None:
    done = tidegate(tmp_path, *words)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert bool(done.stdout) is (code == 0)
    assert "Traceback" not in done.stderr


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert tidegate(tmp_path, "--version").stdout == f"tidegate {version('tidegate')}\n"


def test_a_setting_that_can_t_be_read_is_named_with_an_example(tmp_path: Path) -> None:
    done = tidegate(tmp_path, "migrate", TIDEGATE_PORT="abc", TIDEGATE_PACE_SECONDS="0", TIDEGATE_CONNECT_TO="secret")
    assert done.returncode == 1
    port, pace, connect_to = done.stderr.splitlines()[1:]
    assert port == "  TIDEGATE_PORT: wanted a number from 0 to 65535, as 8080"
    assert pace == "  TIDEGATE_PACE_SECONDS: wanted a number of seconds above 0, as 5"
    assert connect_to.startswith("  TIDEGATE_CONNECT_TO: wanted host:port=host:port") and "secret" not in connect_to


def test_only_real_commands_are_offered_under_sandbox(tmp_path: Path) -> None:
    assert "completion" not in tidegate(tmp_path, "sandbox", "--help").stdout


def test_migrate_makes_the_tables(tmp_path: Path) -> None:
    done = tidegate(tmp_path, "migrate", TIDEGATE_STATE_DIR=str(tmp_path / "state"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "state" / "tidegate.db").is_file()


def test_nobody_waits_for_a_client_of_aws_to_be_told_how_to_call(tmp_path: Path) -> None:
    program = (
        "import sys; from controller.__main__ import main\n"
        "sys.argv = ['tidegate', 'token']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    heavy = {"boto3", "sqlalchemy", "starlette", "github", "httpx", "jinja2", "uvicorn"}
    assert heavy.isdisjoint(done.stdout.split())


def an_app(monkeypatch: pytest.MonkeyPatch, **entries: str) -> typer.Typer:
    """A command line of one verb, and the plug-ins that these entry points name."""
    found = {name: EntryPoint(name, value, plugins.GROUP) for name, value in entries.items()}
    monkeypatch.setattr(plugins, "found", lambda: found)
    app = typer.Typer(cls=WithPlugins)

    @app.command()
    def own() -> None:
        typer.echo("own")

    @app.command()
    def other() -> None:
        typer.echo("other")

    return app


def test_a_verb_of_another_package_is_ours_too(monkeypatch: pytest.MonkeyPatch) -> None:
    app = an_app(monkeypatch, sandbox="sandbox.commands:app")
    result = CliRunner().invoke(app, ["sandbox", "--help"])
    assert result.exit_code == 0
    assert "merge" in result.stdout


@pytest.mark.parametrize("value", ["no.such.module:app", "controller.cli.plugins:nothing", "controller.cli.saying:NO"])
def test_a_broken_plugin_breaks_only_itself(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    app = an_app(monkeypatch, broken=value)
    assert CliRunner().invoke(app, ["own"]).stdout == "own\n"
    assert "can't be loaded" in " ".join(CliRunner().invoke(app, ["--help"]).stdout.split())
    result = CliRunner().invoke(app, ["broken", "--with", "words"])
    assert result.exit_code == 1
    assert f"can't be loaded from {value}" in result.stderr


def test_a_plugin_never_replaces_a_verb_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    app = an_app(monkeypatch, own="no.such.module:app")
    assert CliRunner().invoke(app, ["own"]).stdout == "own\n"


def test_a_plugin_is_called_as_its_entry_point_says() -> None:
    assert loaded(EntryPoint("sandbox", "sandbox.commands:app", plugins.GROUP)).name == "sandbox"
