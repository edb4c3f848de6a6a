"""From the name of an image to what would be pulled for one platform, or why it cannot be."""

from __future__ import annotations

from sandbox.world.ecs.model import TaskDefinition
from sandbox.world.place import Place
from sandbox.world.small import ecr

CANNOT_PULL = "CannotPullContainerError: "
RETRIED = CANNOT_PULL + "pull image manifest has been retried 1 time(s): "
PLATFORMS = {"X86_64": "amd64", "ARM64": "arm64"}


def architecture(definition: TaskDefinition) -> str:
    found: str = definition.body.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    return found


def resolve(place: Place, image: str, definition: TaskDefinition) -> str:
    """`repository@sha256:…` of the platform's manifest; empty for an image that is not in ECR; an error's
    text when it cannot be pulled.
    """
    registry, slash, rest = image.partition("/")
    if not slash or ".dkr.ecr." not in registry:
        return ""
    account, region = registry.split(".")[0], registry.split(".")[3]
    name, at, reference = rest.partition("@")
    if not at:
        name, _, reference = rest.partition(":")
    found = ecr.find(place.world.place(account, region), name, reference or "latest")
    if found is None:
        return f"{RETRIED}failed to resolve ref {image}: {image}: not found"
    platform = PLATFORMS[architecture(definition)]
    digest = found.digest_for(platform)
    if digest is None:
        return f"{RETRIED}image Manifest does not contain descriptor matching platform 'linux/{platform}'"
    return f"{name}@{digest}"
