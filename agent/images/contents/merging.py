"""Layers laid over each other: what an upper one removes, hides or replaces is not in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.ports.contents import Installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agent.ports.contents import LayerContents, Package, System


def packages_of(layers: Sequence[tuple[str, LayerContents]]) -> tuple[Installed, ...]:
    """The packages of an image by its layers, each with its digest, the lowest first.

    A package that an upper layer's database repeats is of the layer that brought it.
    """
    present: dict[str, tuple[Installed, ...]] = {}
    for digest, contents in layers:
        gone = [path for path in present if _goes(path, contents)]
        for path in gone:
            del present[path]
        for path, packages in contents.packages.items():
            present[path] = _replaced(present.get(path, ()), packages, path, digest)
    return tuple(installed for path in sorted(present) for installed in present[path])


def system_of(layers: Iterable[LayerContents]) -> System | None:
    """The distribution that the uppermost layer with an `os-release` names."""
    told = [contents.system for contents in layers if contents.system is not None]
    return told[-1] if told else None


def unread_of(layers: Iterable[LayerContents]) -> tuple[str, ...]:
    """Databases of packages that nothing here reads."""
    return tuple(sorted({path for contents in layers for path in contents.unread}))


def _goes(path: str, contents: LayerContents) -> bool:
    removed = any(path == gone or path.startswith(f"{gone}/") for gone in contents.removed)
    return removed or any(path.startswith(f"{folder}/" if folder else "") for folder in contents.hidden)


def _replaced(below: Iterable[Installed], packages: Iterable[Package], path: str, digest: str) -> tuple[Installed, ...]:
    known = {installed.package: installed for installed in below}
    return tuple(known.get(package, Installed(package=package, path=path, layer=digest)) for package in packages)
