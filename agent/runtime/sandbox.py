"""What a contained process sees: the host read-only, the image over it, its job's folder, and nothing private.

Layers of an image run with the host's Python and libraries, so the host's `/usr` and the like stay visible. The
image's own folders join them: `/opt` and folders that the host lacks are the image's; in a folder that both have
the host's files win, because its programs need its libraries.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.runtime.launch import Mount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.runtime.container import Bind

SPECIAL = ("proc", "dev", "sys")
SHARED_MEMORY = "/dev/shm"  # noqa: S108  (a mount point)
PRIVATE = ("tmp", "run", "root", "home")
"""Folders of the host that a container finds empty: others' secrets and sockets are in them."""
COPIED_ON_WRITE = ("etc", "var", "opt")
IMAGE_FIRST = "opt"
OPT_ML = "/opt/ml"


@dataclass(frozen=True, kw_only=True)
class Host:
    """The host as far as a container's view depends on it.

    ``folders`` and ``links`` (name and destination) are what lies at the top of its file system; ``python`` are the
    folders that its Python needs; ``resolver`` is where its resolv.conf really is; ``hidden`` are folders that no
    container may see.
    """

    folders: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    python: tuple[Path, ...]
    resolver: Path
    hidden: tuple[Path, ...] = ()


def this_host(hidden: tuple[Path, ...] = ()) -> Host:
    """Look at the machine and the Python that modelyard runs on."""
    top = sorted(Path("/").iterdir())
    if missing := [str(path) for path in hidden if not path.is_dir()]:
        raise UsageError(f"{', '.join(missing)} cannot be hidden from containers: no such folder; create it first")
    return Host(
        folders=tuple(path.name for path in top if path.is_dir() and not path.is_symlink()),
        links=tuple((path.name, str(path.readlink())) for path in top if path.is_symlink()),
        python=_python_folders(),
        resolver=Path("/etc/resolv.conf").resolve(),
        hidden=tuple(path.resolve() for path in hidden),
    )


def _python_folders() -> tuple[Path, ...]:
    """The virtual environment, the installation under it, by whatever links they are reached, and this package."""
    executable = Path(sys.executable)
    named = {Path(sys.prefix), Path(sys.base_prefix), executable.parent, Path(__file__).parents[1]}
    return tuple(sorted({*named, *(path.resolve() for path in named), executable.resolve().parent}))


def mounts(
    *,
    image: Path,
    opt_ml: Path,
    host: Host,
    binds: tuple[Bind, ...] = (),
    hosts: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Mount, ...]:
    """The container's file system, from its root up; ``image`` is the unpacked image's rootfs."""
    return (
        *_top(host, image),
        *(Mount(kind="tmpfs", target=str(path)) for path in host.hidden if not _is_private(path)),
        *(_read_only(path) for path in host.python if _is_private(path) or path.parts[1] == IMAGE_FIRST),
        *((_read_only(host.resolver.parent),) if _is_private(host.resolver) else ()),
        Mount(kind="bind", target=OPT_ML, sources=(str(opt_ml),), writable=True),
        *_image_opt_ml(image, opt_ml),
        *(Mount(kind="bind", target=bind.target, sources=(str(bind.source),), writable=True) for bind in binds),
        *((_hosts_file(hosts),) if hosts else ()),
    )


def _top(host: Host, rootfs: Path) -> list[Mount]:
    image = {path.name: path for path in sorted(rootfs.iterdir())} if rootfs.is_dir() else {}
    links = dict(host.links)
    plan = [Mount(kind="link", target=f"/{name}", sources=(to,)) for name, to in links.items()]
    plan += [*map(_special, SPECIAL), Mount(kind="tmpfs", target=SHARED_MEMORY)]
    for name in sorted({*host.folders, *image, *PRIVATE} - {*SPECIAL, *links}):
        plan.append(_folder(name, name in host.folders, image.get(name)))
    return plan


def _special(name: str) -> Mount:
    if name == "proc":
        return Mount(kind="proc", target="/proc")
    return Mount(kind="bind", target=f"/{name}", sources=(f"/{name}",), writable=name == "dev")


def _folder(name: str, on_host: bool, in_image: Path | None) -> Mount:
    """One folder at the top: the host's, the image's, both, or an empty one."""
    target = f"/{name}"
    if in_image is not None and not on_host and name not in PRIVATE and in_image.is_symlink():
        return Mount(kind="link", target=target, sources=(str(in_image.readlink()),))
    if in_image is not None and not on_host and in_image.is_file():
        return _read_only(in_image, target)
    layers = [str(in_image)] if in_image is not None and in_image.is_dir() and not in_image.is_symlink() else []
    shown = on_host and name not in PRIVATE
    if shown and not layers and name not in COPIED_ON_WRITE:
        return _read_only(Path(target))
    if shown:
        layers.insert(1 if name == IMAGE_FIRST else 0, target)
    return Mount(kind="overlay", target=target, sources=tuple(layers)) if layers else Mount(kind="tmpfs", target=target)


def _image_opt_ml(rootfs: Path, opt_ml: Path) -> list[Mount]:
    """What the image itself has under /opt/ml (such as `code`) stays visible beside the job's own folders."""
    own = rootfs / OPT_ML.lstrip("/")
    found = sorted(own.iterdir()) if own.is_dir() else []
    return [
        Mount(kind="overlay", target=f"{OPT_ML}/{path.name}", sources=(str(path),))
        for path in found
        if path.is_dir() and not (opt_ml / path.name).exists()
    ]


def _hosts_file(hosts: Mapping[str, str]) -> Mount:
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in hosts.items())]
    return Mount(kind="file", target="/etc/hosts", content="\n".join(lines) + "\n")


def _read_only(path: Path, target: str | None = None) -> Mount:
    return Mount(kind="bind", target=target or str(path), sources=(str(path),))


def _is_private(path: Path) -> bool:
    return path.parts[1] in PRIVATE
