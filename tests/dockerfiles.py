"""hadolint over every Dockerfile of the project, which `tox` cannot list by itself: `python -m tests.dockerfiles`."""

from __future__ import annotations

import subprocess
import sys

from tests.sources import ROOT, sources


def main() -> int:
    """The linter's exit code."""
    files = [str(path) for path in sources() if path.name == "Dockerfile" or path.suffix == ".Dockerfile"]
    return subprocess.run(["hadolint", *files], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
