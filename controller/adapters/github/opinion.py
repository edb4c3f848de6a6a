"""What is said about a pull request, as GitHub takes it: one comment, one check. Pure.

Whatever came out of a file or from a person is shown as code, by `markdown.code`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.adapters.github.markdown import code, cut, table
from controller.domain.costs import CostChange
from controller.domain.proposal import Finding, Forecast, Opinion

LONGEST_COMMENT = 65_536
"""https://github.com/orgs/community/discussions/27190: what GitHub keeps of a comment's body."""

LONGEST_SUMMARY = 65_535
ANNOTATIONS_AT_ONCE = 50
"""https://docs.github.com/en/rest/checks/runs#create-a-check-run"""
MOST_ANNOTATIONS = 200
SHORT_DIGEST = len("sha256:") + 12
CHECK = "tidegate"


def marker(opinion: Opinion) -> str:
    """What our comment begins with, and no text of anybody's can: another controller, of other environments, has
    another one."""
    about = ",".join(sorted(forecast.environment for forecast in opinion.forecasts))
    return f"<!-- tidegate: what merging would do: {about} -->"


def comment(opinion: Opinion) -> str:
    lines = [marker(opinion), "### What merging this would do", ""]
    if not opinion.forecasts:
        lines += ["Nothing: no environment follows the branch that it goes to.", ""]
    for forecast in opinion.forecasts:
        lines += [*_environment(forecast, opinion.link), ""]
    others = {forecast.environment for forecast in opinion.forecasts}
    lines += list(_others(opinion, others))
    lines += [_footing(opinion)]
    return cut(lines, LONGEST_COMMENT, "*What is missing here is too long for a comment.*")


def _environment(forecast: Forecast, link: str) -> Iterator[str]:
    name = f"[{forecast.environment}]({link}/)" if link else forecast.environment
    yield f"#### {name}"
    yield ""
    if forecast.errors:
        yield "**Its file is not valid: what runs goes on running, and nothing new is deployed until it is mended.**"
        yield ""
        yield from (f"- {code(f'{each.path}:{each.line}')} {code(each.text)}" for each in forecast.errors)
        return
    yield f"Compared with {code(forecast.live)}." if forecast.live else "Nothing is live there yet."
    yield ""
    if forecast.notes:
        yield from (f"- {code(note)}" for note in forecast.notes)
        yield ""
    yield from _services(forecast)
    yield from _changes(forecast)
    yield from _steps(forecast)
    yield from _gates(forecast)
    if forecast.expected is not None:
        yield f"**Expected duration**: {forecast.expected.told}."
        yield ""
    if forecast.cost is not None:
        yield f"**Monthly cost**: {_cost(forecast.cost)}"
        yield ""


def _services(forecast: Forecast) -> list[str]:
    images = {change.service: change for change in forecast.images}
    rows = []
    for service, becomes in forecast.rolls.items():
        change = images.get(service)
        now = code(change.now[:SHORT_DIGEST]) if change else code("")
        then = code(_short(change.then)) if change else code("")
        rows.append((code(service), becomes, now, then))
    return table(("Service", "What becomes of it", "Image now", "Image then"), rows)


def _short(text: str) -> str:
    digest, comma, rest = text.partition(", ")
    return f"{digest[:SHORT_DIGEST]}{comma}{rest}" if digest.startswith("sha256:") else text


def _changes(forecast: Forecast) -> Iterator[str]:
    if not forecast.changes:
        yield "No field of its file changes."
        yield ""
        return
    yield "<details>"
    yield f"<summary>{len(forecast.changes)} fields change, defaults filled in</summary>"
    yield ""
    rows = [(code(change.key), code(change.old), code(change.new)) for change in forecast.changes]
    yield from table(("Field", "Live", "Merged"), rows)
    yield "</details>"
    yield ""


def _steps(forecast: Forecast) -> Iterator[str]:
    if not forecast.steps:
        yield "Nothing is to be done there."
    else:
        yield f"**Steps**, where every image is a new one: {' → '.join(code(step) for step in forecast.steps)}"
    yield ""


def _gates(forecast: Forecast) -> Iterator[str]:
    if not forecast.gates:
        return
    yield "**Gates** that will be asked:"
    yield ""
    yield from (f"- {code(gate.gate)}: {code(gate.text)}, by {gate.by}" for gate in forecast.gates)
    yield ""


def _cost(cost: CostChange) -> str:
    return f"unknown: {code(cost.note)}" if cost.after is None else f"{cost.told} ({code(cost.note)})"


def _others(opinion: Opinion, shown: set[str]) -> Iterator[str]:
    """Problems of files that this branch does not deploy: they would bite later."""
    told = {f"environments/{name}.yaml" for name in shown}
    rest = [finding for finding in opinion.findings if finding.path not in told or not finding.is_error]
    if rest:
        yield "**Besides**:"
        yield ""
        yield from (f"- {code(f'{each.path}:{each.line}')} {code(each.text)}" for each in rest)
        yield ""


def _footing(opinion: Opinion) -> str:
    pull = opinion.pull
    if pull.merge is not None:
        read = f"{code(pull.head[:7])} merged into {code(pull.base)} as it is now"
    else:
        read = f"{code(pull.head[:7])} by itself: GitHub has not merged it with {code(pull.base)}, or can't"
    return (
        f"<sub>Read at {read}. Nothing of this is deployed before it is merged; this comment is kept up to date.</sub>"
    )


# ---------------------------------------------------------------- the check


def title(opinion: Opinion) -> str:
    """Short enough for a commit status too."""
    errors = [finding for finding in opinion.findings if finding.is_error]
    if errors:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        return f"{errors[0].path}:{errors[0].line} is not valid{more}"
    rolling = [forecast.environment for forecast in opinion.forecasts if forecast.steps]
    return f"Valid; merging deploys to {', '.join(rolling)}" if rolling else "Valid; merging deploys nothing"


def summary(opinion: Opinion) -> str:
    lines = [title(opinion), ""]
    lines += [f"- {code(f'{each.path}:{each.line}')} {code(each.text)}" for each in opinion.findings]
    for forecast in opinion.forecasts:
        lines += ["", f"**{forecast.environment}**", ""]
        lines += [f"- {code(service)} {becomes}" for service, becomes in forecast.rolls.items()]
    return cut(lines, LONGEST_SUMMARY, "*There is more; the comment on the pull request has it.*")


def notes(opinion: Opinion) -> list[dict[str, Any]]:
    return [_annotation(finding) for finding in opinion.findings[:MOST_ANNOTATIONS]]


def _annotation(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "start_line": finding.line,
        "end_line": finding.line,
        "annotation_level": "failure" if finding.is_error else "warning",
        "message": finding.text,
    }
