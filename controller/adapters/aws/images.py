"""`ports.Images`: what a tag stands for, and what scans have found, in ECR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import (
    BATCH_GET_IMAGE,
    BATCH_GET_REPOSITORY_SCANNING_CONFIGURATION,
    DESCRIBE_IMAGE_SCAN_FINDINGS,
)
from controller.adapters.aws.errors import Gone
from controller.adapters.aws.wire import images as wire
from controller.adapters.aws.wire import scans
from controller.domain.errors import Blocked, Transient
from controller.domain.scans import Scan, ScanState

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import BatchGetImageRequestTypeDef, ImageFailureTypeDef, ImageTypeDef

ABSENT = frozenset({"ImageNotFound"})
FOR_NOW = frozenset({"UpstreamTooManyRequests", "UpstreamUnavailable"})
"""https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html: the others need a person."""


class Registry:
    """One account's registry."""

    def __init__(self, caller: Caller, account: str) -> None:
        self._caller = caller
        self._account = account

    def resolve(self, repository: str, tag: str, architecture: str) -> str | None:
        image = self._image(wire.by_tag(self._account, repository, tag), f"image {repository}:{tag}")
        if image is None:
            return None
        found = wire.platform_digest(image, architecture)
        if found is None:
            raise Blocked(
                f"Image {repository}:{tag} is for {', '.join(wire.platforms(image)) or 'no platform'}, not for"
                f" {architecture}. Build it for {architecture}, or change `task.architecture` in the environment file.",
                code="image.wrong_platform",
            )
        return found

    def exists(self, repository: str, image_digest: str) -> bool:
        asked = wire.by_digest(self._account, repository, image_digest)
        return self._image(asked, f"image {repository}@{image_digest}") is not None

    def scan(self, repository: str, image_digest: str) -> Scan:
        """One call, and more only until the worst of many findings are known. Raises Blocked for an image that is gone,
        or where ECR may not be asked."""
        asked = DESCRIBE_IMAGE_SCAN_FINDINGS(scans.of_image(self._account, repository, image_digest))
        try:
            return scans.read(self._caller.pages(asked, f"image {repository}@{image_digest}"))
        except Gone:
            return self._not_scanned(repository, image_digest)

    def _not_scanned(self, repository: str, image_digest: str) -> Scan:
        """There is no scan right after a push; in a repository that nothing scans there never will be one."""
        asked = BATCH_GET_REPOSITORY_SCANNING_CONFIGURATION({"repositoryNames": [repository]})
        try:
            reply = self._caller.read(asked, f"repository {repository}")
        except Blocked as error:
            if error.code != "aws.denied":
                raise
            return Scan(
                ScanState.PENDING, f"{scans.NONE_YET}, and whether there will be one can't be found out: {error}"
            )
        return scans.expected(reply, repository, image_digest)

    def _image(self, asked: BatchGetImageRequestTypeDef, about: str) -> ImageTypeDef | None:
        reply = self._caller.read(BATCH_GET_IMAGE(asked), about)
        if reply["images"]:
            return reply["images"][0]
        failure: ImageFailureTypeDef = reply["failures"][0] if reply["failures"] else {}
        code, reason = failure.get("failureCode", "?"), failure.get("failureReason", "")
        if code in ABSENT:
            return None
        said = f"Reading {about}: ECR answered {code}: {reason}."
        if code in FOR_NOW or not reply["failures"]:
            raise Transient(f"{said} It is tried again by itself.", code="image.unreadable")
        raise Blocked(f"{said} Look at the image and its repository in ECR.", code="image.unreadable")
