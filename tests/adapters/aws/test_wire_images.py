"""What a tag stands for, by the manifest behind it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.adapters.aws.wire import images as wire

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def an_image(manifest: dict[str, Any], media_type: str | None) -> Any:
    image = {"imageManifest": json.dumps(manifest), "imageId": {"imageDigest": "sha256:itself", "imageTag": "v1"}}
    return {**image, **({"imageManifestMediaType": media_type} if media_type else {})}


def an_index(*platforms: tuple[str, str]) -> dict[str, Any]:
    listed = [{"digest": f"sha256:{name}", "platform": {"os": os, "architecture": name}} for os, name in platforms]
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}


BOTH = an_index(("linux", "amd64"), ("linux", "arm64"), ("unknown", "unknown"))


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST, None])
@pytest.mark.parametrize(("architecture", "digest"), [("X86_64", "sha256:amd64"), ("ARM64", "sha256:arm64")])
def test_an_index_gives_the_manifest_of_the_platform(media_type: str | None, architecture: str, digest: str) -> None:
    assert wire.platform_digest(an_image(BOTH, media_type), architecture) == digest


@pytest.mark.parametrize("architecture", ["X86_64", "ARM64"])
def test_a_manifest_stands_for_itself(architecture: str) -> None:
    image = an_image({"schemaVersion": 2, "layers": []}, OCI_MANIFEST)
    assert wire.platform_digest(image, architecture) == "sha256:itself"


def test_an_index_without_the_platform_has_nothing() -> None:
    windows = an_image(an_index(("windows", "amd64"), ("linux", "arm64")), OCI_INDEX)
    assert wire.platform_digest(windows, "X86_64") is None
    assert wire.platforms(windows) == ["linux/arm64", "windows/amd64"]


def test_every_media_type_is_asked_for_or_ecr_would_convert() -> None:
    asked = wire.by_tag("123456789012", "captioncraft-backend", "develop-1")
    assert asked == {
        "registryId": "123456789012",
        "repositoryName": "captioncraft-backend",
        "imageIds": [{"imageTag": "develop-1"}],
        "acceptedMediaTypes": [
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json",
        ],
    }
