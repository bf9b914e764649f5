"""The stage on which every case of the truth table is played."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.contract.identity.stage import Stage

if TYPE_CHECKING:
    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory


@pytest.fixture(scope="session")
def administrators(client: ClientFactory) -> ClientFactory:
    """Clients of the administrators, each made once, because making one takes longer than most cases."""
    return cache(client)


@pytest.fixture(scope="session")
def library() -> boto3.Session:
    """One session for the clients of every principal, so that the models of services are read once."""
    return boto3.Session()


@pytest.fixture
def stage(
    administrators: ClientFactory,
    library: boto3.Session,
    session_cloud: EmbeddedCloud | None,
    on_aws: bool,
    region: str,
) -> Stage:
    """Principals and resources with names of their own."""
    endpoint = session_cloud.endpoint if session_cloud else None
    return Stage(client=administrators, library=library, on_aws=on_aws, endpoint=endpoint, region=region)
