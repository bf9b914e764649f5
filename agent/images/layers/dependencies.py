"""The dependency layer: made once for a lock file, and found again by whoever needs it, on this machine or another."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from agent.errors import InputMissingError
from agent.images.blobs import FileContent
from agent.images.layers.compose import Layer, Upper
from agent.images.layers.record import DEPENDENCIES, decode_record
from agent.images.lock import exclusive
from agent.images.manifest import MANIFEST_TYPE, decode_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.images.layout import ImageLayout
    from agent.images.registry import Registry
    from agent.ports.reporter import Reporter

_FORMAT = 1
"""To be raised when the same wheels would give another layer."""
_TAG_PREFIX = "deps-"
_KEPT_SECONDS = 30 * 24 * 3600
_PARTIAL_SECONDS = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What a dependency layer is made for: a locked requirements file, a version of Python, and a platform."""

    requirements: Path
    python: str
    platform: str

    @property
    def key(self) -> str:
        """The sha256 over all that decides what is in the layer."""
        made_of = [_FORMAT, hashlib.sha256(self.requirements.read_bytes()).hexdigest(), self.python, self.platform]
        return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()

    @property
    def tag(self) -> str:
        """Under which a repository remembers the layer; it is never moved, for its key says all."""
        return f"{_TAG_PREFIX}{self.key[:32]}"


class DependencyLayers:
    """Finds and makes dependency layers; ``layout`` has their bytes, ``cache`` says which, and has wheels meanwhile."""

    def __init__(self, layout: ImageLayout, cache: Path) -> None:
        self._layout = layout
        self._cache = cache

    def find_or_make(self, wanted: Dependencies, registry: Registry, repository: str, report: Reporter) -> Upper:
        """The layer as this machine or the repository has it; else it is made of wheels."""
        known = self._own_record(wanted) or self._record_of(repository, registry, wanted)
        if known:
            content = self._content(known)
            if content or registry.has(repository, known.digest):
                return Upper(layer=known, content=content)
        return self._make(wanted, report)

    def _content(self, layer: Layer) -> FileContent | None:
        return FileContent(path=self._layout.blob_path(layer.digest)) if self._layout.has(layer.digest) else None

    def _make(self, wanted: Dependencies, report: Reporter) -> Upper:
        """Whoever else needs the same layer, thread or process, waits for it."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with exclusive(self._cache / f".{wanted.key}.lock"):
            known = self._own_record(wanted)
            layer = known if known and self._layout.has(known.digest) else self._made_of_wheels(wanted, report)
        return Upper(layer=layer, content=self._content(layer), made=True)

    def _made_of_wheels(self, wanted: Dependencies, report: Reporter) -> Layer:
        from agent.images.layers.wheel_layer import write_wheels
        from agent.images.wheelhouse import wheelhouse

        self._forget_old()
        report.doing(f"fetching wheels for Python {wanted.python} on {wanted.platform}")
        folder = wheelhouse(
            wanted.requirements, python=wanted.python, platform=wanted.platform, cache=self._cache / "wheels"
        )
        wheels = sorted(folder.iterdir())
        _warn(wheels, wanted, report)
        report.doing(f"making one layer of {len(wheels)} wheels")
        with self._layout.writer() as blob:
            diff_id = write_wheels(wheels, wanted.python, blob)
        layer = Layer(digest=blob.digest, size=blob.size, diff_id=diff_id, holds=DEPENDENCIES)
        report.fact(f"made a dependency layer of {len(wheels)} wheels, {layer.size / 1e6:.1f} MB")
        self._remember(wanted, layer)
        shutil.rmtree(folder)
        return layer

    def _own_record(self, wanted: Dependencies) -> Layer | None:
        file = self._file(wanted)
        try:
            layer = Layer(**json.loads(file.read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        with suppress(OSError):  # it may be somebody else's file
            os.utime(file)
        return layer

    def _record_of(self, repository: str, registry: Registry, wanted: Dependencies) -> Layer | None:
        if registry.digest(repository, wanted.tag, MANIFEST_TYPE) is None:
            return None
        try:
            manifest = registry.manifest(repository, wanted.tag)
            config = decode_manifest(manifest, wanted.tag).config.digest
            record = decode_record(manifest, registry.download(repository, config, self._layout))
        except InputMissingError:
            return None
        if record.key != wanted.key:
            return None
        self._remember(wanted, record.layer)
        return record.layer

    def _remember(self, wanted: Dependencies, layer: Layer) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        partial = self._cache / f".{wanted.key}.{os.getpid()}.new"
        partial.write_text(json.dumps(asdict(layer)))
        partial.replace(self._file(wanted))

    def _forget_old(self) -> None:
        """A layer is large, and one that nobody asked for in a month is not asked for again."""
        for file in self._cache.glob("*.json"):
            with suppress(OSError, ValueError, TypeError):
                if _age(file) > _KEPT_SECONDS:
                    self._layout.blob_path(Layer(**json.loads(file.read_bytes())).digest).unlink(missing_ok=True)
                    file.unlink()
        self._layout.forget_partial(_PARTIAL_SECONDS)

    def _file(self, wanted: Dependencies) -> Path:
        return self._cache / f"{wanted.key}.json"


def _warn(wheels: Sequence[Path], wanted: Dependencies, report: Reporter) -> None:
    """Tell what is allowed, and seldom meant."""
    from agent.images.layers.completeness import missing
    from agent.images.layers.wheel_layer import path_files
    from agent.images.requirements import read_lock, target_environment

    locked = read_lock(wanted.requirements).requirements
    absent = missing(wheels, locked, target_environment(wanted.python, wanted.platform))
    if absent:
        report.warn(f"{wanted.requirements.name} lacks what its own libraries need: {', '.join(absent)}; lock it again")
    for name in path_files(wheels):
        report.warn(f"{name} has no effect in the image: Python reads such files in its own folder only")


def _age(file: Path) -> float:
    return time.time() - file.stat().st_mtime
