"""ECR: repositories and images. An image is known by the SHA-256 of its manifest's bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, Self

from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place, Store
from sandbox.world.small.scans import Scan
from sandbox.world.values import Answer, page, tag_map

operations = Operations()

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
SCAN_BEGINS_SECONDS, SCAN_TAKES_SECONDS = 2.0, 8.0


@dataclass
class Image:
    digest: str
    media_type: str
    manifest: str
    pushed_at: datetime
    tags: list[str] = field(default_factory=list)
    flaws: tuple[str, ...] = ()
    """The severity of each finding that a scan of it comes to."""
    scan: Scan | None = None

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEXES

    def digest_for(self, platform: str) -> str | None:
        """The digest of the manifest for `amd64` or `arm64`; a plain manifest does not say, and stands for
        any."""
        if not self.is_index:
            return self.digest
        for entry in json.loads(self.manifest).get("manifests", []):
            if entry.get("platform", {}).get("architecture") == platform:
                return str(entry["digest"])
        return None


@dataclass
class Repository:
    name: str
    arn: str
    uri: str
    account: str
    created_at: datetime
    is_immutable: bool
    scans_on_push: bool
    tags: dict[str, str]
    images: dict[str, Image] = field(default_factory=dict)


@dataclass
class EcrStore(Store):
    repositories: dict[str, Repository] = field(default_factory=dict)

    def without_newcomers(self) -> Self:
        emptied = {name: replace(each, images={}) for name, each in self.repositories.items()}
        return type(self)(emptied)


def find(place: Place, repository: str, reference: str) -> Image | None:
    """By digest or tag."""
    known = place.store(EcrStore).repositories.get(repository)
    if known is None:
        return None
    if reference in known.images:
        return known.images[reference]
    return next((image for image in known.images.values() if reference in image.tags), None)


@operations.changes("CreateRepository")
def create_repository(call: Call) -> Answer:
    place, name = call.place, call["repositoryName"]
    repositories = place.store(EcrStore).repositories
    if name in repositories:
        raise AwsError(
            "RepositoryAlreadyExistsException",
            f"The repository with name '{name}' already exists in the registry with id '{place.account}'",
        )
    repositories[name] = Repository(
        name=name,
        arn=place.arn("ecr", f"repository/{name}"),
        uri=f"{place.account}.dkr.ecr.{place.region}.amazonaws.com/{name}",
        account=place.account,
        created_at=place.now(),
        is_immutable=call.get("imageTagMutability", "MUTABLE") == "IMMUTABLE",
        scans_on_push=call.get("imageScanningConfiguration", {}).get("scanOnPush", False),
        tags=tag_map(call.get("tags"), "Key", "Value"),
    )
    return {"repository": _repository(repositories[name])}


@operations.reads("DescribeRepositories")
def describe_repositories(call: Call) -> Answer:
    found = list(call.place.store(EcrStore).repositories.values())
    if "repositoryNames" in call:
        found = [_known(call, name) for name in call["repositoryNames"]]
    listed, token = page(found, call.get("nextToken"), call.get("maxResults", 100))
    return {"repositories": [_repository(each) for each in listed], "nextToken": token}


@operations.changes("PutImage")
def put_image(call: Call) -> Answer:
    repository, manifest = _known(call, call["repositoryName"]), call["imageManifest"]
    digest = "sha256:" + sha256(manifest.encode()).hexdigest()
    if call.get("imageDigest", digest) != digest:
        raise AwsError("ImageDigestDoesNotMatchException", "The image digest does not match the manifest")
    media_type = call.get("imageManifestMediaType") or _media_type(manifest)
    image = Image(digest, media_type, manifest, call.place.now())
    _check_references(repository, image)
    tag = call.get("imageTag")
    _check_tag(repository, digest, tag)
    if digest not in repository.images:
        _arrive(call.place, repository, image)
    image = repository.images[digest]
    if tag:
        for other in repository.images.values():
            other.tags = [each for each in other.tags if each != tag]
        image.tags.append(tag)
    call.place.emit(
        "aws.ecr",
        "ECR Image Action",
        repository.arn,
        **{"action-type": "PUSH", "result": "SUCCESS", "repository-name": repository.name},
        **{"image-digest": digest, "image-tag": tag or ""},
    )
    return {"image": _image(repository, image, {"imageDigest": digest, "imageTag": tag})}


def _arrive(place: Place, repository: Repository, image: Image) -> None:
    """A scan on push is of what is new, and not of another tag; what it will find is what somebody ordered."""
    repository.images[image.digest] = image
    if image.is_index:
        return
    image.flaws = place.world.faults.next_flaws()
    if repository.scans_on_push:
        place.after(SCAN_BEGINS_SECONDS, partial(_scan_on_push, place, repository, image))


def _scan_on_push(place: Place, repository: Repository, image: Image) -> None:
    if image.scan is None:
        _begin_scan(place, repository, image)


def _begin_scan(place: Place, repository: Repository, image: Image) -> None:
    image.scan = Scan(place.now())
    place.after(SCAN_TAKES_SECONDS, partial(_end_scan, place, repository, image, image.scan))


def _end_scan(place: Place, repository: Repository, image: Image, scan: Scan) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html"""
    if repository.images.get(image.digest) is not image:
        return
    scan.complete(image.flaws, place.now())
    place.emit(
        "aws.ecr",
        "ECR Image Scan",
        repository.arn,
        **{"scan-status": scan.status, "repository-name": repository.name, "finding-severity-counts": scan.counts},
        **{"image-digest": image.digest, "image-tags": list(image.tags)},
    )


