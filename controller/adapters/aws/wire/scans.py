"""What ECR tells of an image's scan, basic or enhanced.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING

from controller.domain.scans import Scan, ScanState

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import (
        BatchGetRepositoryScanningConfigurationResponseTypeDef,
        DescribeImageScanFindingsRequestTypeDef,
        DescribeImageScanFindingsResponseTypeDef,
        ImageScanFindingsTypeDef,
        ImageScanStatusTypeDef,
    )

STATES: Mapping[str, ScanState] = {
    "COMPLETE": ScanState.DONE,
    "ACTIVE": ScanState.DONE,
    "IN_PROGRESS": ScanState.PENDING,
    "PENDING": ScanState.PENDING,
    "FAILED": ScanState.FAILED,
    "FINDINGS_UNAVAILABLE": ScanState.FAILED,
    "LIMIT_EXCEEDED": ScanState.FAILED,
    "SCAN_ELIGIBILITY_EXPIRED": ScanState.FAILED,
    "IMAGE_ARCHIVED": ScanState.UNSUPPORTED,
    "IMAGE_SIZE_EXCEEDED": ScanState.UNSUPPORTED,
    "UNSUPPORTED_IMAGE": ScanState.UNSUPPORTED,
}
"""A word that is not here is a scan that failed. An image that is scanned again and again is ACTIVE.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html"""

LOOK = "look at the image in Amazon ECR, or push a commit that builds another one"
ADVICE: Mapping[str, str] = {
    "FAILED": "scan it again with `aws ecr start-image-scan`, or push a commit that builds another one",
    "LIMIT_EXCEEDED": "a quota of scans is used up: raise it, or scan the image later with `aws ecr start-image-scan`",
    "SCAN_ELIGIBILITY_EXPIRED": (
        "Amazon Inspector scans an image for some time only: make its re-scan duration longer, or push a commit that "
        "builds another one"
    ),
    "IMAGE_ARCHIVED": "restore it from the archive",
    "IMAGE_SIZE_EXCEEDED": "make it smaller",
    "UNSUPPORTED_IMAGE": "build it on an operating system that ECR scans",
}
"""What a person can do. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-troubleshooting.html"""

UNSUPPORTED = "UnsupportedImageError"
"""How the description begins where basic scanning says FAILED of an image that it can't scan."""

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED")
MOST_NAMED = 5
NONE_YET = "ECR has no scan of it yet"


def of_image(account: str, repository: str, digest: str) -> DescribeImageScanFindingsRequestTypeDef:
    return {"registryId": account, "repositoryName": repository, "imageId": {"imageDigest": digest}}


def read(pages: Iterable[DescribeImageScanFindingsResponseTypeDef]) -> Scan:
    """Every page counts all findings, and names some in no promised order: no more pages are asked for than it takes to
    name the worst. Where there are no counts, every page is, and they are counted."""
    status: ImageScanStatusTypeDef = {}
    named: list[tuple[str, str]] = []
    counts: Mapping[str, int] = {}
    is_over = False
    for page in pages:
        status, found = page.get("imageScanStatus", {}), page.get("imageScanFindings", {})
        named = sorted([*named, *_named(found)], key=lambda finding: _gravity(finding[0]))
        counts = {str(name): count for name, count in found.get("findingSeverityCounts", {}).items() if count}
        is_over = "imageScanCompletedAt" in found
        if [severity for severity, _ in named[:MOST_NAMED]] == _gravest(counts):
            break
    counts = counts or Counter(severity for severity, _ in named)
    return _judged(status, counts, tuple(" ".join(each) for each in named[:MOST_NAMED]), is_over=is_over)


def _judged(
    status: ImageScanStatusTypeDef, counts: Mapping[str, int], worst: tuple[str, ...], *, is_over: bool
) -> Scan:
    """ECR says COMPLETE and ACTIVE some seconds before an enhanced scan's findings are there: what has neither findings
    nor the time of its end is not taken for clean. https://github.com/aws/aws-sdk/issues/289"""
    word, description = str(status.get("status", "no status")), status.get("description", "").rstrip(".")
    said = f"{word}: {description}" if description else word
    kind = "UNSUPPORTED_IMAGE" if word == "FAILED" and UNSUPPORTED in description else word
    state = STATES.get(kind, ScanState.FAILED)
    if state in (ScanState.FAILED, ScanState.UNSUPPORTED):
        return Scan(state, f"{said}; {ADVICE.get(kind, LOOK)}")
    if state is ScanState.DONE and not (counts or is_over):
        text = f"{said}; its findings are not there yet; if that stays, look at the image in Amazon Inspector"
        return Scan(ScanState.PENDING, text)
    return Scan(state, said, counts, worst)


def _named(found: ImageScanFindingsTypeDef) -> Iterator[tuple[str, str]]:
    """(severity, name) of each finding."""
    for basic in found.get("findings", []):
        yield basic.get("severity", "UNDEFINED"), basic.get("name", "?")
    for enhanced in found.get("enhancedFindings", []):
        known = enhanced.get("packageVulnerabilityDetails", {}).get("vulnerabilityId")
        yield enhanced.get("severity", "UNDEFINED"), known or enhanced.get("title", "?")


def _gravity(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _gravest(counts: Mapping[str, int]) -> list[str]:
    """The severities of the worst findings of so many.

    >>> _gravest({"HIGH": 300, "CRITICAL": 2})
    ['CRITICAL', 'CRITICAL', 'HIGH', 'HIGH', 'HIGH']
    """
    each = chain.from_iterable(repeat(severity, counts[severity]) for severity in sorted(counts, key=_gravity))
    return list(islice(each, MOST_NAMED))


def expected(reply: BatchGetRepositoryScanningConfigurationResponseTypeDef, repository: str, digest: str) -> Scan:
    """Of an image without a scan: whether there will be one, by how ECR scans its repository.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryScanningConfiguration.html
    """
    by_hand = f"`aws ecr start-image-scan --repository-name {repository} --image-id imageDigest={digest}`"
    if any(each.get("scanFrequency") == "MANUAL" for each in reply["scanningConfigurations"]):
        text = (
            f"nothing scans what is pushed to {repository}: let the registry's scanning configuration scan it on push"
        )
        return Scan(ScanState.UNSUPPORTED, f"{text}, and scan this one with {by_hand}")
    return Scan(ScanState.PENDING, f"{NONE_YET}; if it was pushed before its repository was scanned, use {by_hand}")
