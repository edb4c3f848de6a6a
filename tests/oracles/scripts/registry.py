"""ECR: repositories and images."""

from __future__ import annotations

import json
from hashlib import sha256

from tests.oracles.script import Script, ecr, opening
from tests.oracles.scripts.foundation import manifest, push

DIGEST = "sha256:" + sha256(manifest("v1").encode()).hexdigest()
INDEX = "application/vnd.oci.image.index.v1+json"


def index(digest: str) -> str:
    entry = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest,
        "size": len(manifest("v1")),
        "platform": {"architecture": "amd64", "os": "linux"},
    }
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})


FINDINGS = ecr("DescribeImageScanFindings", repositoryName="web", imageId={"imageTag": "v1"})

SCRIPTS = (
    Script(
        "repositories",
        (
            ecr("CreateRepository", repositoryName="web", imageTagMutability="IMMUTABLE"),
            ecr("CreateRepository", repositoryName="web").fails("RepositoryAlreadyExistsException"),
            ecr("CreateRepository", repositoryName="api"),
            ecr("DescribeRepositories"),
            ecr("DescribeRepositories", repositoryNames=["web"]),
            ecr("DescribeRepositories", repositoryNames=["none"]).fails(
                "RepositoryNotFoundException", "image.repository_missing"
            ),
        ),
    ),
    Script(
        "images are pushed, found and deleted",
        (
            *opening(ecr("CreateRepository", repositoryName="web")),
            push("v1"),
            push("v2"),
            ecr("BatchGetImage", repositoryName="web", imageIds=[{"imageTag": "v1"}]),
            ecr("BatchGetImage", repositoryName="web", imageIds=[{"imageDigest": DIGEST}, {"imageTag": "none"}]),
            ecr("DescribeImages", repositoryName="web", imageIds=[{"imageTag": "v1"}]),
            ecr("ListImages", repositoryName="web"),
            ecr("DescribeImages", repositoryName="web", imageIds=[{"imageTag": "none"}]).fails(
                "ImageNotFoundException"
            ),
            push("v1").fails("ImageAlreadyExistsException"),
            ecr("PutImage", repositoryName="web", imageManifest=manifest("v2"), imageTag="v1"),
            ecr("ListImages", repositoryName="web"),
            ecr("BatchDeleteImage", repositoryName="web", imageIds=[{"imageDigest": DIGEST}, {"imageTag": "none"}]),
            ecr("ListImages", repositoryName="web"),
        ),
    ),
    Script(
        "an immutable tag is not moved",
        (
            *opening(ecr("CreateRepository", repositoryName="web", imageTagMutability="IMMUTABLE"), push("v1")),
            ecr("PutImage", repositoryName="web", imageManifest=manifest("v2"), imageTag="v1").fails(
                "ImageTagAlreadyExistsException"
            ),
        ),
    ),
    Script(
        "an image for several platforms",
        (
            *opening(ecr("CreateRepository", repositoryName="web"), push("v1")),
            ecr(
                "PutImage",
                repositoryName="web",
                imageManifest=index(DIGEST),
                imageManifestMediaType=INDEX,
                imageTag="all",
            ),
            ecr("BatchGetImage", repositoryName="web", imageIds=[{"imageTag": "all"}], acceptedMediaTypes=[INDEX]),
            ecr(
                "PutImage",
                repositoryName="web",
                imageManifest=index("sha256:" + "0" * 64),
                imageManifestMediaType=INDEX,
                imageTag="broken",
            ).fails("ReferencedImagesNotFoundException"),
        ),
    ),
    Script(
        "an image is scanned on push",
        (
            *opening(ecr("CreateRepository", repositoryName="web")),
            ecr(
                "PutImageScanningConfiguration",
                repositoryName="web",
                imageScanningConfiguration={"scanOnPush": True},
            ),
            ecr("DescribeRepositories", repositoryNames=["web"]),
            ecr("BatchGetRepositoryScanningConfiguration", repositoryNames=["web", "none"]),
            *opening(push("v1")),
            FINDINGS.fails("ScanNotFoundException", "aws.gone"),
        ),
    ),
    Script(
        "an image is scanned by hand",
        (
            *opening(ecr("CreateRepository", repositoryName="web"), push("v1"), push("v2")),
            ecr("BatchGetRepositoryScanningConfiguration", repositoryNames=["web"]),
            FINDINGS.fails("ScanNotFoundException", "aws.gone"),
            ecr("StartImageScan", repositoryName="web", imageId={"imageTag": "v1"}),
            ecr("StartImageScan", repositoryName="web", imageId={"imageTag": "v1"}).fails("LimitExceededException"),
            FINDINGS.until({"imageScanStatus.status": "COMPLETE"}),
            ecr("DescribeImageScanFindings", repositoryName="web", imageId={"imageTag": "v2"}).fails(
                "ScanNotFoundException", "aws.gone"
            ),
        ),
    ),
    Script(
        "what can't be scanned",
        (
            *opening(
                ecr("CreateRepository", repositoryName="web"),
                push("v1"),
                ecr(
                    "PutImage",
                    repositoryName="web",
                    imageManifest=index(DIGEST),
                    imageManifestMediaType=INDEX,
                    imageTag="all",
                ),
            ),
            ecr("StartImageScan", repositoryName="web", imageId={"imageTag": "all"}).fails(
                "UnsupportedImageTypeException"
            ),
            ecr("StartImageScan", repositoryName="web", imageId={"imageTag": "none"}).fails("ImageNotFoundException"),
            ecr("DescribeImageScanFindings", repositoryName="web", imageId={"imageTag": "none"}).fails(
                "ImageNotFoundException", "image.gone"
            ),
            ecr("StartImageScan", repositoryName="none", imageId={"imageTag": "v1"}).fails(
                "RepositoryNotFoundException"
            ),
            ecr("DescribeImageScanFindings", repositoryName="none", imageId={"imageTag": "v1"}).fails(
                "RepositoryNotFoundException", "image.repository_missing"
            ),
            ecr(
                "PutImageScanningConfiguration",
                repositoryName="none",
                imageScanningConfiguration={"scanOnPush": True},
            ).fails("RepositoryNotFoundException"),
        ),
    ),
    Script(
        "a repository that is not there",
        (
            push("v1", "none").fails("RepositoryNotFoundException"),
            ecr("BatchGetImage", repositoryName="none", imageIds=[{"imageTag": "v1"}]).fails(
                "RepositoryNotFoundException", "image.repository_missing"
            ),
            ecr("DescribeImages", repositoryName="none").fails("RepositoryNotFoundException"),
            ecr("ListImages", repositoryName="none").fails("RepositoryNotFoundException"),
            ecr("BatchDeleteImage", repositoryName="none", imageIds=[{"imageTag": "v1"}]).fails(
                "RepositoryNotFoundException"
            ),
        ),
    ),
)
