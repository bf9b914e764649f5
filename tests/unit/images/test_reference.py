"""An image's name says where it is, and a malformed one says what is wrong with it."""

from __future__ import annotations

import pytest

from agent.errors import UsageError
from agent.images.reference import ImageReference, parse_reference

ECR = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = f"sha256:{'0f' * 32}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ECR}/iris", ImageReference(registry=ECR, repository="iris")),
        (f"{ECR}/team/iris:1.0_a-b", ImageReference(registry=ECR, repository="team/iris", tag="1.0_a-b")),
        (f"{ECR}/iris@{DIGEST}", ImageReference(registry=ECR, repository="iris", digest=DIGEST)),
        (f"{ECR}/iris:1@{DIGEST}", ImageReference(registry=ECR, repository="iris", tag="1", digest=DIGEST)),
        ("127.0.0.1:5000/iris:1", ImageReference(registry="127.0.0.1:5000", repository="iris", tag="1")),
        ("localhost/iris", ImageReference(registry="localhost", repository="iris")),
        ("python:3.11", ImageReference(registry="docker.io", repository="library/python", tag="3.11")),
        ("org/iris", ImageReference(registry="docker.io", repository="org/iris")),
    ],
)
def test_a_name_is_read(text: str, expected: ImageReference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize("text", [f"{ECR}/iris", f"{ECR}/a/b:1@{DIGEST}", "localhost:5000/iris:2"])
def test_a_full_name_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_reference(text)) == text


@pytest.mark.parametrize(
    ("text", "account", "region"),
    [
        (f"{ECR}/iris", "111111111111", "us-east-1"),
        ("222222222222.dkr.ecr-fips.us-gov-west-1.amazonaws.com/iris", "222222222222", "us-gov-west-1"),
        ("222222222222.dkr.ecr.cn-north-1.amazonaws.com.cn/iris", "222222222222", "cn-north-1"),
        ("public.ecr.aws/iris", None, None),
        ("python", None, None),
    ],
)
def test_ecr_s_registries_tell_their_account_and_region(text: str, account: str | None, region: str | None) -> None:
    reference = parse_reference(text)
    assert (reference.account, reference.region) == (account, region)


@pytest.mark.parametrize(
    ("text", "locator"),
    [("iris", "latest"), ("iris:1", "1"), (f"iris@{DIGEST}", DIGEST), (f"iris:1@{DIGEST}", DIGEST)],
)
def test_a_digest_is_more_exact_than_a_tag(text: str, locator: str) -> None:
    assert parse_reference(text).locator == locator


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "repository"),
        ("Iris", "repository 'library/Iris'"),
        (f"{ECR}/", "repository ''"),
        (f"{ECR}/iris:", "tag ''"),
        (f"{ECR}/iris:-a", "tag '-a'"),
        (f"{ECR}/iris@", "digest ''"),
        (f"{ECR}/iris@sha256:12", "digest 'sha256:12'"),
        ("https://example.com/iris", "tag"),
    ],
)
def test_a_malformed_name_is_refused_with_the_part_that_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        parse_reference(text)
