"""`modelyard image push`, as a shell would use it against a cloud of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import ExitCode
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXAMPLE = str(ROOT / "examples" / "iris-byo" / "program")


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as running:
        yield running


def push(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", "image", "push", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_answer_is_a_uri_by_digest_that_the_registry_has_under_its_tag(cloud: EmbeddedCloud) -> None:
    pushed = push(cloud.environment(), EXAMPLE, "--repository", "iris", "--tag", "v1")
    assert pushed.returncode == ExitCode.DONE, pushed.stderr
    uri, _, digest = pushed.stdout.strip().partition("@")
    assert uri == "111111111111.dkr.ecr.us-east-1.amazonaws.com/iris"
    found = cloud.client("ecr").describe_images(repositoryName="iris", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert [image["imageDigest"] for image in found] == [digest]


def test_the_same_folder_pushed_again_has_the_same_digest(cloud: EmbeddedCloud) -> None:
    once, again = (push(cloud.environment(), EXAMPLE, "--repository", "twice") for _ in range(2))
    assert once.stdout == again.stdout != ""


def test_a_shell_without_credentials_is_told_what_to_do() -> None:
    refused = push({"AWS_EC2_METADATA_DISABLED": "true"}, EXAMPLE, "--repository", "iris")
    assert refused.returncode == ExitCode.USAGE
    assert 'eval "$(modelyard cloud env)"' in refused.stderr


def test_a_folder_that_is_not_there_is_named_and_nothing_is_created(cloud: EmbeddedCloud) -> None:
    refused = push(cloud.environment(), "no-such-folder", "--repository", "untouched")
    assert refused.returncode == ExitCode.USAGE
    assert "no-such-folder is not a folder" in refused.stderr
    names = [repository["repositoryName"] for repository in cloud.client("ecr").describe_repositories()["repositories"]]
    assert "untouched" not in names


def test_a_user_without_permission_is_refused_by_name(cloud: EmbeddedCloud) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    refused = push({**cloud.environment(), **keys}, EXAMPLE, "--repository", "iris")
    assert refused.returncode == ExitCode.ACCESS_DENIED
    assert "user/nobody is not authorized to perform: ecr:CreateRepository" in refused.stderr
