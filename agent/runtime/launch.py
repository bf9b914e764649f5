"""What the supervisor is told: the values between modelyard and the process that holds a container together."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Mount:
    """One entry of a container's file system; applied in order, later ones over earlier ones.

    - ``tmpfs``: an empty folder in memory.
    - ``bind``: the host's folder or file ``sources[0]``, with everything mounted in it.
    - ``overlay``: the host's folders ``sources`` as one, the first on top; writes stay in the container's memory.
    - ``proc``: the container's own processes.
    - ``link``: a symbolic link to ``sources[0]``.
    - ``file``: a file with ``content``, in place of one that exists.
    """

    kind: Literal["tmpfs", "bind", "overlay", "proc", "link", "file"]
    target: str
    sources: tuple[str, ...] = ()
    writable: bool = False
    content: str = ""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A program to start, and the view it gets; ``mounts`` is None where the container sees the host as it is."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_dir: str
    mounts: tuple[Mount, ...] | None
    hostname: str
    network: bool
    port: int | None
    memory_mb: int | None

    def encode(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"
