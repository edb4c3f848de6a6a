"""What ECR's basic scanning tells of one image.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sandbox.world.values import Answer, page

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html"""

ONCE_IN_SECONDS = 86_400
"""An image is scanned once in 24 hours, the scan on push included.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html"""


@dataclass
class Scan:
    started_at: datetime
    status: str = "IN_PROGRESS"
    description: str | None = None
    completed_at: datetime | None = None
    flaws: tuple[str, ...] = ()
    """The severity of each finding."""

    def complete(self, flaws: tuple[str, ...], now: datetime) -> None:
        self.status, self.description = "COMPLETE", "The scan was completed successfully."
        self.completed_at, self.flaws = now, flaws

    def may_be_repeated(self, now: datetime, speed: float) -> bool:
        return (now - self.started_at).total_seconds() * speed >= ONCE_IN_SECONDS

    @property
    def counts(self) -> dict[str, int]:
        """Severities without findings are left out."""
        return dict(Counter(self.flaws))

    @property
    def shown(self) -> Answer:
        return {"status": self.status, "description": self.description}

    def told(self, token: str | None, size: int) -> Answer:
        """One page of what was found; nothing before the scan is over."""
        if self.completed_at is None:
            return {}
        listed, following = page(list(enumerate(self.flaws, start=1)), token, size)
        found = {
            "imageScanCompletedAt": self.completed_at,
            "vulnerabilitySourceUpdatedAt": self.completed_at,
            "findingSeverityCounts": self.counts,
            "findings": [_finding(number, severity) for number, severity in listed],
        }
        return {"imageScanFindings": found, "nextToken": following}


def _finding(number: int, severity: str) -> Answer:
    name = f"CVE-2026-{number:04}"
    return {
        "name": name,
        "description": "Nothing is wrong with the image: somebody told the sandbox to find this.",
        "uri": f"https://www.cve.org/CVERecord?id={name}",
        "severity": severity,
        "attributes": [
            {"key": "package_name", "value": "rehearsal"},
            {"key": "package_version", "value": "1.0"},
        ],
    }
