"""The first of the two commands on the machine's own Python, which may be an older 3.11 than that of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sources import ROOT, sources
from tests.tools import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = Path("/usr/bin/python3")


@pytest.fixture
def version() -> str:
    """Of the machine's own Python; what is tested elsewhere need not be tested again."""
    if not OWN.exists():
        leave_out(f"this machine has no {OWN}")
    found = subprocess.run([OWN, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=True)
    if found.stdout.strip() == sys.version.strip():
        pytest.skip("the tests run on this very Python")
    return found.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """The repository as a user has it, without anything installed."""
    folder = tmp_path / "modelyard"
    for path in sources():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.timeout(900)
def test_the_demo_goes_from_data_to_production_and_back(clone: Path, version: str) -> None:
    if tuple(map(int, version.split(maxsplit=1)[0].split(".")[:2])) < (3, 11):
        pytest.skip(f"{OWN} is Python {version.split(maxsplit=1)[0]}")
    demo = subprocess.run(
        ["./yard", "demo", "--runtime", "process"],
        cwd=clone,
        env={**os.environ, "PYTHON": str(OWN)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, f"{version}\n{demo.stdout}\n{demo.stderr}"
    assert "All of it worked" in demo.stdout + demo.stderr
