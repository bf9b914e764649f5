"""Wheels as a layer: installed straight into its stream, so that nothing runs and nothing of this machine gets in."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tempfile
import zipfile
from base64 import urlsafe_b64encode
from typing import IO, TYPE_CHECKING, BinaryIO

from installer import install
from installer.destinations import WheelDestination
from installer.exceptions import InstallerError
from installer.records import Hash, RecordEntry
from installer.sources import WheelFile, WheelSource

from agent.errors import InputMissingError
from agent.images.layer_writer import LayerWriter
from agent.images.layers.places import BIN, PREFIX, site_packages

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path

    from installer.scripts import ScriptSection
    from installer.utils import Scheme

    from agent.images.stored_gzip import Sink

_IN_MEMORY = 64 << 20
_CHUNK = 1 << 20
_UNSAFE = re.compile(r"(^|/)\.\.(/|$)|^/|\\")
_OF_SETUPTOOLS = "distutils-precedence.pth"
_SCRIPT = """\
#!/usr/bin/env python{python}
import sys
from {module} import {name}
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix(".exe")
    sys.exit({attribute}())
"""


def write_wheels(wheels: Iterable[Path], python: str, out: Sink) -> str:
    """Write a layer with these wheels installed for Python ``3.X``, and answer its diff id.

    Its bytes are decided by the wheels' alone. There is no byte code, and no record of who installed it from where.
    """
    writer = LayerWriter(out)
    for wheel in sorted(wheels, key=lambda path: path.name):
        try:
            with WheelFile.open(wheel) as source:
                install(source, _LayerDestination(writer, python, source), additional_metadata={})
        except (InstallerError, zipfile.BadZipFile, ValueError, KeyError, OSError) as error:
            raise InputMissingError(f"{wheel.name} cannot be installed: {error}; lock another version of it") from error
    return writer.finish()


def path_files(wheels: Iterable[Path]) -> list[str]:
    """What wheels bring for the start of Python (`*.pth`), which it reads in its own folder of packages only.

    The one of setuptools is for Pythons that have `distutils` still; nothing is lost with it.
    """
    found = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            found += [name for name in archive.namelist() if name.endswith(".pth") and name != _OF_SETUPTOOLS]
    return sorted(found)


class _LayerDestination(WheelDestination):
    """Puts the files of one wheel where a Python of its own prefix would have them."""

    def __init__(self, writer: LayerWriter, python: str, source: WheelSource) -> None:
        self._writer = writer
        self._python = python
        site = site_packages(python)
        self._folders = {
            "purelib": site,
            "platlib": site,
            "headers": f"{PREFIX}/include/python{python}/{source.distribution}",
            "scripts": BIN,
            "data": PREFIX,
        }

    def write_script(self, name: str, module: str, attr: str, section: ScriptSection) -> RecordEntry:  # noqa: ARG002
        """An entry point; windows are no matter of a container."""
        text = _SCRIPT.format(python=self._python, module=module, name=attr.partition(".")[0], attribute=attr)
        return self._write("scripts", name, io.BytesIO(text.encode()), executable=True)

    def write_file(
        self, scheme: Scheme, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        """A file of the wheel; its size is known only when it has been unpacked."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as unpacked:
            if scheme == "scripts":
                unpacked.write(self._first_line(stream))
            while block := stream.read(_CHUNK):
                unpacked.write(block)
            unpacked.seek(0)
            return self._write(str(scheme), str(path), unpacked, executable=is_executable or scheme == "scripts")

    def finalize_installation(
        self, scheme: Scheme, record_file_path: str, records: Iterable[tuple[Scheme, RecordEntry]]
    ) -> None:
        """The list of what was installed, relative to where packages are, in an order of our own."""
        rows = sorted(tuple(entry.to_row(self._prefix(str(where)))) for where, entry in records)
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([*rows, (record_file_path, "", "")])
        self._write(str(scheme), record_file_path, io.BytesIO(text.getvalue().encode()), executable=False)

    def _first_line(self, stream: BinaryIO) -> bytes:
        """A script for "python", which is whatever installs it, is one for the image's Python."""
        line = stream.readline()
        return f"#!/usr/bin/env python{self._python}\n".encode() if line.startswith(b"#!python") else line

    def _prefix(self, scheme: str) -> str | None:
        """The way from the folder of packages to that of a scheme."""
        if self._folders[scheme] == self._folders["purelib"]:
            return None
        return f"../../../{self._folders[scheme].removeprefix(PREFIX).strip('/')}/".replace("//", "/")

    def _write(self, scheme: str, path: str, content: IO[bytes], *, executable: bool) -> RecordEntry:
        if _UNSAFE.search(path):
            raise ValueError(f"{path!r} leads out of where packages are")
        digest = hashlib.sha256()
        while block := content.read(_CHUNK):
            digest.update(block)
        size = content.tell()
        content.seek(0)
        name = f"{self._folders[scheme]}/{path}".lstrip("/")
        self._writer.file(name, content, size=size, executable=executable)
        value = urlsafe_b64encode(digest.digest()).decode().rstrip("=")
        return RecordEntry(path, Hash("sha256", value), size)
