"""ECR's scans: on push, by hand, and what they find."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.world.small.scans import ONCE_IN_SECONDS
from tests.support.sandbox_aws import REGION, Sandbox

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    sandbox.ecr.create_repository(repositoryName="web", imageScanningConfiguration={"scanOnPush": True})
    return sandbox


def push(sandbox: Sandbox, tag: str = "v1", *flaws: str) -> dict[str, str]:
    """The pushed image's id, after somebody ordered these findings."""
    if flaws:
        sandbox.world.faults.flaws.append(flaws)
    return {"imageDigest": sandbox.push("web", tag).partition("@")[2]}


def described(sandbox: Sandbox, image: dict[str, str], **more: Any) -> Any:
    return sandbox.ecr.describe_image_scan_findings(repositoryName="web", imageId=image, **more)


def status(sandbox: Sandbox, image: dict[str, str]) -> str:
    try:
        return str(described(sandbox, image)["imageScanStatus"]["status"])
    except sandbox.ecr.exceptions.ScanNotFoundException:
        return "none"


def scanned(sandbox: Sandbox) -> list[Any]:
    return sandbox.world.journal.of("ECR Image Scan")


def test_a_scan_begins_some_seconds_after_the_push_and_takes_a_while(sandbox: Sandbox) -> None:
    image, seen = push(sandbox), []
    for _ in range(12):
        seen.append(status(sandbox, image))
        sandbox.clock.advance(1)
    assert sorted(set(seen), key=seen.index) == ["none", "IN_PROGRESS", "COMPLETE"]
    found = described(sandbox, image)["imageScanFindings"]
    assert (found["findings"], found["findingSeverityCounts"]) == ([], {})
    assert found["imageScanCompletedAt"]


def test_its_end_is_told_as_eventbridge_tells_it(sandbox: Sandbox) -> None:
    image = push(sandbox, "v1", "CRITICAL", "HIGH", "HIGH")
    sandbox.clock.advance(9)
    assert scanned(sandbox) == []
    sandbox.clock.advance(1)
    [event] = scanned(sandbox)
    assert event.resource == f"arn:aws:ecr:{REGION}:123456789012:repository/web"
    assert event.detail == {
        "scan-status": "COMPLETE",
        "repository-name": "web",
        "finding-severity-counts": {"CRITICAL": 1, "HIGH": 2},
        "image-digest": image["imageDigest"],
        "image-tags": ["v1"],
    }


def test_what_was_ordered_is_found_in_the_next_image_only(sandbox: Sandbox) -> None:
    flawed, good = push(sandbox, "v1", "HIGH"), push(sandbox, "v2")
    sandbox.clock.advance(10)
    [finding] = described(sandbox, flawed)["imageScanFindings"]["findings"]
    assert (finding["name"], finding["severity"]) == ("CVE-2026-0001", "HIGH")
    assert described(sandbox, good)["imageScanFindings"]["findings"] == []


def test_another_tag_of_an_image_uses_up_nothing_that_was_ordered(sandbox: Sandbox) -> None:
    push(sandbox)
    sandbox.clock.advance(10)
    sandbox.world.faults.flaws.append(("CRITICAL",))
    [known] = sandbox.ecr.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])["images"]
    sandbox.ecr.put_image(repositoryName="web", imageManifest=known["imageManifest"], imageTag="again")
    sandbox.clock.advance(10)
    assert (len(scanned(sandbox)), sandbox.world.faults.flaws) == (1, [("CRITICAL",)])
    sandbox.world.faults.clear()
    assert sandbox.world.faults.flaws == []


def test_findings_come_in_pages_and_every_page_counts_all_of_them(sandbox: Sandbox) -> None:
    image = push(sandbox, "v1", "CRITICAL", "HIGH", "HIGH")
    sandbox.clock.advance(10)
    first = described(sandbox, image, maxResults=2)
    last = described(sandbox, image, maxResults=2, nextToken=first["nextToken"])
    assert [len(page["imageScanFindings"]["findings"]) for page in (first, last)] == [2, 1]
    assert all(
        page["imageScanFindings"]["findingSeverityCounts"] == {"CRITICAL": 1, "HIGH": 2} for page in (first, last)
    )
    assert "nextToken" not in last


def test_without_scan_on_push_only_a_person_starts_one_once_a_day(sandbox: Sandbox) -> None:
    sandbox.ecr.put_image_scanning_configuration(repositoryName="web", imageScanningConfiguration={"scanOnPush": False})
    image = push(sandbox, "v1", "LOW")
    sandbox.clock.advance(60)
    assert status(sandbox, image) == "none"
    begun = sandbox.ecr.start_image_scan(repositoryName="web", imageId=image)
    assert begun["imageScanStatus"]["status"] == status(sandbox, image) == "IN_PROGRESS"
    sandbox.clock.advance(10)
    assert described(sandbox, image)["imageScanFindings"]["findingSeverityCounts"] == {"LOW": 1}
    with pytest.raises(sandbox.ecr.exceptions.LimitExceededException):
        sandbox.ecr.start_image_scan(repositoryName="web", imageId=image)
    sandbox.clock.advance(ONCE_IN_SECONDS)
    sandbox.ecr.start_image_scan(repositoryName="web", imageId=image)
    assert status(sandbox, image) == "IN_PROGRESS"


def test_a_scan_by_hand_right_after_the_push_is_the_only_one(sandbox: Sandbox) -> None:
    image = push(sandbox)
    sandbox.ecr.start_image_scan(repositoryName="web", imageId=image)
    sandbox.clock.advance(60)
    assert len(scanned(sandbox)) == 1


def test_an_image_that_is_deleted_meanwhile_is_told_of_no_more(sandbox: Sandbox) -> None:
    image = push(sandbox)
    sandbox.clock.advance(5)
    sandbox.ecr.batch_delete_image(repositoryName="web", imageIds=[image])
    sandbox.clock.advance(60)
    assert scanned(sandbox) == []
    with pytest.raises(sandbox.ecr.exceptions.ImageNotFoundException):
        described(sandbox, image)


def test_an_index_has_no_scan_of_its_own(sandbox: Sandbox) -> None:
    image = push(sandbox)
    sandbox.world.faults.flaws.append(("CRITICAL",))
    entry = {"digest": image["imageDigest"], "platform": {"architecture": "amd64", "os": "linux"}}
    both = sandbox.ecr.put_image(
        repositoryName="web",
        imageManifest=json.dumps({"manifests": [entry]}),
        imageManifestMediaType=INDEX,
        imageTag="both",
    )["image"]["imageId"]
    sandbox.clock.advance(10)
    assert (status(sandbox, image), status(sandbox, both)) == ("COMPLETE", "none")
    assert sandbox.world.faults.flaws == [("CRITICAL",)]
    with pytest.raises(sandbox.ecr.exceptions.UnsupportedImageTypeException):
        sandbox.ecr.start_image_scan(repositoryName="web", imageId=both)


def test_how_repositories_are_scanned_can_be_asked(sandbox: Sandbox) -> None:
    sandbox.ecr.create_repository(repositoryName="api")
    answer = sandbox.ecr.batch_get_repository_scanning_configuration(repositoryNames=["web", "api", "none"])
    shown = {
        each["repositoryName"]: (each["scanOnPush"], each["scanFrequency"]) for each in answer["scanningConfigurations"]
    }
    assert shown == {"web": (True, "SCAN_ON_PUSH"), "api": (False, "MANUAL")}
    assert [each["failureCode"] for each in answer["failures"]] == ["REPOSITORY_NOT_FOUND"]