@operations.changes("StartImageScan")
def start_image_scan(call: Call) -> Answer:
    repository = _known(call, call["repositoryName"])
    image, place = _required(repository, call["imageId"]), call.place
    if image.is_index:
        raise AwsError("UnsupportedImageTypeException", "The image is of a type that cannot be scanned.")
    if image.scan is not None and not image.scan.may_be_repeated(place.now(), place.world.speed):
        raise AwsError("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
    _begin_scan(place, repository, image)
    return _scan(repository, image, call["imageId"], {"status": "IN_PROGRESS"})


@operations.reads("DescribeImageScanFindings")
def describe_image_scan_findings(call: Call) -> Answer:
    repository = _known(call, call["repositoryName"])
    image = _required(repository, call["imageId"])
    if image.scan is None:
        raise AwsError(
            "ScanNotFoundException",
            f"Image scan does not exist for the image with '{_named(call['imageId'])}' in the repository with the name"
            f" '{repository.name}' in the registry with id '{repository.account}'",
        )
    told = image.scan.told(call.get("nextToken"), call.get("maxResults", 100))
    return {**_scan(repository, image, call["imageId"], image.scan.shown), **told}


@operations.changes("PutImageScanningConfiguration")
def put_image_scanning_configuration(call: Call) -> Answer:
    repository = _known(call, call["repositoryName"])
    repository.scans_on_push = call["imageScanningConfiguration"].get("scanOnPush", False)
    return {
        "registryId": repository.account,
        "repositoryName": repository.name,
        "imageScanningConfiguration": {"scanOnPush": repository.scans_on_push},
    }


@operations.reads("BatchGetRepositoryScanningConfiguration")
def batch_get_repository_scanning_configuration(call: Call) -> Answer:
    repositories = call.place.store(EcrStore).repositories
    names = call["repositoryNames"]
    return {
        "scanningConfigurations": [
            {
                "repositoryArn": repositories[name].arn,
                "repositoryName": name,
                "scanOnPush": repositories[name].scans_on_push,
                "scanFrequency": "SCAN_ON_PUSH" if repositories[name].scans_on_push else "MANUAL",
                "appliedScanFilters": [],
            }
            for name in names
            if name in repositories
        ],
        "failures": [
            {"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": "Repository not found"}
            for name in names
            if name not in repositories
        ],
    }


@operations.reads("DescribeImages")
def describe_images(call: Call) -> Answer:
    repository = _known(call, call["repositoryName"])
    status = call.get("filter", {}).get("tagStatus", "ANY")
    found = [image for image in repository.images.values() if status in ("ANY", _tag_status(image))]
    if "imageIds" in call:
        found = [_required(repository, wanted) for wanted in call["imageIds"]]
    listed, token = page(found, call.get("nextToken"), call.get("maxResults", 100))
    return {"imageDetails": [_detail(repository, image) for image in listed], "nextToken": token}


@operations.reads("BatchGetImage")
def batch_get_image(call: Call) -> Answer:
    repository = _known(call, call["repositoryName"])
    images, failures = [], []
    for wanted in call["imageIds"]:
        image = _wanted(repository, wanted)
        if image is None:
            reason = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            failures.append({"imageId": wanted, **reason})
        else:
            images.append(_image(repository, image, {**wanted, "imageDigest": image.digest}))
    return {"images": images, "failures": failures}


@operations.reads("ListImages")
def list_images(call: Call) -> Answer:
    repository = _known(call, call["repositoryName"])
    ids = [
        {"imageDigest": image.digest, "imageTag": tag}
        for image in repository.images.values()
        for tag in [*image.tags, *([] if image.tags else [None])]
    ]
    listed, token = page(ids, call.get("nextToken"), call.get("maxResults", 100))
    return {"imageIds": listed, "nextToken": token}


@operations.changes("BatchDeleteImage")
def batch_delete_image(call: Call) -> Answer:
    repository = _known(call, call["repositoryName"])
    deleted, failures = [], []
    for wanted in call["imageIds"]:
        image = _wanted(repository, wanted)
        if image is None:
            reason = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            failures.append({"imageId": wanted, **reason})
            continue
        image.tags = [tag for tag in image.tags if tag != wanted.get("imageTag")]
        if "imageDigest" in wanted or not image.tags:
            del repository.images[image.digest]
        deleted.append({**wanted, "imageDigest": image.digest})
    return {"imageIds": deleted, "failures": failures}


def _known(call: Call, name: str) -> Repository:
    repositories = call.place.store(EcrStore).repositories
    if name not in repositories:
        raise AwsError(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{call.place.account}'",
        )
    return repositories[name]


def _wanted(repository: Repository, wanted: dict[str, str]) -> Image | None:
    image = repository.images.get(wanted.get("imageDigest", ""))
    tag = wanted.get("imageTag")
    if image is None and "imageDigest" not in wanted:
        image = next((each for each in repository.images.values() if tag in each.tags), None)
    return image


def _required(repository: Repository, wanted: dict[str, str]) -> Image:
    image = _wanted(repository, wanted)
    if image is None:
        raise AwsError(
            "ImageNotFoundException",
            f"The image with imageId {_named(wanted)} does not exist within the repository with name "
            f"'{repository.name}' in the registry with id '{repository.account}'",
        )
    return image


def _named(wanted: dict[str, str]) -> str:
    return f"{{imageDigest:'{wanted.get('imageDigest', 'null')}', imageTag:'{wanted.get('imageTag', 'null')}'}}"


def _check_references(repository: Repository, image: Image) -> None:
    entries = json.loads(image.manifest).get("manifests", []) if image.is_index else []
    missing = [entry["digest"] for entry in entries if entry["digest"] not in repository.images]
    if missing:
        raise AwsError(
            "ReferencedImagesNotFoundException",
            f"Images with digests {missing} required for pushing image do not exist",
        )


def _check_tag(repository: Repository, digest: str, tag: str | None) -> None:
    holder = next((each for each in repository.images.values() if tag and tag in each.tags), None)
    if holder is not None and holder.digest == digest:
        raise AwsError(
            "ImageAlreadyExistsException",
            f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with name "
            f"'{repository.name}' in registry with id '{repository.account}'",
        )
    if holder is not None and repository.is_immutable:
        raise AwsError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be "
            "overwritten because the repository is immutable.",
        )


