"""Images in ECR, by their manifests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import BatchGetImageRequestTypeDef, ImageIdentifierTypeDef, ImageTypeDef

INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
"""Lists of manifests, one for each platform.
https://github.com/opencontainers/image-spec/blob/main/image-index.md"""

MANIFESTS = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)

PLATFORMS: Mapping[str, str] = {"X86_64": "amd64", "ARM64": "arm64"}
"""How ECS and how images call the same processors.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html"""


def by_tag(account: str, repository: str, tag: str) -> BatchGetImageRequestTypeDef:
    return _asked(account, repository, {"imageTag": tag})


def by_digest(account: str, repository: str, digest: str) -> BatchGetImageRequestTypeDef:
    return _asked(account, repository, {"imageDigest": digest})


def _asked(account: str, repository: str, image: ImageIdentifierTypeDef) -> BatchGetImageRequestTypeDef:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html

    Without the media types ECR would convert what it has to an older one, with another digest.
    """
    return {
        "registryId": account,
        "repositoryName": repository,
        "imageIds": [image],
        "acceptedMediaTypes": sorted(INDEXES | MANIFESTS),
    }


def platform_digest(image: ImageTypeDef, architecture: str) -> str | None:
    """The digest of the manifest for this architecture (`X86_64` or `ARM64`); None when an index has none for it.

    A manifest without an index stands for itself: it does not say which processor it is for.
    """
    manifest: Mapping[str, Any] = json.loads(image["imageManifest"])
    media_type = image.get("imageManifestMediaType") or manifest.get("mediaType", "")
    if media_type not in INDEXES:
        return image["imageId"]["imageDigest"]
    fitting = [each["digest"] for each in manifest["manifests"] if _fits(each.get("platform", {}), architecture)]
    return fitting[0] if fitting else None


def _fits(platform: Mapping[str, str], architecture: str) -> bool:
    return platform.get("os", "linux") == "linux" and platform.get("architecture") == PLATFORMS[architecture]


def platforms(image: ImageTypeDef) -> list[str]:
    """What an index is for, as in `linux/arm64`, for an error message."""
    listed = json.loads(image["imageManifest"]).get("manifests", [])
    shown = [each.get("platform", {}) for each in listed]
    return sorted({f"{each.get('os')}/{each.get('architecture')}" for each in shown if each.get("os") != "unknown"})
