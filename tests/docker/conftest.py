"""What the tests with a real engine share: a client of it, and a cloud whose registries it reaches."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.engine import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient


@pytest.fixture(scope="session")
def engine(docker_host: str) -> DockerClient:
    """The engine."""
    return connect(docker_host)


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    """A cloud of one's own."""
    with EmbeddedCloud() as cloud:
        yield cloud


@dataclass(frozen=True, kw_only=True)
class Login:
    """What an engine needs to know to push and pull as somebody."""

    username: str
    password: str

    def document(self) -> dict[str, str]:
        """As the SDK takes it."""
        return {"username": self.username, "password": self.password}


def login(cloud: EmbeddedCloud, account: str) -> Login:
    """The password that ``GetAuthorizationToken`` answers to the administrator of an account."""
    answer = cloud.client("ecr", account=account).get_authorization_token()["authorizationData"][0]
    username, _, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")
    return Login(username=username, password=password)


def reached(cloud: EmbeddedCloud, uri: str) -> str:
    """An image's URI as an engine of this machine reaches it."""
    return f"{cloud.endpoint.partition('://')[2]}/{uri}"
