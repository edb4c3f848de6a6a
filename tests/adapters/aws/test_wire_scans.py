"""What a scan has found, by what ECR answers: basic and enhanced, finished, on the way, or in vain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest

from controller.adapters.aws.wire import scans as wire
from controller.domain.scans import Scan, ScanState

OVER = {"imageScanCompletedAt": datetime(2026, 11, 21, tzinfo=UTC)}
CLEAN = {**OVER, "findings": [], "findingSeverityCounts": {}}


def a_page(status: str = "COMPLETE", found: dict[str, Any] | None = None, description: str = "") -> Any:
    told = {"status": status, **({"description": description} if description else {})}
    return {"imageScanStatus": told, **({} if found is None else {"imageScanFindings": found})}


def basic(severity: str, name: str) -> dict[str, Any]:
    return {"name": name, "severity": severity, "attributes": [{"key": "package_name", "value": "openssl"}]}


def enhanced(severity: str, name: str) -> dict[str, Any]:
    """Shortened from the sample in the API reference."""
    details = {"vulnerabilityId": name, "vulnerablePackages": [{"name": "libxml2", "version": "2.9.14"}]}
    return {
        "severity": severity,
        "title": f"{name} - libxml2",
        "type": "PACKAGE_VULNERABILITY",
        "packageVulnerabilityDetails": details,
    }


def test_the_image_is_asked_for_by_its_digest() -> None:
    assert wire.of_image("123456789012", "web", "sha256:a") == {
        "registryId": "123456789012",
        "repositoryName": "web",
        "imageId": {"imageDigest": "sha256:a"},
    }


def test_what_basic_scanning_found_is_counted_and_the_worst_are_named_first() -> None:
    listed = [basic("LOW", "CVE-1"), basic("CRITICAL", "CVE-2"), basic("HIGH", "CVE-3")]
    counts = {"LOW": 1, "CRITICAL": 1, "HIGH": 1, "MEDIUM": 0}
    found = wire.read([a_page(found={**OVER, "findings": listed, "findingSeverityCounts": counts})])
    assert found.state is ScanState.DONE
    assert found.counts == {"LOW": 1, "CRITICAL": 1, "HIGH": 1}
    assert found.worst == ("CRITICAL CVE-2", "HIGH CVE-3", "LOW CVE-1")


@pytest.mark.parametrize("status", ["ACTIVE", "COMPLETE"])
def test_what_enhanced_scanning_found_is_read_from_its_own_list(status: str) -> None:
    listed = [enhanced("UNTRIAGED", "CVE-9"), enhanced("HIGH", "CVE-2022-49043"), {"severity": "LOW", "title": "old"}]
    counts = {"HIGH": 1, "UNTRIAGED": 1, "LOW": 1}
    page = a_page(status, {**OVER, "enhancedFindings": listed, "findingSeverityCounts": counts}, "Continuous scan.")
    found = wire.read([page])
    assert found == Scan(
        ScanState.DONE, f"{status}: Continuous scan", counts, ("HIGH CVE-2022-49043", "LOW old", "UNTRIAGED CVE-9")
    )


def test_a_clean_image_is_done_and_has_no_counts() -> None:
    assert wire.read([a_page(found=CLEAN)]) == Scan(ScanState.DONE, "COMPLETE")


@pytest.mark.parametrize("status", ["ACTIVE", "COMPLETE"])
@pytest.mark.parametrize("found", [None, {}, {"findings": []}, {"findings": [], "enhancedFindings": []}])
def test_a_scan_that_calls_itself_over_and_has_nothing_to_show_is_not_clean(status: str, found: Any) -> None:
    """As in https://github.com/aws/aws-sdk/issues/289: the findings came some seconds later."""
    scan = wire.read([a_page(status, found)])
    assert (scan.state, scan.said.startswith(f"{status}; its findings are not there yet")) == (ScanState.PENDING, True)


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS"])
def test_a_scan_that_is_not_over_is_waited_for(status: str) -> None:
    page = a_page(status, {"findings": []}, "Pending start of the image scan.")
    assert wire.read([page]) == Scan(ScanState.PENDING, f"{status}: Pending start of the image scan")


