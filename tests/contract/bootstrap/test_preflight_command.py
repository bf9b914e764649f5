"""`modelyard preflight`, as the build server types it: a table for people, JSON for programs, an exit code for both."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from agent.config.loading import load
from agent.config.scaffolding import plan, write
from agent.errors import ExitCode
from tests.contract.bootstrap.landscape import IDS, Landscape, project_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.aws.sessions import ClientData
    from agent.cloud.embedded import EmbeddedCloud

    Typed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def typed(several_accounts: EmbeddedCloud, library: ClientData, tmp_path_factory: pytest.TempPathFactory) -> Typed:
    """Types it in a new model repository whose accounts are bootstrapped."""
    folder: Path = tmp_path_factory.mktemp("repositories") / project_name()
    write(plan(folder.name), folder)
    chosen = load(folder / "modelyard.yaml").configuration
    landscape = Landscape(cloud=several_accounts, configuration=chosen, library=library)
    landscape.apply()
    key = landscape.with_key().ci
    assert key is not None
    shell = {
        **os.environ,
        **several_accounts.environment("tools"),
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "MODELYARD_CLOUD": str(folder / "no-cloud"),
    }

    def preflight(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "agent.cli", "preflight", *words]
        return subprocess.run(command, cwd=folder, env=shell, capture_output=True, text=True, timeout=120, check=False)

    return preflight


def test_only_warnings_are_no_failure(typed: Typed) -> None:
    done = typed()
    assert done.returncode == ExitCode.DONE, done.stdout
    assert re.search(r"^\d+ checks: 0 errors, 2 warnings, \d+ well$", done.stderr, re.MULTILINE)
    assert re.search(rf"^ok +prod +{IDS['prod']} +us-east-1 +identity +arn:aws:sts::", done.stdout, re.MULTILINE)


def test_strictly_warnings_have_an_exit_code_of_their_own(typed: Typed) -> None:
    assert typed("--strict").returncode == ExitCode.WARNED


def test_an_error_is_told_first_with_what_to_do_and_where(typed: Typed) -> None:
    done = typed("--strict", "--set", "environments.prod.external_id=guessed")
    assert done.returncode == ExitCode.ACCESS_DENIED
    _, error, fix, *_ = done.stdout.splitlines()
    assert re.match(rf"error +prod +{IDS['prod']} +us-east-1 +identity +sts:AssumeRole on arn:aws:iam::", error)
    assert "fix: its trust has to name the build server and the external id of `environments.prod.external_id`" in fix
    assert re.search(r"\(--set, agent/bootstrap/templates/environment.yaml:\d+\)$", fix)


def test_a_key_of_the_file_is_told_with_its_line(typed: Typed) -> None:
    answer = json.loads(typed("--json").stdout)
    (quota, *_) = [found for found in answer["findings"] if found["what"] == "quotas"]
    assert (answer["contract"], answer["exit_code"], quota["severity"]) == (1, 0, "warning")
    wrong = json.loads(typed("--json", "--set", "tools.region=eu-central-1").stdout)
    found = next(found for found in wrong["findings"] if found["key"].endswith(".region"))
    assert re.fullmatch(r"modelyard.yaml:\d+", found["configuration"])
    assert wrong["exit_code"] == ExitCode.USAGE
