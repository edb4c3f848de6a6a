"""The verbs that read files and need no controller: `validate` and `schema`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.saying import NO, WRONG_USE, clean, print_json, stop
from controller.domain.counting import counted

if TYPE_CHECKING:
    from controller.domain.bindings import Binding
    from controller.domain.manifest import EnvironmentFile

ENDINGS = (".yaml", ".yml")
BINDINGS = "tidegate.yaml"
DEFAULT = Path("environments")


@dataclass
class Checked:
    """What was found in some files. A warning names the file, the place, the key and what isn't done yet.

    `bindings` are those of the operator's file, if that is among them: the environment files must belong to them.
    """

    files: int = 0
    bindings: Mapping[str, Binding] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


def validate(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, or a directory of files.")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
) -> None:
    """Check environment files, and tidegate.yaml where it is; every problem with its line.

    Without PATH: ./environments, and the bindings in TIDEGATE_CONFIG or ./tidegate.yaml if there are any.
    """
    checked = Checked()
    for file in [*_bindings_beside(path), *_files(path)]:
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


def _bindings_beside(path: Path) -> Sequence[Path]:
    """The operator's file, where nobody said what to check: an application's repository has none, and needs none."""
    file = Path(os.environ.get("TIDEGATE_CONFIG") or BINDINGS)
    return [file] if path == DEFAULT and file.is_file() else []


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
    from controller.domain.bindings import check_belongs, read_bindings
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
        if file.name == BINDINGS or file == Path(os.environ.get("TIDEGATE_CONFIG", "")):
            checked.bindings = read_bindings(text, str(file))
        else:
            environment = read_environment(text, str(file))
            checked.warnings += _warnings(file, environment, text)
            if environment.environment in checked.bindings:
                check_belongs(environment, checked.bindings[environment.environment], str(file), text)
    except Rejected as error:
        for problem in error.problems:
            _note(checked, problem)


def _note(checked: Checked, problem: Any) -> None:
    checked.problems.append(asdict(problem))
    checked.sentences.append(str(problem))


def _warnings(file: Path, environment: EnvironmentFile, text: str) -> list[dict[str, Any]]:
    from controller.domain.manifest import Unbuilt, place_of_key, unbuilt

    found = list(unbuilt(environment))
    if environment.environment != file.stem:
        told = f"A controller reads {environment.environment} from environments/{environment.environment}.yaml."
        found.append(Unbuilt("environment", told))
    places = [place_of_key(text, str(file), entry.key) for entry in found]
    return [
        {"file": str(file), "line": line, "column": column, **asdict(entry)}
        for (line, column), entry in zip(places, found, strict=True)
    ]


def _told(checked: Checked) -> Iterator[str]:
    yield from checked.sentences
    for warning in checked.warnings:
        place = f"{warning['file']}:{warning['line']}:{warning['column']}"
        yield f"{place}: warning: {warning['key']}: {warning['sentence']}"
    files, problems = counted(checked.files, "file"), counted(len(checked.problems), "problem")
    yield f"{files}, {problems}, {counted(len(checked.warnings), 'warning')}"
