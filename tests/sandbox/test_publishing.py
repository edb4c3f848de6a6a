from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.clock import VirtualClock
from sandbox.foundation import REGION, SERVICES, lay_foundations
from sandbox.images import Files, ImageStore
from sandbox.publishing import Registry, build
from sandbox.runtime.scripted import ScriptedRuntime
from sandbox.world.errors import AwsError
from sandbox.world.faults import Fault
from sandbox.world.world import World

FILES: Files = {"__init__.py": (0o100644, b""), "rehearsal.py": (0o100644, b"EXEC_FORMAT = False\n")}
BACKEND = SERVICES["backend"]


def a_world() -> World:
    clock = VirtualClock()
    world = World(clock, ScriptedRuntime(clock))
    lay_foundations(world)
    return world


def tagged(world: World, repository: str, tag: str) -> str:
    found = world.call("ecr", "BatchGetImage", {"repositoryName": repository, "imageIds": [{"imageTag": tag}]}, REGION)
    return str(found["images"][0]["imageId"]["imageDigest"])


def test_one_tree_makes_an_image_for_each_service(tmp_path: Path) -> None:
    built = build(ImageStore(tmp_path), FILES, "tree-1")
    assert {name: image.config.command for name, image in built.items()} == {
        "captioncraft-backend": ("python", "-m", "workload.backend"),
        "captioncraft-frontend": ("python", "-m", "workload.frontend"),
    }
    assert {image.config.environment["CAPTIONCRAFT_TREE"] for image in built.values()} == {"tree-1"}
    assert all((image.directory / "workload" / "rehearsal.py").exists() for image in built.values())


def test_a_rehearsed_wrong_format_is_built_for_another_processor(tmp_path: Path) -> None:
    broken = FILES | {"rehearsal.py": (0o100644, b"EXEC_FORMAT = True\n")}
    assert "X86_64" not in build(ImageStore(tmp_path), broken, "tree")[BACKEND].config.architectures
    assert "X86_64" in build(ImageStore(tmp_path), FILES, "tree")[BACKEND].config.architectures


def test_what_is_pushed_is_known_to_the_registry_by_the_same_digest(tmp_path: Path) -> None:
    world = a_world()
    image = build(ImageStore(tmp_path), FILES, "tree")[BACKEND]
    for tag in ("develop-1", "develop-2", "develop-1"):
        Registry(world).push(BACKEND, image, tag)
    assert tagged(world, BACKEND, "develop-1") == tagged(world, BACKEND, "develop-2") == image.digest


def test_a_registry_that_throttles_does_not_lose_the_image(tmp_path: Path) -> None:
    world = a_world()
    world.faults.add(Fault(kind="throttle", times=3))
    world.faults.add(Fault(kind="timeout", times=3))
    image = build(ImageStore(tmp_path), FILES, "tree")[BACKEND]
    Registry(world).push(BACKEND, image, "develop-1")
    assert tagged(world, BACKEND, "develop-1") == image.digest


def test_a_registry_that_refuses_for_good_is_an_error(tmp_path: Path) -> None:
    world = a_world()
    world.faults.add(Fault(kind="denied"))
    image = build(ImageStore(tmp_path), FILES, "tree")[BACKEND]
    with pytest.raises(AwsError):
        Registry(world).push(BACKEND, image, "develop-1")
