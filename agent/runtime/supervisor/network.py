"""A network of the container's own, in which there is nothing but a loopback, and one door for a server's port."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from agent.runtime.supervisor.kernel import CLONE_NEWNET, call

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_REQUEST = "16sh14x"


def isolate_network(port: int | None) -> socket.socket | None:
    """Leave the host's network. The answer listens at ``port`` of the host, because it was made there."""
    listener = socket.create_server(("127.0.0.1", port)) if port else None
    call("unshare", CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack(_REQUEST, b"lo", 0))
        flags = struct.unpack(_REQUEST, answer)[1] | _IFF_UP
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack(_REQUEST, b"lo", flags))
    return listener


def start_relay(listener: socket.socket, port: int) -> None:
    """Join the host's connections to the container's own port, in a process that ends with us."""
    if os.fork():
        listener.close()
        return
    from agent.runtime.supervisor.relay import relay

    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    relay(listener, port)
