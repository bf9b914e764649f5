"""Whose identity and which region a command has: the shell's own, in the words that AWS's clients use."""

from __future__ import annotations

import pytest

from agent.aws.ambient import ambient_clients
from agent.errors import UsageError


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell with a key."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_variable_names_the_region(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "eu-west-1")
    assert ambient_clients().region == "eu-west-1"


def test_the_newer_name_goes_first_as_in_other_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert ambient_clients().region == "eu-west-1"


def test_without_a_region_it_says_what_to_set() -> None:
    with pytest.raises(UsageError, match="set AWS_REGION"):
        ambient_clients()
