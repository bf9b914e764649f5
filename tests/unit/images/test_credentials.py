"""Logins, as docker keeps them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from agent.errors import UsageError
from agent.images.credentials import Login, find_login

if TYPE_CHECKING:
    from pathlib import Path

AUTH = base64.b64encode(b"me:pass:word").decode()


def found(tmp_path: Path, auths: object, registry: str = "registry.example") -> Login | None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    return find_login(registry, {"DOCKER_CONFIG": str(tmp_path)})


@pytest.mark.parametrize("name", ["registry.example", "https://registry.example", "https://registry.example/v1/"])
def test_a_login_is_found_under_each_of_a_registrys_names(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, {name: {"auth": AUTH}}) == Login(username="me", password="pass:word")


def test_docker_hub_is_found_under_its_old_name(tmp_path: Path) -> None:
    assert found(tmp_path, {"https://index.docker.io/v1/": {"auth": AUTH}}, "docker.io") is not None


def test_name_and_password_may_stand_apart(tmp_path: Path) -> None:
    entry = {"username": "me", "password": "word"}
    assert found(tmp_path, {"registry.example": entry}) == Login(username="me", password="word")


@pytest.mark.parametrize("auths", [{}, None, {"other.example": {"auth": AUTH}}, {"registry.example": {}}])
def test_where_there_is_none_nobody_logs_in(tmp_path: Path, auths: object) -> None:
    assert found(tmp_path, auths) is None


def test_without_a_file_nobody_logs_in(tmp_path: Path) -> None:
    assert find_login("registry.example", {"HOME": str(tmp_path)}) is None


def test_a_broken_file_is_named_and_its_content_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"registry registry\.example: `auth` is not base64") as caught:
        found(tmp_path, {"registry.example": {"auth": "secret!"}})
    assert "secret" not in str(caught.value)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UsageError, match="is not docker's configuration"):
        find_login("registry.example", {"DOCKER_CONFIG": str(tmp_path)})


def test_a_password_is_not_shown() -> None:
    assert "word" not in repr(Login(username="me", password="word"))
