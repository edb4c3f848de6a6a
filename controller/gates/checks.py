"""The commit has passed what the file requires of it on GitHub."""

from collections.abc import Iterable
from datetime import datetime

from controller.domain.commit_checks import CheckList, CommitCheck, lacking
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason
from controller.domain.verdict import Answer, Verdict, held, opened, unknown
from controller.gates.base import Case


def is_asked(case: Case) -> bool:
    return case.is_new and bool(required(case.files))


def judge(case: Case, now: datetime) -> Verdict:
    """Open once every check that the new file or the live one names has passed on exactly this commit.

    One that nobody has begun holds as one that runs does. Of two checks with one name both count.
    """
    wanted = required(case.files)
    commit = case.deployment.revision.commit.short
    if not wanted:
        return opened("checks.passed", "no check of the commit is required")
    if isinstance(case.checks, Reason):
        return unknown(case.checks)
    found = lacking(wanted, case.checks)
    if found.failed:
        return Verdict(Answer.HELD, failure(found.failed, commit))
    if found.pending or found.missing:
        return held("checks.pending", _awaited(found, commit))
    return opened("checks.passed", f"passed on {commit}: {', '.join(wanted)}")


def required(files: Iterable[EnvironmentFile]) -> tuple[str, ...]:
    """Each name once, those of the first file first."""
    asked = [file.gates.checks.required for file in files if file.gates.checks is not None]
    return tuple(dict.fromkeys(name for names in asked for name in names))


def failure(failed: Iterable[CommitCheck], commit: str) -> Reason:
    text = f"failed on {commit}: {_listed(failed)}"
    return Reason("checks.failed", f"{text}; a re-run that passes opens this, or a newer commit")


def _awaited(found: CheckList, commit: str) -> str:
    running = f"not passed yet on {commit}: {_listed(found.pending)}"
    absent = f"no check named {' or '.join(found.missing)} has begun on {commit}"
    return "; ".join(text for text, applies in ((running, found.pending), (absent, found.missing)) if applies)


def _listed(checks: Iterable[CommitCheck]) -> str:
    return ", ".join(f"{check.name} ({check.said}{check.url and f', {check.url}'})" for check in checks)
