"""Peers of modelyard, each in an environment of its own, made once and kept: what they need must not meet ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

KEPT = Path(__file__).resolve().parent.parent / ".modelyard" / "benchmarks"


class NotInstallableError(Exception):
    """A peer cannot be installed here; the message is pip's."""


def installed(name: str, *requirements: str) -> Path:
    """The program ``name`` of what is required; NotInstallableError where pip cannot have it."""
    environment = KEPT / name
    program = environment / "bin" / name
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        pip = [str(environment / "bin" / "pip"), "install", "--quiet", *requirements]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstallableError(f"{' '.join(requirements)}: {done.stderr.strip().splitlines()[-1]}")
    return program
