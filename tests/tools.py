"""The programs that some tests need beside Python: where they come from, and what happens where they are missing.

``./yard test`` installs them on a Debian machine that it may change (``python -m tests.tools``). Elsewhere the
tests that need one are skipped with the reason, except in continuous integration, where nothing may be left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program on PATH, and the Debian package that brings it."""

    program: str
    package: str


TOOLS = (
    Tool(program="java", package="default-jdk-headless"),
    Tool(program="mvn", package="maven"),
    Tool(program="shellcheck", package="shellcheck"),
    Tool(program="dockerd", package="docker.io"),
    Tool(program="iptables", package="iptables"),
    Tool(program="mmdebstrap", package="mmdebstrap"),
    Tool(program="docker-registry", package="docker-registry"),
    Tool(program="podman", package="podman"),
    Tool(program="curl", package="curl"),
    Tool(program="gcc", package="build-essential"),
    Tool(program="chromium", package="chromium"),
)


def require(program: str) -> Path:
    """Where ``program`` (one of ``TOOLS``) is; without it the running test is left out."""
    tool = next(tool for tool in TOOLS if tool.program == program)
    found = shutil.which(tool.program)
    if found is None:
        leave_out(f"{program} is not installed (Debian: apt-get install {tool.package})")
    return Path(found)


def leave_out(reason: str) -> NoReturn:
    """Skip the running test for ``reason``; in continuous integration (``CI=true``) fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"left out, which CI does not allow: {reason}", pytrace=False)
    pytest.skip(reason)


def missing(tools: Iterable[Tool]) -> list[Tool]:
    """Those of ``tools`` that are not on PATH."""
    return [tool for tool in tools if shutil.which(tool.program) is None]


def missing_packages(*programs: str) -> list[str]:
    """The Debian packages of those of ``programs`` that are not on PATH."""
    return [tool.package for tool in missing(TOOLS) if tool.program in programs]


def may_install() -> bool:
    """Whether this is a Debian machine and ours to change."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(tools: Iterable[Tool]) -> None:
    """Install Debian packages; a failure is reported, and the tests that need them say the rest."""
    packages = [tool.package for tool in tools]
    apt = ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ([*apt, "update"], [*apt, "install", "--no-install-recommends", *packages]):
        if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode:
            sys.stderr.write(f"{' '.join(command)} failed: tests that need {' '.join(packages)} cannot run\n")
            return


def main() -> int:
    """Bring what is missing where that is allowed; never fail, for not every test needs a tool."""
    absent = missing(TOOLS)
    if absent and may_install():
        install(absent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
