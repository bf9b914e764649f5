"""A running cloud for tests of what stands between a client and a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared_cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(shared_cloud: EmbeddedCloud) -> Iterator[EmbeddedCloud]:
    """The module's cloud, without faults when the test begins and when it ends."""
    yield shared_cloud
    shared_cloud.clear_faults()
