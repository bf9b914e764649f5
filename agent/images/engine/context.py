"""What an engine gets to build from: the same bytes on every checkout, so that its cache holds for all of them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.errors import InputMissingError, UsageError
from agent.images.engine.dockerfile import Dockerfile
from agent.images.ignore import FILE, IgnoreRules, parse_rules, read_rules
from agent.images.layer import IGNORED, FolderLayer, add_file, add_folder

if TYPE_CHECKING:
    from pathlib import Path

    from agent.images.stored_gzip import Sink
    from agent.ports.images import BuildOrder

OWN = ".modelyard"
"""Folder of the build context that holds what is not the repository's own."""
DOCKERFILE = f"{OWN}.Dockerfile"
WHEELHOUSE = f"{OWN}/wheelhouse"
_HIDDEN = f"{DOCKERFILE}\n{FILE}\n"
"""A `.dockerignore` that takes both out of the context once the engine has read them: `COPY . .` leaves them behind."""
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class BuildContext:
    """The files of a build: those of ``folder`` that ``rules`` let through, the Dockerfile, perhaps wheels."""

    folder: Path
    rules: IgnoreRules
    dockerfile: Dockerfile
    wheelhouse: Path | None = None

    def write(self, out: Sink) -> None:
        """The tar stream that the engine is sent."""
        with tarfile.open(fileobj=_Stream(out), mode="w", format=tarfile.PAX_FORMAT) as archive:
            ignored = (*IGNORED, OWN, FILE)
            add_folder(archive, FolderLayer(source=self.folder, target="", ignored=ignored, rules=self.rules))
            add_file(archive, FILE, _HIDDEN.encode())
            add_file(archive, DOCKERFILE, self.dockerfile.content)
            if self.wheelhouse is not None:
                add_folder(archive, FolderLayer(source=self.wheelhouse, target=WHEELHOUSE))

    def with_wheels(self, folder: Path | None) -> BuildContext:
        """The same with a folder of wheels."""
        return replace(self, wheelhouse=folder)

    def digest(self) -> str:
        """The sha256 of that stream."""
        digest = _Digest()
        self.write(digest)
        return digest.value


def open_context(order: BuildOrder) -> BuildContext:
    """The context of an order, without wheels; UsageError where a file is missing."""
    path = order.folder / order.dockerfile
    try:
        dockerfile = Dockerfile(name=order.dockerfile, content=path.read_bytes())
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise UsageError(f"there is no Dockerfile {path}; `image.dockerfile` names it") from None
    return BuildContext(folder=order.folder / order.context, rules=_rules(order), dockerfile=dockerfile)


def source_digest(order: BuildOrder) -> str:
    """The sha256 over everything that an engine's image is made of, the wheels by the file that locks them."""
    made_of = {
        "builder": order.builder,
        "format": _FORMAT,
        "context": open_context(order).digest(),
        "base_image": order.base_image,
        "build_args": dict(order.build_args),
        "target": order.target,
        "platform": order.platform,
        "python": order.python,
        "requirements": hashlib.sha256(_requirements(order)).hexdigest(),
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def _requirements(order: BuildOrder) -> bytes:
    if order.requirements is None:
        return b""
    file = order.folder / order.requirements
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputMissingError(f"{file} cannot be read: {error.strerror}; `image.requirements` names it") from None


def _rules(order: BuildOrder) -> IgnoreRules:
    """A file `<Dockerfile>.dockerignore` beside the Dockerfile goes before the context's, as in BuildKit."""
    own = order.folder / f"{order.dockerfile}{FILE}"
    if own.is_file():
        return parse_rules(own.read_text(encoding="utf-8-sig").splitlines(), origin=str(own))
    return read_rules(order.folder / order.context)


class _Digest:
    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        self._sha256.update(data)

    @property
    def value(self) -> str:
        return self._sha256.hexdigest()


class _Stream(io.RawIOBase):
    """What `tarfile` writes to."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: bytes) -> int:  # type: ignore[override]  # tarfile passes bytes only
        self._out.write(data)
        self._length += len(data)
        return len(data)
