"""A project whose build server has nothing but a token: bootstrapped, read from, planned and removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config.scaffolding import plan, write
from agent.errors import ExitCode
from tests.issuer import issuer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUBJECT = "https://jenkins.example.com/job/flowers/job/main/"


@pytest.fixture
def own_cloud() -> Iterator[EmbeddedCloud]:
    """A cloud of its own."""
    with EmbeddedCloud() as cloud:
        yield cloud


def modelyard(folder: Path, environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """One command, as it is typed."""
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_token_is_all_that_a_build_needs(own_cloud: EmbeddedCloud, tmp_path: Path) -> None:
    folder, token = tmp_path / "flowers", tmp_path / "token"
    write(plan(folder.name), folder)
    administrator = {**own_cloud.environment(), "MODELYARD_CLOUD": str(own_cloud.place.folder)}
    build = {
        "AWS_ENDPOINT_URL": own_cloud.endpoint,
        "AWS_REGION": own_cloud.running.region,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/flowers-ci",
        "JOB_NAME": "flowers/main",
        "BUILD_TAG": "jenkins-flowers-main-1",
    }
    with issuer(tmp_path) as jenkins:
        who = ["--ci-principal", "oidc", "--ci-issuer", jenkins.url, "--ci-thumbprint", jenkins.thumbprint]
        subject = ["--ci-subject", "https://jenkins.example.com/job/flowers/*"]
        applied = modelyard(folder, administrator, "bootstrap", "apply", *who, *subject)
        token.write_text(jenkins.token(SUBJECT))
        looked = modelyard(folder, build, "releases", "--json")
        token.write_text(jenkins.token("https://jenkins.example.com/job/other/"))
        refused = modelyard(folder, build, "releases")
    planned = modelyard(folder, administrator, "bootstrap", "plan", "--exit-code")
    removed = modelyard(folder, administrator, "bootstrap", "destroy", "--yes", "flowers", "--json")

    assert applied.returncode == ExitCode.DONE, applied.stderr
    assert "It needs no access key" in applied.stderr
    assert looked.returncode == ExitCode.DONE, looked.stdout + looked.stderr
    assert json.loads(looked.stdout) == []
    answered = {call.action for call in own_cloud.calls() if call.status == HTTPStatus.OK}
    assert answered >= {"sts:AssumeRoleWithWebIdentity", "sts:AssumeRole", "s3:ListBucket"}
    assert refused.returncode == ExitCode.ACCESS_DENIED, refused.stderr
    assert "sub https://jenkins.example.com/job/other/" in refused.stdout + refused.stderr
    assert jenkins.token(SUBJECT).partition(".")[0] not in looked.stdout + refused.stdout + refused.stderr
    assert planned.returncode == ExitCode.DONE, planned.stderr
    assert {stack["outcome"] for stack in json.loads(removed.stdout)["stacks"]} == {"removed"}
