"""Which files make up the project: what git would track, also in a copy that is no clone."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def sources() -> list[Path]:
    """Every file that ``.gitignore`` does not exclude, relative to the repository's root."""
    with tempfile.TemporaryDirectory() as empty:
        git = ["git", f"--git-dir={empty}", f"--work-tree={ROOT}"]
        subprocess.run([*git, "init", "--quiet"], check=True, cwd=ROOT)
        listing = subprocess.run(
            [*git, "ls-files", "-z", "--others", "--exclude-standard"], check=True, cwd=ROOT, capture_output=True
        )
    return sorted(Path(name) for name in listing.stdout.decode().split("\0") if name)
