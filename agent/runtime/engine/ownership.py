"""Whose a job's files are: containers run as root or as their image's USER, the cloud as whoever started it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.runtime.engine.body import mounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.runtime.container import Bind


def open_to_all(folders: list[Bind]) -> None:
    """Let any user of a container read and write below its folders; on this machine the state folder shuts others out.

    SageMaker itself supports servers that run as root only; an image that does not should work here all the same.
    """
    for bind in folders:
        for parent, names, files in os.walk(bind.source):
            for path in (Path(parent), *(Path(parent) / name for name in (*names, *files))):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o777 if path.is_dir() else 0o666))


def handover_body(folders: list[Bind], identity: str, owner: tuple[int, int], marks: Mapping[str, str]) -> Any:
    """A container of the same image that gives the folders' files to the cloud's own user."""
    return {
        "Image": identity,
        "User": "0",
        "Entrypoint": ["chown", "-R", f"{owner[0]}:{owner[1]}"],
        "Cmd": [bind.target for bind in folders],
        "Labels": dict(marks),
        "HostConfig": {"NetworkMode": "none", "Mounts": mounts(folders), "LogConfig": {"Type": "none"}},
    }


def stranger() -> tuple[int, int] | None:
    """Our user and group, unless root: then everybody's files are as good as ours."""
    return None if os.geteuid() == 0 else (os.geteuid(), os.getegid())
