"""A release that somebody carried away, verified without any account: what its folder holds, and a public key."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agent.errors import InputMissingError, ModelyardError, UsageError
from agent.release.envelope import is_envelope, unseal
from agent.release.statement import decode
from agent.release.store import payload_of
from agent.release.verification import Checked, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from agent.artifacts import Release
    from agent.release.envelope import VerificationKey

_CHUNK = 1 << 20
NOT_HERE = "not in the folder"


def find_release(folder: Path, digits: str) -> Path:
    """The one file in the folder that is called as a release that starts with these digits."""
    found = sorted(path for path in folder.glob("*.json") if path.stem.startswith(digits) and len(path.stem) == 64)
    if not found:
        raise InputMissingError(f"{folder} has no file of a release {digits}, which would be called <digest>.json")
    if len(found) > 1:
        raise UsageError(f"{digits} names several files in {folder}, give more digits")
    return found[0]


def audit(file: Path, keys: Sequence[VerificationKey]) -> tuple[Checked | Refused, ...]:
    """What is to be found of a release in its file's folder: the file itself, who signed it, and what lies beside."""
    digest, content = file.stem, file.read_bytes()
    document = _look("release document", lambda: _document(content, digest, file))
    if isinstance(document, Refused):
        return (document,)
    release = decode(payload_of(content, digest, str(file)), str(file))
    return (document, _look("signature", lambda: _signature(content, keys, file)), *_beside(release, file.parent))


def _look(what: str, find: Callable[[], str]) -> Checked | Refused:
    try:
        return Checked(what=what, found=find())
    except ModelyardError as error:
        return Refused(what=what, error=error)


def _document(content: bytes, digest: str, file: Path) -> str:
    decode(payload_of(content, digest, str(file)), str(file))
    return digest


def _signature(content: bytes, keys: Sequence[VerificationKey], file: Path) -> str:
    if not is_envelope(content):
        raise InputMissingError(f"{file} is not signed")
    sealed = unseal(content, str(file))
    key = next((key for key in keys if key.id == sealed.key_id), None)
    if key is None:
        raise InputMissingError(
            f"{file} was signed by another key: expected {' or '.join(key.id for key in keys)}, found {sealed.key_id}"
        )
    sealed.require_signed_by(key, str(file))
    return f"by key {key.id}"


def _beside(release: Release, folder: Path) -> Iterator[Checked | Refused]:
    yield _file("model artifact", release.model.artifact, release.model.sha256, folder)
    yield Checked(what="image", found=f"{NOT_HERE}; signed is {release.image.uri}")
    if release.sbom:
        yield _file("SBOM of the image", release.sbom.uri, release.sbom.sha256, folder)
    for name, data in release.data.items():
        yield _file(f"data set {name}", data.manifest, data.digest, folder)


def _file(what: str, uri: str, expected: str, folder: Path) -> Checked | Refused:
    path = folder / uri.rpartition("/")[2]
    if not path.is_file():
        return Checked(what=what, found=f"{NOT_HERE}; signed is sha256 {expected}")
    return _look(what, lambda: _content(path, expected))


def _content(path: Path, expected: str) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != expected:
        raise InputMissingError(f"{path} has changed: expected sha256 {expected}, found {digest.hexdigest()}")
    return expected
