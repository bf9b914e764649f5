"""Starts the server, and writes the program ``modelyard`` that tests call in place of the installed one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.prefork import client
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "MODELYARD_TEST_PREFORK"
"""The variable that names the folder with the program, where it is to be used."""
_START_SECONDS = 120


def command() -> list[str]:
    """How tests start ``modelyard``: quickly where a server runs, and else as it is installed."""
    folder = os.environ.get(FOLDER)
    return [f"{folder}/modelyard"] if folder else [sys.executable, "-m", "agent.cli"]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Have a server for all commands that are started within."""
    address = folder / "socket"
    with subprocess.Popen([sys.executable, "-m", "tests.prefork.server", str(address)], cwd=ROOT) as server:
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not address.exists():
                assert server.poll() is None, f"the server of prefork ended: {server.returncode}"
                assert time.monotonic() < deadline, "the server of prefork did not begin to serve"
                time.sleep(0.05)
            _write_program(folder / "modelyard", address)
            os.environ[FOLDER] = str(folder)
            yield
        finally:
            os.environ.pop(FOLDER, None)
            server.terminate()


def _write_program(file: Path, address: Path) -> None:
    source = Path(client.__file__).read_text(encoding="utf-8")
    file.write_text(f"#!{sys.executable} -IS\n{source}\n\nsys.exit(main({str(address)!r}, sys.argv[1:]))\n")
    file.chmod(0o755)
