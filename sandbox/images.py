"""Images: unpacked trees under the state directory, known by the digest of their manifest.

An image is a `workload/` tree with a command. Its manifest names the tree by its hash, so equal trees make
equal digests, whatever commit they came from. Nothing here knows a registry.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

Files = Mapping[str, tuple[int, bytes]]
"""Path inside the image → (mode as git writes it, content)."""

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
EVERY_ARCHITECTURE = ("X86_64", "ARM64")


@dataclass(frozen=True)
class ImageConfig:
    """What an image says about itself."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    architectures: tuple[str, ...] = EVERY_ARCHITECTURE


@dataclass(frozen=True)
class Image:
    """An image that can be run."""

    digest: str
    """`sha256:…` of the manifest's bytes, as a registry reckons it."""
    manifest: str
    directory: Path
    config: ImageConfig


class ImageStore:
    """All images of one state directory: `trees/<hash>/` once per tree, `<digest>.json` once per image."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._trees = directory / "trees"

    def add(self, files: Files, config: ImageConfig) -> Image:
        """Unpack a tree (once) and note the image. Raises ValueError for a path that leaves the image."""
        tree = tree_digest(files)
        directory = self._trees / tree
        if not directory.exists():
            self._unpack(files, directory)
        image = self._image(tree, config)
        self._note(image.digest, {"tree": tree, "config": asdict(config)})
        return image

    def find(self, digest: str) -> Image | None:
        """The image of a digest (`sha256:…`), None when there is none."""
        try:
            noted = json.loads(self._path(digest).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        config = noted["config"]
        return self._image(
            noted["tree"],
            ImageConfig(tuple(config["command"]), config["environment"], tuple(config["architectures"])),
        )

    def _image(self, tree: str, config: ImageConfig) -> Image:
        manifest = manifest_of(tree, config)
        digest = "sha256:" + sha256(manifest.encode()).hexdigest()
        return Image(digest, manifest, self._trees / tree, config)

    def _path(self, digest: str) -> Path:
        return self._directory / f"{digest.replace(':', '-').replace('/', '-')}.json"

    def _note(self, digest: str, noted: dict[str, Any]) -> None:
        write_atomically(self._path(digest), json.dumps(noted, indent=2, sort_keys=True) + "\n")

    def _unpack(self, files: Files, directory: Path) -> None:
        """Complete or not at all: written beside its place and moved there."""
        self._trees.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="unpacking-", dir=self._trees))
        try:
            for path, (mode, content) in files.items():
                place = scratch / _inside(path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
                place.chmod(0o755 if mode & 0o111 else 0o644)
            scratch.rename(directory)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise


def _inside(path: str) -> PurePosixPath:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise ValueError(f"an image cannot hold the path {path!r}: it must stay inside the image")
    return pure


def tree_digest(files: Files) -> str:
    """Hexadecimal SHA-256 over paths, executable bits and contents, whatever the order."""
    whole = sha256()
    for path, (mode, content) in sorted(files.items()):
        line = f"{path}\0{'x' if mode & 0o111 else '-'}\0{sha256(content).hexdigest()}\n"
        whole.update(line.encode())
    return whole.hexdigest()


def manifest_of(tree: str, config: ImageConfig) -> str:
    """An OCI image manifest: the same bytes for the same tree and configuration."""
    said = json.dumps(asdict(config), sort_keys=True).encode()
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": f"sha256:{sha256(said).hexdigest()}",
                "size": len(said),
            },
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": f"sha256:{tree}", "size": 0}],
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Readers see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
