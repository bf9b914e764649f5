"""Whose identity and which region a command has: the shell's own, in the words that AWS's clients use."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from agent.aws.ambient import ambient_clients
from agent.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


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


def _profile(monkeypatch: pytest.MonkeyPatch, folder: Path, **settings: str) -> None:
    """A shell whose profile has these settings, and that holds no key itself."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (folder / "config").write_text(f"[profile ci]\nregion = eu-west-1\n{text}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))


def _process(key: str, folder: Path) -> str:
    """A process whose credentials end soon, so that they are asked for again whenever they are used."""
    ends = datetime.now(UTC) + timedelta(minutes=2)
    told = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "secret", "Expiration": ends.isoformat()}
    (folder / "told.json").write_text(json.dumps(told))
    return f"cat {folder / 'told.json'}"


def test_an_identity_that_changes_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _profile(monkeypatch, tmp_path, credential_process=_process("FIRST", tmp_path))
    client = ambient_clients(profile="ci").client("sts")
    assert "Credential=FIRST%2F" in client.generate_presigned_url("get_caller_identity")
    _process("SECOND", tmp_path)
    assert "Credential=SECOND%2F" in client.generate_presigned_url("get_caller_identity")


def test_a_role_that_asks_for_mfa_is_refused_where_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = "arn:aws:iam::111111111111:mfa/alice"
    role = "arn:aws:iam::111111111111:role/ci"
    _profile(monkeypatch, tmp_path, role_arn=role, mfa_serial=device, source_profile="base")
    with (tmp_path / "config").open("a") as file:
        file.write("[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n")
    with pytest.raises(UsageError, match=f"asks for MFA \\({device}\\), and nobody is here to answer"):
        ambient_clients(profile="ci")
