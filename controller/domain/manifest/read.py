"""Text to a value, or every problem at once."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from controller.domain.errors import Rejected
from controller.domain.manifest.agreement import Finding, findings_in
from controller.domain.manifest.complaints import Complaint, complaints_in
from controller.domain.manifest.models import EnvironmentFile
from controller.domain.manifest.problem import Problem, kind_of
from controller.domain.manifest.tree import DEEPEST, Path, Tree, dotted, plant

Model = TypeVar("Model", bound=BaseModel)

# Stands where a required key is missing or wrong, so that what the rest says about itself can still be compared.
_STAND_INS = {
    "environment": "stand-in",
    "branch": "stand-in",
    "services": {"stand-in": {"image": {"repository": "stand-in", "tag": "stand-in"}}},
}


@lru_cache(maxsize=100)
def read_environment(text: str, file: str) -> EnvironmentFile:
    """The environment file that `text` is; `file` is its name in messages. Raises `Rejected` with all problems at once.

    A value is frozen, so callers that ask again for the same text get the same one.
    """
    return read(text, file, EnvironmentFile, findings_in, _STAND_INS)


def read(
    text: str,
    file: str,
    model: type[Model],
    compare: Callable[[Model], Iterable[Finding]],
    stand_ins: Mapping[str, Any],
) -> Model:
    """One YAML document as a `model` whose fields also agree with each other."""
    tree = plant(text, file)
    if not isinstance(tree.value, dict):
        raise Rejected([Problem(file, 1, 1, "", kind_of(tree.value), "a mapping")])
    value, complaints = _validated(model, tree.value)
    rest, failed = (value, complaints) if value else _what_is_left(model, tree.value, complaints, stand_ins)
    findings = [found for found in (compare(rest) if rest else ()) if not _touches(found, failed)]
    problems = {_problem(tree, file, complaint) for complaint in (*complaints, *map(_as_complaint, findings))}
    if problems or value is None:
        raise Rejected(sorted(problems))
    return value


def _validated(model: type[Model], data: dict[str, Any]) -> tuple[Model | None, list[Complaint]]:
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, list(complaints_in(error, model, data))


def _what_is_left(
    model: type[Model], data: dict[str, Any], complaints: list[Complaint], stand_ins: Mapping[str, Any]
) -> tuple[Model | None, list[Complaint]]:
    """The value without what is wrong in itself, and all that was complained about on the way there."""
    data, failed = deepcopy(data), list(complaints)
    for _ in range(DEEPEST):
        for complaint in complaints:
            _cut(data, complaint.path, stand_ins)
        value, complaints = _validated(model, data)
        if value is not None:
            return value, failed
        failed += complaints
    return None, failed


def _cut(data: dict[str, Any], path: Path, stand_ins: Mapping[str, Any]) -> None:
    """Remove what stands at the path: a list as a whole, and with a missing key the mapping that lacks it."""
    keys = _keys_before_any_index(path)
    parents = [data]
    for key in keys[:-1]:
        if not isinstance(parents[-1].get(key), dict):
            return  # cut already, together with a neighbour
        parents.append(parents[-1][key])
    if keys[-1] not in parents[-1] and len(parents) > 1:
        parents[-2].pop(keys[-2], None)
    elif len(parents) == 1 and keys[-1] in stand_ins:
        data[keys[-1]] = stand_ins[keys[-1]]
    else:
        parents[-1].pop(keys[-1], None)


def _keys_before_any_index(path: Path) -> list[str]:
    keys: list[str] = []
    for part in path:
        if isinstance(part, int):
            break
        keys.append(part)
    return keys


def _touches(finding: Finding, failed: list[Complaint]) -> bool:
    return any(
        compared[: len(complaint.path)] == complaint.path or complaint.path[: len(compared)] == compared
        for compared in finding.about
        for complaint in failed
    )


def _as_complaint(finding: Finding) -> Complaint:
    return Complaint(finding.at, finding.found, finding.wanted)


def _problem(tree: Tree, file: str, complaint: Complaint) -> Problem:
    place = tree.place(complaint.path, of_key=complaint.of_key)
    return Problem(file, *place, dotted(complaint.path), complaint.found, complaint.wanted)
