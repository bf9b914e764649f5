"""Calls of the kernel that Python's standard library has no names for."""

from __future__ import annotations

import ctypes
import os

MS_BIND, MS_REC = 0x1000, 0x4000
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY = 1
SYS_MOUNT_SETATTR = 442
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER = 1, 24, 36
CLONE_NEWNET = 0x40000000


def call(name: str, *arguments: str | int | ctypes.Array[ctypes.c_uint64] | None) -> None:
    """A function of the C library that answers -1 on failure; raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*map(_as_c, arguments)) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}", str(arguments))


def make_read_only(target: str) -> None:
    """Refuse writes to a mount and to everything mounted below it (mount_setattr, Linux 5.12)."""
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY, 0, 0, 0)
    size = ctypes.sizeof(attributes)
    call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, target, AT_RECURSIVE, attributes, size)


def drop_capabilities(kept: frozenset[int]) -> None:
    """Let no program that is executed from now on have more capabilities than ``kept``, not even root's."""
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        last = int(file.read())
    for capability in set(range(last + 1)) - kept:
        call("prctl", PR_CAPBSET_DROP, capability)


def _as_c(argument: object) -> object:
    """A Python value as C takes it; the kernel's flags and sizes are longs."""
    if isinstance(argument, str):
        return argument.encode()
    return ctypes.c_long(argument) if isinstance(argument, int) else argument
