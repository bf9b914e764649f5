"""Where bills of materials are kept: by the image, and each under its own sha256; and what was read of layers."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from agent.artifacts import Sbom
from agent.errors import InputMissingError
from agent.ports.contents import LayerContents, Package, System
from agent.step import canonical

if TYPE_CHECKING:
    from typing import Any

    from agent.ledger.ledger import Ledger

SBOMS = "sboms/1/"
"""Where they are; the number is to be raised when the same image would be described in another way."""
_NAME = re.compile(rf"^{SBOMS}[0-9a-f]{{64}}/(?P<sha256>[0-9a-f]{{64}})\.cdx\.json$")


class SbomStore:
    """The bills of materials of a project, in its ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def keep(self, image: str, content: bytes) -> Sbom:
        """Keep the document of an image, which ``sha256:…`` names; of several, :meth:`find` answers the same always."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._ledger.create_bytes(f"{_folder(image)}{sha256}.cdx.json", content)
        return self._sbom(image, sha256, content)

    def find(self, image: str) -> Sbom | None:
        """The document of an image, or None where nobody made one yet."""
        for name in self._ledger.names(_folder(image)):
            if known := _NAME.match(name):
                content = self._ledger.read_bytes(name)
                if content is not None and hashlib.sha256(content).hexdigest() == known["sha256"]:
                    return self._sbom(image, known["sha256"], content)
        return None

    def read(self, sbom: Sbom) -> dict[str, Any]:
        """The document; InputMissingError, with the digest expected and found, where it is another one by now."""
        content = self._ledger.read_bytes(sbom.uri.removeprefix(self._ledger.uri("")))
        if content is None:
            raise InputMissingError(f"{sbom.uri} is not there any more; run the pipeline again for its commit")
        found = hashlib.sha256(content).hexdigest()
        if found != sbom.sha256:
            raise InputMissingError(f"{sbom.uri} has changed: expected sha256 {sbom.sha256}, found {found}")
        return _document(content)

    def _sbom(self, image: str, sha256: str, content: bytes) -> Sbom:
        uri = self._ledger.uri(f"{_folder(image)}{sha256}.cdx.json")
        return Sbom(uri=uri, sha256=sha256, packages=len(packages_in(_document(content))))


class KnownLayers:
    """An :class:`agent.ports.contents.KeptLayers` in the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def find(self, digest: str) -> LayerContents | None:
        """See :class:`agent.ports.contents.KeptLayers`; what cannot be read is read anew."""
        content = self._ledger.read_bytes(_layer(digest))
        return None if content is None else _layer_contents(content)

    def keep(self, digest: str, contents: LayerContents) -> None:
        """See :class:`agent.ports.contents.KeptLayers`; the first that was kept stays, for it says the same."""
        self._ledger.create_bytes(_layer(digest), canonical(asdict(contents)))


def packages_in(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The components that are packages, as the document has them."""
    return [component for component in document.get("components", ()) if component["type"] == "library"]


def _document(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(content)
    return document


def _folder(image: str) -> str:
    return f"{SBOMS}{image.removeprefix('sha256:')}/"


def _layer(digest: str) -> str:
    return f"{SBOMS}layers/{digest.removeprefix('sha256:')}.json"


def _layer_contents(content: bytes) -> LayerContents | None:
    try:
        told = json.loads(content)
        return LayerContents(
            packages={path: tuple(Package(**one) for one in found) for path, found in told["packages"].items()},
            removed=tuple(told["removed"]),
            hidden=tuple(told["hidden"]),
            system=System(**told["system"]) if told["system"] else None,
            unread=tuple(told["unread"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
