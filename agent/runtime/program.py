"""Which program a container runs: the image's or the job's words, found as a container engine would find them.

Whatever asks for a `python` gets the Python that modelyard runs on: an image's own interpreter needs its own C
library, and only a container engine can give it that.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from agent.images.unpack import resolve_inside
from agent.runtime.container import Bind, CannotStartError
from agent.runtime.sandbox import IMAGE_FIRST, OPT_ML

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.runtime.container import ContainerSpec

_PYTHON = re.compile(r"python(\d+(\.\d+)*)?")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHEBANG_BYTES = 256
_HOME, _TEMPORARY = ".home", ".tmp"
_PATH_LIKE = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")


class View(Protocol):
    """How a container's paths relate to the host's."""

    def host_path(self, path: str) -> Path | None:
        """The host's file or folder behind the container's absolute ``path``, if there is one."""

    def word(self, text: str) -> str:
        """How a word of the command, or one path of a variable, must read so that it means the same in this view."""

    def working_dir(self, path: str) -> str:
        """Where a program with this working directory starts."""

    def environment(self) -> Mapping[str, str]:
        """Variables that this view needs."""


@dataclass(frozen=True, kw_only=True)
class ContainedView:
    """The view of a process under namespaces, as :func:`agent.runtime.sandbox.mounts` makes it."""

    rootfs: Path
    folders: tuple[Bind, ...]

    def host_path(self, path: str) -> Path | None:
        """The job's folders first; then image before host under ``/opt``, host before image elsewhere."""
        places = [Path(path), resolve_inside(self.rootfs, PurePosixPath(path))]
        if _below(path, f"/{IMAGE_FIRST}"):
            places.reverse()
        places = [*_moved(path, self.folders), *places]
        return next((place for place in places if place.exists()), None)

    def word(self, text: str) -> str:
        """Every path is already right."""
        return text

    def working_dir(self, path: str) -> str:
        """It is made where no layer has it, as container engines do."""
        return path

    def environment(self) -> Mapping[str, str]:
        """The home that container engines give root; it is empty and goes with the container."""
        return {"HOME": "/root"}


