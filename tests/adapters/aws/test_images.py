"""Tags of ECR, resolved to what a platform would pull, and what scans of it have found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.domain.errors import Blocked, Transient
from controller.domain.scans import Scan, ScanState
from sandbox.world.faults import Fault
from sandbox.world.small import ecr
from sandbox.world.small.scans import Scan as Begun
from tests.adapters.aws.rig import Rig

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
REPOSITORY = "captioncraft-backend"


def push_index(rig: Rig, *architectures: str) -> dict[str, str]:
    """An index tagged `both`; the digest of each platform's manifest."""
    digests = {name: rig.sandbox.push(REPOSITORY, name).split("@")[1] for name in architectures}
    listed: list[dict[str, Any]] = [
        {
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "digest": digest,
            "size": 1,
            "platform": {"os": "linux", "architecture": name},
        }
        for name, digest in digests.items()
    ]
    manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed})
    rig.sandbox.ecr.put_image(
        repositoryName=REPOSITORY, imageManifest=manifest, imageManifestMediaType=OCI_INDEX, imageTag="both"
    )
    return digests


def test_a_single_manifest_stands_for_itself(rig: Rig) -> None:
    digest = rig.sandbox.push(REPOSITORY, "develop-1").split("@")[1]
    assert rig.cloud.images.resolve(REPOSITORY, "develop-1", "X86_64") == digest


@pytest.mark.parametrize(("architecture", "name"), [("X86_64", "amd64"), ("ARM64", "arm64")])
def test_an_index_gives_the_manifest_of_the_platform(rig: Rig, architecture: str, name: str) -> None:
    digests = push_index(rig, "amd64", "arm64")
    assert rig.cloud.images.resolve(REPOSITORY, "both", architecture) == digests[name]


def test_an_index_without_the_platform_says_what_it_has(rig: Rig) -> None:
    push_index(rig, "arm64")
    with pytest.raises(Blocked, match="is for linux/arm64, not for X86_64") as raised:
        rig.cloud.images.resolve(REPOSITORY, "both", "X86_64")
    assert raised.value.code == "image.wrong_platform"


def test_a_tag_that_is_not_there_is_no_image_yet(rig: Rig) -> None:
    rig.sandbox.push(REPOSITORY, "develop-1")
    assert rig.cloud.images.resolve(REPOSITORY, "develop-2", "X86_64") is None


def test_a_missing_repository_is_named(rig: Rig) -> None:
    with pytest.raises(Blocked, match="image captioncraft-typo:v1") as raised:
        rig.cloud.images.resolve("captioncraft-typo", "v1", "X86_64")
    assert raised.value.code == "image.repository_missing"


def test_a_digest_exists_or_not(rig: Rig) -> None:
    digest = rig.sandbox.push(REPOSITORY, "develop-1").split("@")[1]
    assert rig.cloud.images.exists(REPOSITORY, digest)
    assert not rig.cloud.images.exists(REPOSITORY, "sha256:" + "0" * 64)


@pytest.mark.parametrize(("kind", "becomes"), [("throttle", Transient), ("denied", Blocked)])
def test_what_cannot_be_read_is_not_absent(rig: Rig, kind: Any, becomes: type[Exception]) -> None:
    rig.sandbox.push(REPOSITORY, "develop-1")
    rig.world.faults.add(Fault(kind=kind, operation="BatchGetImage"))
    with pytest.raises(becomes):
        rig.cloud.images.resolve(REPOSITORY, "develop-1", "X86_64")


@pytest.mark.parametrize(
    ("failures", "becomes"),
    [
        ([{"failureCode": "KmsError", "failureReason": "key disabled"}], Blocked),
        ([{"failureCode": "UpstreamUnavailable", "failureReason": "later"}], Transient),
        ([], Transient),
    ],
)
def test_another_failure_is_not_absence(rig: Rig, failures: list[Any], becomes: type[Exception]) -> None:
    rig.sandbox.push(REPOSITORY, "develop-1")

    def failing(parsed: dict[str, Any], **_: Any) -> None:
        parsed.update(images=[], failures=failures)

    rig.hooks.append(("after-call.ecr.BatchGetImage", failing))
    with pytest.raises(becomes, match="image captioncraft-backend:develop-1"):
        rig.stranger().images.resolve(REPOSITORY, "develop-1", "X86_64")


def scanned_image(rig: Rig, *flaws: str, scan_on_push: bool = True) -> str:
    """The digest of an image, just pushed, in which a scan will find something of these severities."""
    rig.sandbox.ecr.create_repository(
        repositoryName=REPOSITORY, imageScanningConfiguration={"scanOnPush": scan_on_push}
    )
    rig.world.faults.flaws.append(flaws)
    digest = rig.sandbox.push(REPOSITORY, "develop-1").split("@")[1]
    rig.world.calls.clear()
    return digest


