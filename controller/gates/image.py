"""Every service's image exists and can be pinned by its digest."""

from datetime import datetime

from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case


def judge(case: Case, now: datetime) -> Verdict:
    """Open once the revision is sealed; else it says which image is waited for, and where it is looked for."""
    if case.deployment.revision.is_sealed:
        return opened("image.sealed", "every image is pinned by its digest")
    return held("image.missing", "; ".join(case.resolved.missing.values()) or "the images have not been looked up yet")
