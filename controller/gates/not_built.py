"""What a file asks for, and this version can't do in place: it holds, because unknown is never open."""

from datetime import datetime

from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case


def judge(case: Case, now: datetime) -> Verdict:
    """Held while a service that had a route would lose it, or one without would get one."""
    asked = ", ".join(_changed_kinds(case))
    if not asked:
        return opened("gate.not_built", "everything that the file asks for is built")
    return held("gate.not_built", f"the file asks for {asked}, which this version of Tidegate can't do yet")


def _changed_kinds(case: Case) -> list[str]:
    """A service with a route is warmed behind the balancer, and one without is not: what was one can't become the
    other in place."""
    before = case.live.services if case.live else {}
    services = case.deployment.revision.file.services
    return [
        f"services.{name}.route (it had {'one' if before[name].route else 'none'}: give it another name)"
        for name, service in services.items()
        if name in before and (before[name].route is None) is not (service.route is None)
    ]
