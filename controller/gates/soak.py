"""The same version has been healthy for a while in another environment."""

from datetime import UTC, datetime

from controller.domain.manifest.models import Soak
from controller.domain.step import spoken
from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case


def is_asked(case: Case) -> bool:
    return case.is_new and any(file.gates.soak is not None for file in case.files)


def judge(case: Case, now: datetime) -> Verdict:
    """Held until the environments that both files name have run this version for as long as they say; one that turned
    back from it there has never run it."""
    wanted = [file.gates.soak for file in case.files if file.gates.soak is not None]
    verdicts = [_judged(soak, case, now) for soak in dict.fromkeys(wanted)]
    shut = next((verdict for verdict in verdicts if not verdict.is_open), None)
    return shut or opened("soak.done", "; ".join(verdict.reason.text for verdict in verdicts) or "no time is asked for")


def _judged(soak: Soak, case: Case, now: datetime) -> Verdict:
    where, found = soak.environment, case.soaked.get(soak.environment)
    if found is None:
        return held("soak.absent", f"this version has never been live in {where}: bring its files there first")
    if found.turned_back:
        text = f"{where} turned back from this version, {found.deployment}: one that mends it must soak there"
        return held("soak.turned_back", text)
    if found.lasted(now) >= soak.for_:
        return opened("soak.done", f"healthy in {where} for {spoken(soak.for_)} since {found.deployment}")
    since = f"live in {where} since {_spelled(found.since)} ({found.deployment})"
    if found.until is not None and found.beside:
        text = f"{since}, and {found.beside} has some of its traffic: it counts on when that has turned back"
        return held("soak.moving", text)
    if found.until is not None:
        text = f"{since} until {_spelled(found.until)}, which is less than {spoken(soak.for_)}: deploy it there again"
        return held("soak.cut_short", text)
    ends = found.since + soak.for_
    return held("soak.running", f"{since}: {spoken(soak.for_)} are over at {_spelled(ends)}", ends - now)


def _spelled(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
