"""ECR's scans have found nothing in the new images that the files block."""

from collections.abc import Collection, Mapping
from datetime import datetime

from controller.domain.counting import counted
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason
from controller.domain.scans import Scan, ScanState
from controller.domain.verdict import Verdict, held, opened, unknown
from controller.gates.base import Case


def is_asked(case: Case) -> bool:
    return case.is_new and any(_blocks(file) for file in case.files)


def judge(case: Case, now: datetime) -> Verdict:
    """Held until the scan of every image that rolls has ended, and while one has a finding of a severity that the new
    file or the live one blocks."""
    severities = tuple(dict.fromkeys(severity for file in case.files for severity in _blocks(file)))
    if not severities:
        return opened("scan.not_asked", "no file asks for scans of images")
    images = _images(case)
    scans: dict[str, Scan] = {}
    for service, image in images.items():
        found = case.scans.get(image) or Reason("scan.unknown", f"the scan of {image} has not been read yet")
        if isinstance(found, Reason):
            return unknown(found)
        scans[service] = found
    return _found(case, scans, severities) or _untold(scans) or _clean(images, severities)


def _blocks(file: EnvironmentFile) -> tuple[str, ...]:
    return file.gates.image_scan.block if file.gates.image_scan else ()


def _images(case: Case) -> Mapping[str, str]:
    """Service → `repository@sha256:…`, of the services that roll."""
    images = case.deployment.revision.images
    assert case.plan is not None and images is not None, "it is asked when there is a plan, of a sealed revision"
    return {rolling.service: images[rolling.service] for rolling in case.plan.rolling}


def _found(case: Case, scans: Mapping[str, Scan], severities: Collection[str]) -> Verdict | None:
    bad = {
        service: counts
        for service, scan in scans.items()
        if scan.state is ScanState.DONE and (counts := scan.blocked_by(severities))
    }
    if not bad:
        return None
    listed = "; ".join(f"{_counted(counts)} in {service} ({_worst(scans[service])})" for service, counts in bad.items())
    of_live = {severity for counts in bad.values() for severity in counts} - {*_blocks(case.deployment.revision.file)}
    still = [severity for severity in severities if severity in of_live]
    why = f" (the file that is live blocks {', '.join(still)})" if still else ""
    return held("scan.blocked", f"ECR's scan found {listed}{why}; push a commit whose images have none")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {severity}" for severity, count in counts.items())


def _worst(scan: Scan) -> str:
    return ", ".join(scan.worst) if scan.worst else "ECR names none"


def _untold(scans: Mapping[str, Scan]) -> Verdict | None:
    """What needs a person first; what is only waited for last."""
    if failed := _said(scans, ScanState.FAILED):
        return held("scan.failed", f"ECR's scan tells nothing of {failed}")
    if unsupported := _said(scans, ScanState.UNSUPPORTED):
        return held("scan.unsupported", f"ECR doesn't scan {unsupported}")
    if pending := _said(scans, ScanState.PENDING):
        return held("scan.pending", f"ECR's scan has not ended: {pending}")
    return None


def _said(scans: Mapping[str, Scan], state: ScanState) -> str:
    return "; ".join(f"{service} ({scan.said})" for service, scan in scans.items() if scan.state is state)


def _clean(images: Mapping[str, str], severities: Collection[str]) -> Verdict:
    scanned = counted(len(set(images.values())), "image")
    return opened("scan.clean", f"no {' or '.join(severities)} finding in {scanned}")
