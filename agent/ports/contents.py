"""What a container image holds, as its own layers tell: the packages that somebody will ask about one day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

PackageKind = Literal["apk", "conda", "deb", "npm", "pypi"]
"""The package-url type of a package."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package as its installer noted it.

    ``license`` is in the packager's own words, an SPDX expression where ``spdx`` says so. ``record`` is the sha256 of
    the list of its files (`RECORD`), in hexadecimal, where there is one.
    """

    kind: PackageKind
    name: str
    version: str
    license: str = ""
    spdx: bool = False
    architecture: str = ""
    record: str = ""


@dataclass(frozen=True, kw_only=True)
class System:
    """The distribution that an image is made of, as `os-release` calls it."""

    id: str
    version: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class LayerContents:
    """What one layer adds and takes away, whatever lies below it.

    ``packages`` are by the file that tells of them; ``removed`` and ``hidden`` (whose lower content goes) are paths.
    ``unread`` are databases of packages that nothing here reads. Paths have no slash ahead.
    """

    packages: Mapping[str, tuple[Package, ...]] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    system: System | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A package of the image: the file that tells of it, and the digest of the layer that brought it."""

    package: Package
    path: str
    layer: str


@dataclass(frozen=True, kw_only=True)
class ImageLayer:
    """A layer by its digest; ``holds`` is what we put into one of ours, in a word."""

    digest: str
    size: int
    holds: str = ""


@dataclass(frozen=True, kw_only=True)
class ImageContents:
    """A whole image: ``name`` is its repository's address, ``created`` (RFC 3339) what its configuration says."""

    name: str
    digest: str
    platform: str
    created: str
    layers: tuple[ImageLayer, ...]
    system: System | None
    packages: tuple[Installed, ...]
    unread: tuple[str, ...] = ()


class KeptLayers(Protocol):
    """Remembers what was read of a layer, by its digest, so that no layer is ever read twice."""

    def find(self, digest: str) -> LayerContents | None:
        """What is known of a layer, or None."""

    def keep(self, digest: str, contents: LayerContents) -> None:
        """Remember it."""
