"""Tags of ECR, resolved to what a platform would pull."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.domain.errors import Blocked, Transient
from sandbox.world.faults import Fault
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