def test_a_scan_is_waited_for_and_then_says_what_it_found(rig: Rig) -> None:
    digest = scanned_image(rig, "HIGH", "CRITICAL", "HIGH")
    first = rig.cloud.images.scan(REPOSITORY, digest)
    assert (first.state, first.said.startswith("ECR has no scan of it yet")) == (ScanState.PENDING, True)
    rig.clock.advance(5)
    assert rig.cloud.images.scan(REPOSITORY, digest) == Scan(ScanState.PENDING, "IN_PROGRESS")
    rig.clock.advance(5)
    assert rig.cloud.images.scan(REPOSITORY, digest) == Scan(
        ScanState.DONE,
        "COMPLETE: The scan was completed successfully",
        {"HIGH": 2, "CRITICAL": 1},
        ("CRITICAL CVE-2026-0002", "HIGH CVE-2026-0001", "HIGH CVE-2026-0003"),
    )


def test_a_finished_scan_takes_one_call(rig: Rig) -> None:
    digest = scanned_image(rig, *["LOW"] * 300)
    rig.clock.advance(10)
    assert rig.cloud.images.scan(REPOSITORY, digest).counts == {"LOW": 300}
    assert rig.operations() == ["DescribeImageScanFindings"]


def test_the_worst_of_many_findings_are_looked_for_on_later_pages(rig: Rig) -> None:
    digest = scanned_image(rig, *["LOW"] * 150, "CRITICAL", *["LOW"] * 150)
    rig.clock.advance(10)
    assert rig.cloud.images.scan(REPOSITORY, digest).worst[:2] == ("CRITICAL CVE-2026-0151", "LOW CVE-2026-0001")
    assert rig.operations() == ["DescribeImageScanFindings"] * 2


def test_a_repository_that_nothing_scans_is_not_waited_for(rig: Rig) -> None:
    digest = scanned_image(rig, scan_on_push=False)
    rig.clock.advance(3600)
    scan = rig.cloud.images.scan(REPOSITORY, digest)
    assert (scan.state, "let the registry's scanning configuration" in scan.said) == (ScanState.UNSUPPORTED, True)
    rig.sandbox.ecr.start_image_scan(repositoryName=REPOSITORY, imageId={"imageDigest": digest})
    rig.clock.advance(10)
    assert rig.cloud.images.scan(REPOSITORY, digest).state is ScanState.DONE


def test_who_may_not_ask_how_a_repository_is_scanned_waits_and_is_told_so(rig: Rig) -> None:
    digest = scanned_image(rig, scan_on_push=False)
    rig.world.faults.add(Fault(kind="denied", operation="BatchGetRepositoryScanningConfiguration"))
    scan = rig.cloud.images.scan(REPOSITORY, digest)
    assert scan.state is ScanState.PENDING
    assert "ecr BatchGetRepositoryScanningConfiguration for repository" in scan.said and "iam-policy.md" in scan.said


@pytest.mark.parametrize(("kind", "becomes"), [("throttle", Transient), ("denied", Blocked)])
def test_a_scan_that_cannot_be_read_is_no_scan(rig: Rig, kind: Any, becomes: type[Exception]) -> None:
    digest = scanned_image(rig)
    rig.clock.advance(10)
    rig.world.faults.add(Fault(kind=kind, operation="DescribeImageScanFindings"))
    with pytest.raises(becomes):
        rig.cloud.images.scan(REPOSITORY, digest)


def test_how_a_repository_is_scanned_is_asked_again_when_it_could_not_be_read(rig: Rig) -> None:
    digest = scanned_image(rig)
    rig.world.faults.add(Fault(kind="throttle", operation="BatchGetRepositoryScanningConfiguration"))
    with pytest.raises(Transient):
        rig.cloud.images.scan(REPOSITORY, digest)


def test_a_scan_of_an_image_that_is_gone_is_for_a_person(rig: Rig) -> None:
    scanned_image(rig)
    with pytest.raises(Blocked, match="Push the image again") as raised:
        rig.cloud.images.scan(REPOSITORY, "sha256:" + "0" * 64)
    assert raised.value.code == "image.gone"
    with pytest.raises(Blocked) as raised:
        rig.cloud.images.scan("captioncraft-typo", "sha256:" + "0" * 64)
    assert raised.value.code == "image.repository_missing"


def test_a_scan_that_failed_is_told_in_ecrs_words(rig: Rig) -> None:
    digest = scanned_image(rig)
    found = ecr.find(rig.world.place(), REPOSITORY, digest)
    assert found is not None
    found.scan = Begun(rig.clock.now(), "FAILED", "UnsupportedImageError: The operating system is not supported.")
    scan = rig.cloud.images.scan(REPOSITORY, digest)
    assert scan == Scan(
        ScanState.UNSUPPORTED,
        "FAILED: UnsupportedImageError: The operating system is not supported; build it on an operating system that ECR"
        " scans",
    )
