"""`docs/sandbox-truth.md`: written from the comparison, the rulings and the probes; `make compare` writes it anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.oracles.compare import Recording
from tests.oracles.comparison import Comparison
from tests.oracles.knowingly import KNOWINGLY
from tests.oracles.probe import balancing, containers
from tests.oracles.probe.questions import PROBES
from tests.oracles.rulings import RULINGS, Ruling, Verdict
from tests.oracles.scripts import SCRIPTS
from tests.oracles.unprovoked import ONLY_BY_AWS, ONLY_BY_FAULT

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sandbox-truth.md"
ASKING = (balancing, containers)
"""Importing them is what fills the list of probes."""

HEAD = """# How far the sandbox's AWS can be believed

The sandbox answers AWS's calls from an engine of its own (`sandbox/world`). This page says how that is checked, what
differs from other stand-ins for AWS and which AWS document decides, and what only a real account can tell.
It is written by `make compare`; `make test` fails when it is not up to date.

- **Shapes.** Every answer is compared with the output shape of botocore's service model before it leaves
  (`sandbox/wire/check.py`), and every error with the errors that the model lists. Requests of the controller are
  checked against the input shapes more strictly than boto3 does: enumerations, patterns and lengths too.
- **Scripts.** `tests/oracles/scripts` holds conversations as data: calls, what is kept of the answers, how each call
  should end. They run on the sandbox, on [moto](https://github.com/getmoto/moto) and on
  [ministack](https://pypi.org/project/ministack/), both in environments of their own; the answers are compared field by
  field, without ids, times and the order of unordered lists.
- **Documents decide.** Where an oracle answers otherwise, a ruling in `tests/oracles/rulings.py` names the AWS document
  that says who is right. Where the oracle was right, the sandbox was mended. A difference without a ruling fails
  `make compare`; a new one on our side fails `make test`.
- **Two runtimes.** Real processes and scripted tasks go through the same stories with the same sequence of states:
  `tests/oracles/test_runtimes.py`.

The sandbox's times are shorter than AWS's: that is what its `speed` is for, and nothing here measures them.
"""


def page(ours: Recording, comparisons: Sequence[Comparison]) -> str:
    parts = (
        HEAD,
        "## What was compared\n",
        summary(ours, comparisons),
        _operations(comparisons),
        "## Differences, and what decides them\n",
        *(_rulings(comparisons, verdict) for verdict in (Verdict.OURS, Verdict.OPEN, Verdict.UNKNOWN, Verdict.BLIND)),
        _knowingly(),
        _unprovoked(),
        _probes(),
    )
    return "\n".join(parts)


def summary(ours: Recording, comparisons: Sequence[Comparison]) -> str:
    compared = sum(step.is_compared for script in SCRIPTS for step in script.steps)
    calls = sum(map(len, ours.values()))
    rows = []
    for each in comparisons:
        differing = len(each.steps_that_differ())
        counted = Counter(rule.verdict for _, rule in each.decided)
        figures = (compared, compared - differing, differing, *(counted[verdict] for verdict in Verdict))
        rows.append((f"{each.oracle} {each.version}", *figures))
    head = ("oracle", "calls compared", "same answer", "differing", *(f"fields: {verdict}" for verdict in Verdict))
    text = (
        f"{len(SCRIPTS)} scripts with {calls} calls, of which {compared} are compared and the others lay foundations. "
        f"{len({(s.service, s.operation) for script in SCRIPTS for s in script.steps})} operations.\n"
    )
    return f"{text}\n{table(head, rows)}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(str(cell).replace('|', '·') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _operations(comparisons: Sequence[Comparison]) -> str:
    """Per operation: how often it is compared, and how many answers of each oracle are the same."""
    asked: Counter[str] = Counter()
    for script in SCRIPTS:
        asked.update(f"{step.service} {step.operation}" for step in script.steps if step.is_compared)
    rows = []
    for operation, count in sorted(asked.items()):
        same = [count - len(_steps(each, operation)) for each in comparisons]
        rows.append((operation, count, *same))
    return table(("operation", "compared", *(f"same as {each.oracle}" for each in comparisons)), rows)


def _steps(comparison: Comparison, operation: str) -> set[tuple[str, int]]:
    return {(each.script, each.step) for each in comparison.every if each.operation == operation}


def _rulings(comparisons: Sequence[Comparison], verdict: Verdict) -> str:
    rows = [
        (each.oracle, each.operation.replace(" | ", ", "), _shown(each.field), _times(comparisons, each), _why(each))
        for each in RULINGS
        if each.verdict == verdict
    ]
    title = f"### {str(verdict)[0].upper()}{str(verdict)[1:]}\n\n"
    return title + table(("oracle", "calls", "what", "fields", "why"), rows)


def _shown(field: str) -> str:
    return ", ".join(f"`{one}`" for one in field.replace("(outcome) ", "").split(" | "))


def _times(comparisons: Sequence[Comparison], rule: Ruling) -> int:
    return sum(rule is one for each in comparisons for _, one in each.decided)


def _why(rule: Ruling) -> str:
    if rule.verdict is Verdict.UNKNOWN:
        return f"{rule.because} Probe: `{rule.source}`"
    if "{operation}" in rule.source:
        return f"{rule.because} (the API reference of each call)"
    return f"{rule.because} {_link(rule.source)}"


def _link(source: str) -> str:
    name = source.rpartition("/")[2].removesuffix(".html").removeprefix("API_")
    return f"([{name}]({source}))"


def _knowingly() -> str:
    """Differences that no oracle shows, because none of them does what AWS does either."""
    rows = [(ours, f"{aws} {_link(source)}") for ours, aws, source in KNOWINGLY]
    return "## Where the sandbox is otherwise, and knows it\n\n" + table(("the sandbox", "AWS"), rows)


def _unprovoked() -> str:
    text = (
        "## Errors that no script can provoke\n\n"
        "The controller has a meaning for each of these. The sandbox gives the first kind when a fault is ordered; the "
        "second only AWS gives.\n\n"
    )
    by_fault = [(code, "a fault of the sandbox", why) for code, why in ONLY_BY_FAULT.items()]
    by_aws = [(code, "AWS only", why) for code, why in ONLY_BY_AWS.items()]
    return text + table(("error", "who gives it", "when"), (*by_fault, *by_aws))


def _probes() -> str:
    text = (
        "## What only an account can tell\n\n"
        '`make probe ARGS="--account 123456789012 --vpc vpc-… --subnets subnet-…,subnet-… --security-groups sg-…"` '
        "says what it would make; with `--yes-this-costs-money` it asks. Everything that it makes has the tag "
        "`tidegate-probe`, and is gone when it ends, also after Ctrl-C; `--sweep` removes what a killed run has left. "
        "It costs an Application Load Balancer for the time of the run, and at most one task of a quarter vCPU at a "
        "time.\n\n"
        "Each probe is also asked of the sandbox by `make test`, which is where the third column comes from.\n\n"
    )
    rows = [(f"`{each.name}`", each.question, each.sandbox, each.matters, each.minutes) for each in PROBES.values()]
    return text + table(("probe", "question", "the sandbox says", "what stands on it", "minutes"), rows)
