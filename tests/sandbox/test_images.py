from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from sandbox.images import Files, ImageConfig, ImageStore, tree_digest

FILES: Files = {"workload/__init__.py": (0o100644, b""), "workload/go.sh": (0o100755, b"#!/bin/sh\n")}
CONFIG = ImageConfig(("python", "-m", "workload.backend"), {"A": "1"})


def test_an_image_is_found_again_by_its_digest(tmp_path: Path) -> None:
    added = ImageStore(tmp_path).add(FILES, CONFIG)
    assert ImageStore(tmp_path).find(added.digest) == added
    assert (added.directory / "workload/go.sh").stat().st_mode & 0o111
    assert not (added.directory / "workload/__init__.py").stat().st_mode & 0o111


def test_the_digest_is_that_of_the_manifest_and_the_manifest_names_the_tree(tmp_path: Path) -> None:
    image = ImageStore(tmp_path).add(FILES, CONFIG)
    assert image.digest == "sha256:" + sha256(image.manifest.encode()).hexdigest()
    assert json.loads(image.manifest)["layers"][0]["digest"] == f"sha256:{tree_digest(FILES)}"


def test_equal_trees_make_equal_images_and_share_their_files(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    first = store.add(FILES, CONFIG)
    again = store.add(dict(reversed(FILES.items())), CONFIG)
    other = store.add(FILES, ImageConfig(("python", "-m", "workload.frontend"), {}))
    assert first == again
    assert other.digest != first.digest
    assert other.directory == first.directory


@pytest.mark.parametrize(
    "changed",
    [
        {"workload/__init__.py": (0o100644, b"#"), "workload/go.sh": (0o100755, b"#!/bin/sh\n")},
        {"workload/__init__.py": (0o100755, b""), "workload/go.sh": (0o100755, b"#!/bin/sh\n")},
        {"workload/_init__.py": (0o100644, b""), "workload/go.sh": (0o100755, b"#!/bin/sh\n")},
        {"workload/__init__.py": (0o100644, b"")},
    ],
    ids=["content", "mode", "name", "missing"],
)
def test_any_difference_makes_another_digest(changed: Files) -> None:
    assert tree_digest(changed) != tree_digest(FILES)


@pytest.mark.parametrize("path", ["../escaped", "/etc/escaped", "a/../../escaped", ""])
def test_a_path_that_leaves_the_image_is_refused_and_leaves_nothing(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="inside the image"):
        ImageStore(tmp_path / "images").add({"fine": (0o100644, b""), path: (0o100644, b"")}, CONFIG)
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == []


def test_an_unknown_digest_is_no_image(tmp_path: Path) -> None:
    assert ImageStore(tmp_path).find("sha256:" + "0" * 64) is None
    assert ImageStore(tmp_path).find("../../etc/passwd") is None
