"""Registries that want a token."""

from __future__ import annotations

import pytest

from agent.errors import AccessDeniedError
from agent.images.challenge import bearer_challenge, is_loopback


def test_a_challenge_says_where_and_for_what() -> None:
    header = 'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull"'
    assert bearer_challenge(header, "registry.example") == (
        "https://auth.example/token?service=registry.example&scope=repository%3Aa%2Fb%3Apull"
    )


@pytest.mark.parametrize("header", ["", 'Basic realm="https://registry.example"'])
def test_another_challenge_is_none(header: str) -> None:
    assert bearer_challenge(header, "registry.example") is None


def test_passwords_do_not_go_where_others_listen() -> None:
    with pytest.raises(AccessDeniedError, match="which is not https"):
        bearer_challenge('Bearer realm="http://auth.example/token"', "registry.example")
    assert bearer_challenge('Bearer realm="http://127.0.0.1:5001/token"', "registry.example") is not None


def test_loopback_is_this_machine() -> None:
    assert is_loopback("localhost")
    assert is_loopback("127.0.0.5")
    assert not is_loopback("10.0.0.1")
    assert not is_loopback("localhost.example")
