"""The container's view of the file system, assembled in memory from :class:`agent.runtime.launch.Mount` values."""

from __future__ import annotations

import os

from agent.runtime.supervisor.kernel import MNT_DETACH, MS_BIND, MS_REC, call, make_read_only

TYPE_CHECKING = False  # the real one would import typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

OLD_ROOT = "/.host"
LAYERS = "/.layers"
_START = "/tmp"


def enter_root(mounts: list[Mapping[str, Any]]) -> None:
    """Assemble a new root and make it ours; what it does not show of the host's old one is out of reach."""
    call("mount", "tmpfs", _START, "tmpfs", 0, "mode=0755")
    os.mkdir(_START + OLD_ROOT)
    call("pivot_root", _START, _START + OLD_ROOT)
    os.chdir("/")
    os.mkdir(LAYERS)
    call("mount", "tmpfs", LAYERS, "tmpfs", 0, "mode=0700")
    kinds = {
        "tmpfs": _mount_tmpfs,
        "bind": _mount_bind,
        "overlay": _mount_overlay,
        "proc": _mount_proc,
        "link": _place_link,
        "file": _place_file,
    }
    for number, mount in enumerate(mounts):
        kinds[mount["kind"]](mount, number)
    for hidden in (LAYERS, OLD_ROOT):
        call("umount2", hidden, MNT_DETACH)
        os.rmdir(hidden)


def _mount_tmpfs(mount: Mapping[str, Any], _: int) -> None:
    os.makedirs(mount["target"], exist_ok=True)
    call("mount", "tmpfs", mount["target"], "tmpfs", 0, "mode=1777")


def _mount_bind(mount: Mapping[str, Any], _: int) -> None:
    source, target = OLD_ROOT + mount["sources"][0], mount["target"]
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    call("mount", source, target, None, MS_BIND | MS_REC, None)
    if not mount["writable"]:
        make_read_only(target)


def _mount_overlay(mount: Mapping[str, Any], number: int) -> None:
    upper, work = f"{LAYERS}/{number}/upper", f"{LAYERS}/{number}/work"
    for folder in (upper, work, mount["target"]):
        os.makedirs(folder, exist_ok=True)
    lower = ":".join(_escaped(OLD_ROOT + source) for source in mount["sources"])
    options = f"lowerdir={lower},upperdir={upper},workdir={work},userxattr"
    call("mount", "overlay", mount["target"], "overlay", 0, options)


def _escaped(path: str) -> str:
    """A path within overlay's options."""
    for special in "\\:,":
        path = path.replace(special, "\\" + special)
    return path


def _mount_proc(mount: Mapping[str, Any], _: int) -> None:
    os.makedirs(mount["target"], exist_ok=True)
    call("mount", "proc", mount["target"], "proc", 0, None)


def _place_link(mount: Mapping[str, Any], _: int) -> None:
    os.symlink(mount["sources"][0], mount["target"])


def _place_file(mount: Mapping[str, Any], number: int) -> None:
    """Over the host's file, which need not be ours to write."""
    own = f"{LAYERS}/{number}"
    with open(own, "w", encoding="utf-8") as file:
        file.write(mount["content"])
    call("mount", own, mount["target"], None, MS_BIND, None)
