"""Text to a value, or every problem at once."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from controller.domain.errors import Rejected
from controller.domain.manifest.agreement import Finding, findings_in
from controller.domain.manifest.complaints import Complaint, complaints_in, value_at
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


@lru_cache(maxsize=100)
def read_recorded(text: str, file: str) -> EnvironmentFile:
    """The same of a text that was taken when it was recorded: what a later Tidegate complains about in new files
    doesn't make what is live unreadable."""
    return read(text, file, EnvironmentFile, lambda _: (), _STAND_INS)


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
    data, misspelt, written = _as_meant(model, tree.value)
    value, complaints = _validated(model, data)
    rest, failed = (value, complaints) if value else _what_is_left(model, data, complaints, stand_ins)
    findings = [found for found in (compare(rest) if rest else ()) if not _touches(found, failed)]
    every = (*misspelt, *complaints, *map(_as_complaint, findings))
    problems = {_problem(tree, file, _as_written(complaint, written)) for complaint in every}
    if problems or value is None:
        raise Rejected(sorted(problems))
    return value


def _as_meant(
    model: type[Model], data: dict[str, Any]
) -> tuple[dict[str, Any], list[Complaint], Mapping[Path, str | int]]:
    """The data with misspelt keys as they were meant, where something stands under them that has to be checked as well;
    what is wrong with those keys; and how they are written, by the paths that they have now."""
    misspelt: list[Complaint] = []
    written: dict[Path, str | int] = {}
    for _ in range(DEEPEST):
        found = [complaint for complaint in _validated(model, data)[1] if _is_worth_a_guess(complaint, data)]
        if not found:
            break
        data = deepcopy(data)
        for complaint in found:
            holder, meant = value_at(data, complaint.path[:-1]), str(complaint.meant)
            if meant not in holder:
                holder[meant] = holder.pop(complaint.path[-1])
                written[(*complaint.path[:-1], meant)] = complaint.path[-1]
                misspelt.append(complaint)
    return data, misspelt, written


def _is_worth_a_guess(complaint: Complaint, data: dict[str, Any]) -> bool:
    if complaint.meant is None:
        return False
    holder = value_at(data, complaint.path[:-1])
    return complaint.meant not in holder and isinstance(holder[complaint.path[-1]], dict | list)


def _as_written(complaint: Complaint, written: Mapping[Path, str | int]) -> Complaint:
    path = complaint.path
    return replace(complaint, path=tuple(written.get(path[: end + 1], part) for end, part in enumerate(path)))


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