def _media_type(manifest: str) -> str:
    try:
        found = json.loads(manifest)
    except ValueError as bad:
        message = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
        raise AwsError("InvalidParameterException", message) from bad
    return str(found.get("mediaType", MANIFEST))


def _tag_status(image: Image) -> str:
    return "TAGGED" if image.tags else "UNTAGGED"


def _repository(repository: Repository) -> Answer:
    return {
        "repositoryArn": repository.arn,
        "registryId": repository.account,
        "repositoryName": repository.name,
        "repositoryUri": repository.uri,
        "createdAt": repository.created_at,
        "imageTagMutability": "IMMUTABLE" if repository.is_immutable else "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": repository.scans_on_push},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


def _image(repository: Repository, image: Image, image_id: dict[str, Any]) -> Answer:
    return {
        "registryId": repository.account,
        "repositoryName": repository.name,
        "imageId": image_id,
        "imageManifest": image.manifest,
        "imageManifestMediaType": image.media_type,
    }


def _scan(repository: Repository, image: Image, wanted: dict[str, str], status: Answer) -> Answer:
    return {
        "registryId": repository.account,
        "repositoryName": repository.name,
        "imageId": {**wanted, "imageDigest": image.digest},
        "imageScanStatus": status,
    }


def _detail(repository: Repository, image: Image) -> Answer:
    return {
        "registryId": repository.account,
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageTags": image.tags or None,
        "imageSizeInBytes": len(image.manifest),
        "imagePushedAt": image.pushed_at,
        "imageManifestMediaType": image.media_type,
    }
