"""What continuous integration does after its checks: make images of the `workload/` tree and push them."""

from __future__ import annotations

from typing import Any

from sandbox.foundation import REGION, SERVICES
from sandbox.github.rehearsal import constants
from sandbox.images import MANIFEST_TYPE, Files, Image, ImageConfig, ImageStore
from sandbox.world.errors import AwsError, CallLost
from sandbox.world.world import World

PACKAGE = "workload"
TRIES = 20
FOREIGN = ("ARM64",)
"""Built for what the environments' tasks do not run on."""


def build(images: ImageStore, files: Files, tree: str) -> dict[str, Image]:
    """An image for each service, by image repository; `files` are the tree's, without the package's name."""
    placed = {f"{PACKAGE}/{path}": content for path, content in files.items()}
    return {repository: images.add(placed, _config(service, files, tree)) for service, repository in SERVICES.items()}


def _config(service: str, files: Files, tree: str) -> ImageConfig:
    command, environment = ("python", "-m", f"{PACKAGE}.{service}"), {"CAPTIONCRAFT_TREE": tree}
    _, rehearsal = files.get("rehearsal.py", (0, b""))
    if constants(rehearsal.decode("utf-8", "replace")).get("EXEC_FORMAT"):
        return ImageConfig(command, environment, FOREIGN)
    return ImageConfig(command, environment)


class Registry:
    """Pushes to the world's ECR as often as it takes: a fault made for the controller must not lose an image."""

    def __init__(self, world: World) -> None:
        self._world = world

    def push(self, repository: str, image: Image, tag: str) -> None:
        """Push under a tag. Raises AwsError when the registry refuses for good."""
        call: dict[str, Any] = {
            "repositoryName": repository,
            "imageManifest": image.manifest,
            "imageManifestMediaType": MANIFEST_TYPE,
            "imageTag": tag,
        }
        for left in reversed(range(TRIES)):
            try:
                self._world.call("ecr", "PutImage", call, REGION)
            except AwsError as error:
                if error.code == "ImageAlreadyExistsException":
                    return
                if not left:
                    raise
            except CallLost:
                if not left:
                    raise
            else:
                return