@dataclass(frozen=True, kw_only=True)
class PlainView:
    """The view without namespaces: no path can be moved, so words are rewritten and variables tell the folder."""

    rootfs: Path
    folders: tuple[Bind, ...]

    @property
    def opt_ml(self) -> Path:
        """The host's folder that should be /opt/ml."""
        return self.folders[0].source

    def furnish(self) -> None:
        """Make the folders that the variables name, and show what the image itself has under /opt/ml."""
        for name in (_HOME, _TEMPORARY):
            (self.opt_ml / name).mkdir(exist_ok=True)
        own = self.rootfs / OPT_ML.lstrip("/")
        for path in own.iterdir() if own.is_dir() else ():
            if not (self.opt_ml / path.name).exists():
                (self.opt_ml / path.name).symlink_to(path)

    def host_path(self, path: str) -> Path | None:
        """The job's folders, then the image, then the host."""
        place = Path(self.word(path))
        return place if place.exists() else None

    def word(self, text: str) -> str:
        """A path of the job's folders or of the image becomes the host's path; other words stay."""
        if moved := _moved(text, self.folders):
            return str(moved[0])
        if text.startswith("/") and (found := resolve_inside(self.rootfs, PurePosixPath(text))).exists():
            return text if found == self.rootfs else str(found)
        return text

    def working_dir(self, path: str) -> str:
        """An empty one where no layer has it."""
        place = self.host_path(path)
        return str(place or self.opt_ml / _TEMPORARY)

    def environment(self) -> Mapping[str, str]:
        """Where the folder is, and what keeps the container from writing elsewhere."""
        return {
            "HOME": str(self.opt_ml / _HOME),
            "TMPDIR": str(self.opt_ml / _TEMPORARY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SAGEMAKER_BASE_DIR": str(self.opt_ml),
        }


def folders(spec: ContainerSpec) -> tuple[Bind, ...]:
    """The host's folders that the container is given, /opt/ml first."""
    return (Bind(source=spec.opt_ml, target=OPT_ML), *spec.binds)


def _moved(path: str, binds: tuple[Bind, ...]) -> list[Path]:
    return [bind.source / path[len(bind.target) :].lstrip("/") for bind in binds if _below(path, bind.target)]


def command(spec: ContainerSpec) -> tuple[str, ...]:
    """The words that `docker run` would execute for this container."""
    image = spec.unpacked
    entrypoint = image.entrypoint if spec.entrypoint is None else spec.entrypoint
    arguments = spec.arguments or (image.cmd if spec.entrypoint is None else ())
    if not (words := (*entrypoint, *arguments)):
        raise CannotStartError(f"image {image.digest} has neither ENTRYPOINT nor CMD: no command specified", 127)
    return words


def environment(spec: ContainerSpec, view: View) -> dict[str, str]:
    """The container's variables: what the image and the job give and a few that every program needs; never ours."""
    given = {**dict(spec.unpacked.env), **spec.environment}
    variables = {
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "HOSTNAME": spec.hostname or spec.name,
        **view.environment(),
        **given,
        "PATH": ":".join([str(Path(sys.executable).parent), *_unique(given.get("PATH", ""), _SYSTEM_PATH)]),
    }
    if spec.port is not None:
        # The port is the host's, and nobody but the host is to reach it.
        variables |= {"SAGEMAKER_BIND_TO_PORT": str(spec.port), "MODELYARD_BIND_HOST": "127.0.0.1"}
    for name in variables.keys() & set(_PATH_LIKE):
        variables[name] = ":".join(view.word(path) for path in variables[name].split(":"))
    return variables


def resolve(spec: ContainerSpec, view: View) -> tuple[str, ...]:
    """The words to execute, the first an absolute path; :class:`CannotStartError` as an engine would word it."""
    name, *rest = command(spec)
    arguments = [view.word(word) for word in rest]
    if _is_python(name):
        return (sys.executable, *arguments)
    path, file = _find(name, spec, view)
    if not os.access(file, os.X_OK):
        raise CannotStartError(f'exec: "{name}": permission denied: chmod +x it in the image', 126)
    return (*_interpreter(file), path, *arguments)


def _find(name: str, spec: ContainerSpec, view: View) -> tuple[str, Path]:
    """The program as its process will name it, and its file on the host."""
    if "/" in name:
        path = str(PurePosixPath(spec.unpacked.working_dir or "/") / name)
        if file := view.host_path(path):
            return view.word(path), file
        raise CannotStartError(f'exec: "{name}": stat {path}: no such file or directory', 127)
    ours, *given = environment(spec, view)["PATH"].split(":")
    for folder in (*given, ours):
        path = f"{folder}/{name}"
        if (file := view.host_path(path)) and file.is_file() and os.access(file, os.X_OK):
            return path, file
    raise CannotStartError(f'exec: "{name}": executable file not found in $PATH', 127)


def _interpreter(file: Path) -> tuple[str, ...]:
    """Our Python and its options, when the file is a script for some Python; otherwise the kernel knows what to do."""
    with file.open("rb") as program:
        head = program.read(_SHEBANG_BYTES)
    if not head.startswith(b"#!"):
        return ()
    words = shlex.split(head[2:].split(b"\n")[0].decode("utf-8", "replace"))
    if words and PurePosixPath(words[0]).name == "env":
        words = words[1:]
        words = words[1:] if words[:1] == ["-S"] else words
    return (sys.executable, *words[1:]) if words and _is_python(words[0]) else ()


def _is_python(word: str) -> bool:
    return _PYTHON.fullmatch(PurePosixPath(word).name) is not None


def _unique(*paths: str) -> list[str]:
    return list(dict.fromkeys(folder for path in paths for folder in path.split(":") if folder))


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