@pytest.mark.parametrize(
    ("status", "description", "state", "advice"),
    [
        ("FAILED", "Internal error.", ScanState.FAILED, "scan it again"),
        ("FAILED", "UnsupportedImageError: The operating system is not supported.", ScanState.UNSUPPORTED, "build it"),
        ("FINDINGS_UNAVAILABLE", "", ScanState.FAILED, "look at the image"),
        ("LIMIT_EXCEEDED", "", ScanState.FAILED, "a quota"),
        ("SCAN_ELIGIBILITY_EXPIRED", "", ScanState.FAILED, "re-scan duration"),
        ("IMAGE_ARCHIVED", "", ScanState.UNSUPPORTED, "restore it"),
        ("IMAGE_SIZE_EXCEEDED", "", ScanState.UNSUPPORTED, "make it smaller"),
        ("UNSUPPORTED_IMAGE", "", ScanState.UNSUPPORTED, "build it"),
        ("BRAND_NEW_WORD", "", ScanState.FAILED, "look at the image"),
    ],
)
def test_what_can_not_be_told_says_why_and_what_to_do(
    status: str, description: str, state: ScanState, advice: str
) -> None:
    scan = wire.read([a_page(status, CLEAN, description)])
    assert (scan.state, scan.said.startswith(status), advice in scan.said) == (state, True, True)
    assert ".;" not in scan.said


def test_an_answer_without_a_status_is_no_clean_scan() -> None:
    answer: Any = {"imageScanFindings": CLEAN}
    assert wire.read([answer]).state is ScanState.FAILED


def test_every_state_of_botocores_model_is_known() -> None:
    model = botocore.session.get_session().get_service_model("ecr")
    assert set(model.shape_for("ScanStatus").enum) == set(wire.STATES)
    assert set(model.shape_for("FindingSeverity").enum) <= set(wire.SEVERITIES)


def counted(pages: list[Any], asked: list[int]) -> Iterator[Any]:
    for number, page in enumerate(pages, start=1):
        asked.append(number)
        yield page


def test_no_page_is_asked_for_once_the_worst_are_named() -> None:
    asked: list[int] = []
    counts = {"CRITICAL": 1, "LOW": 900}
    pages = [
        a_page(
            found={**OVER, "findings": [basic("LOW", f"CVE-{n}") for n in range(5)], "findingSeverityCounts": counts}
        ),
        a_page(found={**OVER, "findings": [basic("CRITICAL", "CVE-bad")], "findingSeverityCounts": counts}),
        a_page(found={**OVER, "findings": [basic("LOW", "CVE-late")], "findingSeverityCounts": counts}),
    ]
    scan = wire.read(counted(pages, asked))
    assert asked == [1, 2]
    assert scan.worst == ("CRITICAL CVE-bad", "LOW CVE-0", "LOW CVE-1", "LOW CVE-2", "LOW CVE-3")
    assert scan.counts == counts


def test_a_clean_image_takes_one_page() -> None:
    asked: list[int] = []
    wire.read(counted([a_page(found=CLEAN), a_page(found=CLEAN)], asked))
    assert asked == [1]


def test_where_ecr_counts_nothing_all_pages_are_read_and_counted() -> None:
    pages = [
        a_page(found={"findings": [basic("HIGH", "CVE-1"), basic("HIGH", "CVE-2")]}),
        a_page(found={"findings": [basic("CRITICAL", "CVE-3")]}),
    ]
    scan = wire.read(pages)
    assert (scan.state, scan.counts, scan.worst[0]) == (ScanState.DONE, {"HIGH": 2, "CRITICAL": 1}, "CRITICAL CVE-3")


@pytest.mark.parametrize(
    ("frequency", "state"),
    [
        ("MANUAL", ScanState.UNSUPPORTED),
        ("SCAN_ON_PUSH", ScanState.PENDING),
        ("CONTINUOUS_SCAN", ScanState.PENDING),
        (None, ScanState.PENDING),
    ],
)
def test_without_a_scan_it_depends_on_how_the_repository_is_scanned(frequency: str | None, state: ScanState) -> None:
    known = [{"repositoryName": "web", "scanFrequency": frequency}] if frequency else []
    reply: Any = {"scanningConfigurations": known, "failures": []}
    scan = wire.expected(reply, "web", "sha256:a")
    assert scan.state is state
    assert "`aws ecr start-image-scan --repository-name web --image-id imageDigest=sha256:a`" in scan.said
