"""Closes a port without losing those who are just coming in.

When a listening socket is closed, the kernel resets connections that it has opened but nobody has accepted yet. So the
socket first stops hearing new clients, and is closed a moment later, when all who were heard have been accepted. A
client that was not heard asks again after a second, as TCP does, and is then refused.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import stat
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

LINGER_SECONDS = 0.5
"""So long after SIGTERM the port stays open: answers are their connections' last ones."""
_HEARD_SECONDS = 0.3
"""For so long of that new clients are heard, so that routers learn from /ping to go elsewhere."""
_LOOK_SECONDS = 0.05
_SO_ATTACH_FILTER = 26  # socket(7); Python has no name for it
_LOAD_BYTE, _JUMP_IF_SET, _RETURN = 0x30, 0x45, 0x06  # BPF_LD|BPF_B|BPF_ABS, BPF_JMP|BPF_JSET|BPF_K, BPF_RET|BPF_K
_FLAGS_OF_TCP, _SYN = 13, 0x02
_DROP, _PASS = 0, 0xFFFFFFFF
_PROGRAM = (
    (_LOAD_BYTE, 0, 0, _FLAGS_OF_TCP),
    (_JUMP_IF_SET, 0, 1, _SYN),
    (_RETURN, 0, 0, _DROP),
    (_RETURN, 0, 0, _PASS),
)


def watch(loop: asyncio.AbstractEventLoop, draining: Callable[[], bool], port: int) -> None:
    """Stop hearing new clients a while after ``draining`` has become true."""
    if draining():
        loop.call_later(_HEARD_SECONDS, stop_hearing, port)
    else:
        loop.call_later(_LOOK_SECONDS, watch, loop, draining, port)


def stop_hearing(port: int) -> bool:
    """Drop what opens new connections to ``port`` of this process; False where the system cannot do that."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in _PROGRAM)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(_PROGRAM), ctypes.addressof(buffer))  # struct sock_fprog
    heard = False
    for listener in _listeners(port):
        with listener, contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
            heard = True
    return heard


def _listeners(port: int) -> list[socket.socket]:
    """Duplicates of this process's sockets that listen on ``port``."""
    found = []
    descriptors = Path("/proc/self/fd")  # not there in every sandbox
    for entry in descriptors.iterdir() if descriptors.exists() else ():
        descriptor = int(entry.name)
        with contextlib.suppress(OSError):  # the descriptor of the listing itself is gone by now
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                one = socket.socket(fileno=os.dup(descriptor))
                is_ours = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) and one.getsockname()[1] == port
                found.append(one) if is_ours else one.close()
    return found
