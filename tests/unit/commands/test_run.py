"""The run looks ahead at data where one of its stages will ask for them, and only there."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from agent.commands.run import SNAPSHOT, asks_for_data
from agent.errors import ExitCode, UsageError
from agent.pipeline.stages import JUDGING, RELEASING, select
from tests.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

STAGES = (*JUDGING, *RELEASING)
NAMES = [None, *(stage.name for stage in STAGES)]


@pytest.mark.parametrize(("first", "until"), list(itertools.product(NAMES, NAMES)))
def test_data_are_asked_for_where_their_stage_is_gone_through(first: str | None, until: str | None) -> None:
    try:
        stages = select(STAGES, first=first, until=until)
    except UsageError:
        return
    assert asks_for_data(first, until) is (SNAPSHOT in {stage.name for stage in stages})


def test_a_run_that_fails_meanwhile_does_not_wait_for_the_data(tmp_path: Path) -> None:
    repository = shutil.copytree(ROOT / "examples" / "tumour-byo", tmp_path / "tumour")
    with (repository / "endless").open("wb") as file:
        file.truncate(1 << 43)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "agent.cli", "run", "--dry-run", "--set", "data.tumours.path=endless"],
        cwd=repository,
        env={**environ, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert "no AWS credentials" in done.stderr
    assert done.returncode == ExitCode.USAGE
    assert time.monotonic() - begun < 120
