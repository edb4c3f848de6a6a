"""Whatever the file asks to be guarded by, and this version can't do: it holds, because unknown is never open."""

from datetime import datetime

from controller.domain.manifest import unbuilt
from controller.gates.base import Case, Verdict, held, opened


def judge(case: Case, now: datetime) -> Verdict:
    """Held while the new file, the live one or the binding names a guard that is not built."""
    guards = [entry for entry in unbuilt(case.deployment.revision.file, case.binding.minimum) if entry.guards]
    known = {entry.key for entry in guards}
    if case.live is not None:
        guards += [entry for entry in unbuilt(case.live) if entry.guards and entry.key not in known]
    if not guards:
        return opened("gate.not_built", "everything that the file asks for is built")
    asked = ", ".join(entry.key for entry in guards)
    return held("gate.not_built", f"the file asks for {asked}, which this version of Tidegate can't do yet")
