"""What a contained process sees: the host read-only, the image over it, its job's folder, and nothing private.

Layers of an image run with the host's Python and libraries, so the host's `/usr` and the like stay visible. The
image's own folders join them: `/opt` and folders that the host lacks are the image's; in a folder that both have
the host's files win, because its programs need its libraries.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.runtime.launch import Mount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.runtime.container import Bind

SPECIAL = ("proc", "dev", "sys")
SHARED_MEMORY = "/dev/shm"  # noqa: S108  (a mount point)
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "nvidia*", "kfd", "dri")
"""Shell patterns of the devices that a container gets: what every program needs, and accelerators."""
DEVICE_LINKS = (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2"))
"""Names in /dev, and what follows /proc/self/fd in where they lead."""
PRIVATE = ("tmp", "run", "root", "home")
"""Folders of the host that a container finds empty: others' secrets and sockets are in them."""
COPIED_ON_WRITE = ("var", "opt")
IMAGE_FIRST = "opt"
OPT_ML = "/opt/ml"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a folder holds; ``links`` are names and destinations."""

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Host:
    """The host as far as a container's view depends on it.

    ``top`` is what lies at the root of its file system, ``crowded`` those of its folders in which something is mounted,
    ``mounted`` where in them (``var/lib``: a container engine mounts its layers there); ``devices`` are names in /dev;
    ``python`` are the folders that its Python needs; ``resolver`` is where its resolv.conf really is; ``hidden`` are
    folders that no container may see.
    """

    top: Listing
    crowded: Mapping[str, Listing]
    devices: tuple[str, ...]
    python: tuple[Path, ...]
    resolver: Path
    hidden: tuple[Path, ...] = ()
    mounted: frozenset[str] = frozenset()


def this_host(hidden: tuple[Path, ...] = ()) -> Host:
    """Look at the machine and the Python that modelyard runs on."""
    if missing := [str(path) for path in hidden if not path.is_dir()]:
        raise UsageError(f"{', '.join(missing)} cannot be hidden from containers: no such folder; create it first")
    top = listing(Path("/"))
    points = [Path(line.split()[4]) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    crowded = {point.parts[1] for point in points if len(point.parts) > 2} & set(top.folders)
    return Host(
        top=top,
        crowded={name: listing(Path("/", name)) for name in sorted(crowded - {*SPECIAL, *PRIVATE})},
        devices=tuple(sorted(path.name for pattern in DEVICES for path in Path("/dev").glob(pattern))),
        python=_python_folders(),
        resolver=Path("/etc/resolv.conf").resolve(),
        hidden=tuple(path.resolve() for path in hidden),
        mounted=frozenset("/".join(point.parts[1:3]) for point in points if len(point.parts) > 2),
    )


def listing(folder: Path) -> Listing:
    """What is in a folder; nothing when it cannot be read."""
    if not os.access(folder, os.R_OK | os.X_OK):
        return Listing()
    entries = sorted(folder.iterdir())
    real = [path for path in entries if not path.is_symlink()]
    return Listing(
        folders=tuple(path.name for path in real if path.is_dir()),
        files=tuple(path.name for path in real if path.is_file()),
        links=tuple((path.name, str(path.readlink())) for path in entries if path.is_symlink()),
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
    working_dir: str = "/",
) -> tuple[Mount, ...]:
    """The container's file system, from its root up; ``image`` is the unpacked image's rootfs.

    Folders in which something has to be created (mount points, a ``working_dir`` that no layer has) can be written to.
    """
    needed = (working_dir, *(bind.target for bind in binds))
    written = frozenset({*COPIED_ON_WRITE, *(top for path in needed for top in PurePosixPath(path).parts[1:2])})
    return (
        *_top(host, image, written),
        *(Mount(kind="tmpfs", target=str(path)) for path in host.hidden if not _is_private(path)),
        *(_read_only(path) for path in host.python if _is_private(path) or path.parts[1] == IMAGE_FIRST),
        *((_read_only(host.resolver.parent),) if _is_private(host.resolver) else ()),
        Mount(kind="bind", target=OPT_ML, sources=(str(opt_ml),), writable=True),
        *_image_opt_ml(image, opt_ml),
        *(Mount(kind="bind", target=bind.target, sources=(str(bind.source),), writable=True) for bind in binds),
        *((_hosts_file(hosts),) if hosts else ()),
    )


def _top(host: Host, rootfs: Path, written: frozenset[str]) -> list[Mount]:
    image = listing(rootfs)
    taken = {*SPECIAL, *(name for name, _ in host.top.links)}
    plan = [Mount(kind="link", target=f"/{name}", sources=(to,)) for name, to in host.top.links]
    plan += [Mount(kind="proc", target="/proc"), _read_only(Path("/sys")), *_devices(host)]
    for name in sorted({*host.top.folders, *image.folders, *PRIVATE} - taken):
        own = rootfs / name if name in image.folders else None
        plan += _folder(name, host, own, written=name in written)
    return plan + _additions(image, "/", rootfs, {*taken, *host.top.folders, *image.folders, *PRIVATE})


def _devices(host: Host) -> list[Mount]:
    nodes = [f"/dev/{name}" for name in host.devices]
    return [
        _empty("/dev"),
        *(Mount(kind="bind", target=node, sources=(node,), writable=True) for node in nodes),
        *(Mount(kind="link", target=f"/dev/{name}", sources=(f"/proc/self/fd{to}",)) for name, to in DEVICE_LINKS),
        _empty(SHARED_MEMORY),
    ]


def _folder(name: str, host: Host, image: Path | None, *, written: bool) -> list[Mount]:
    """One folder at the top: the host's, the image's, both, or an empty one."""
    target = f"/{name}"
    shown = name in host.top.folders and name not in PRIVATE
    if shown and image is None and not written:
        return [_read_only(Path(target))]
    if shown and name in host.crowded:
        busy = host.mounted if written else None
        return _entry_by_entry(target, host.crowded[name], image, busy, image_first=name == IMAGE_FIRST)
    layers = [str(image)] if image else []
    if shown:
        layers.insert(1 if name == IMAGE_FIRST else 0, target)
    return [Mount(kind="overlay", target=target, sources=tuple(layers)) if layers else _empty(target)]


def _entry_by_entry(
    target: str, host: Listing, image: Path | None, busy: frozenset[str] | None, *, image_first: bool
) -> list[Mount]:
    """Both folders as one where no overlay can: the kernel refuses one over folders in which something is mounted.

    The host's folders in it can be written to unless they are ``busy`` themselves; None: none of them can.
    """
    own = listing(image) if image else Listing()
    hidden = {*own.folders, *own.files, *(name for name, _ in own.links)} if image_first else set()
    kept = {*host.folders, *host.files, *(name for name, _ in host.links)} - hidden
    plan = [_empty(target)]
    plan += [_read_only(Path(target, name)) for name in host.files if name in kept]
    for name in (name for name in host.folders if name in kept):
        path = f"{target}/{name}"
        free = busy is not None and path.lstrip("/") not in busy
        plan.append(Mount(kind="overlay", target=path, sources=(path,)) if free else _read_only(Path(path)))
    plan += [Mount(kind="link", target=f"{target}/{name}", sources=(to,)) for name, to in host.links if name in kept]
    if image:
        folders = [name for name in own.folders if name not in kept]
        plan += [Mount(kind="overlay", target=f"{target}/{n}", sources=(str(image / n),)) for n in folders]
        plan += _additions(own, target, image, {*kept, *own.folders})
    return plan


def _additions(image: Listing, target: str, folder: Path, taken: set[str]) -> list[Mount]:
    """Files and links that the image adds to a folder."""
    links = [(name, to) for name, to in image.links if name not in taken]
    files = [name for name in image.files if name not in taken]
    return [
        *(Mount(kind="link", target=str(PurePosixPath(target, name)), sources=(to,)) for name, to in links),
        *(_read_only(folder / name, str(PurePosixPath(target, name))) for name in files),
    ]


def _empty(target: str) -> Mount:
    return Mount(kind="tmpfs", target=target)


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
