"""The verbs that read files and need no controller: `validate` and `schema`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.saying import NO, WRONG_USE, clean, print_json, stop

if TYPE_CHECKING:
    from controller.domain.manifest import EnvironmentFile

ENDINGS = (".yaml", ".yml")
BINDINGS = "tidegate.yaml"
DEFAULT = Path("environments")


@dataclass
class Checked:
    """What was found in some files. A warning names the file, the key and what isn't done yet."""

    files: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


def validate(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, or a directory of files.")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
) -> None:
    """Check environment files, and tidegate.yaml; every problem with its line."""
    checked = Checked()
    for file in _files(path):
        _check(file, checked)
    if as_json:
        valid = not checked.problems
        print_json({"valid": valid, "problems": checked.problems, "warnings": checked.warnings})
    else:
        for line in _told(checked):
            typer.echo(clean(line))
    if checked.problems:
        raise typer.Exit(NO)


def schema() -> None:
    """Print the JSON Schema of environment files."""
    from controller.domain.manifest import environment_schema

    print_json(environment_schema())


def _files(path: Path) -> Sequence[Path]:
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix in ENDINGS and file.is_file())
        if not found:
            stop(WRONG_USE, f"{path} holds no {' or '.join(ENDINGS)} file: name a file, or another directory")
        return found
    if not path.exists():
        stop(WRONG_USE, f"{path} does not exist: name an environment file or a directory of them")
    return [path]


def _check(file: Path, checked: Checked) -> None:
    from controller.domain.bindings import read_bindings
    from controller.domain.errors import Rejected
    from controller.domain.manifest import Problem, read_environment

    checked.files += 1
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        _note(checked, Problem(str(file), 0, 0, "", f"byte {error.start}, which is not UTF-8", "text in UTF-8"))
        return
    except OSError as error:
        stop(WRONG_USE, f"{file} can't be read: {error.strerror}")
    try:
        if file.name == BINDINGS:
            read_bindings(text, str(file))
        else:
            checked.warnings += _warnings(file, read_environment(text, str(file)))
    except Rejected as error:
        for problem in error.problems:
            _note(checked, problem)


def _note(checked: Checked, problem: Any) -> None:
    checked.problems.append(asdict(problem))
    checked.sentences.append(str(problem))


def _warnings(file: Path, environment: EnvironmentFile) -> list[dict[str, Any]]:
    from controller.domain.manifest import unbuilt

    found = [{"file": str(file), **asdict(entry)} for entry in unbuilt(environment)]
    if environment.environment != file.stem:
        told = f"A controller reads {environment.environment} from environments/{environment.environment}.yaml."
        found.append({"file": str(file), "key": "environment", "guards": False, "sentence": told})
    return found


def _told(checked: Checked) -> Iterator[str]:
    yield from checked.sentences
    for warning in checked.warnings:
        held = " Deployments wait while it is named." if warning["guards"] else ""
        yield f"{warning['file']}: warning: {warning['key']}: {warning['sentence']}{held}"
    files, problems = _count(checked.files, "file"), _count(len(checked.problems), "problem")
    yield f"{files}, {problems}, {_count(len(checked.warnings), 'warning')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
