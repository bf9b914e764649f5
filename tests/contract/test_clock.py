"""The cloud's time goes on, never back, whatever end the cloud's last life came to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from agent.cloud.embedded import EmbeddedCloud

pytestmark = pytest.mark.embedded_only("sets the clock")


def shown(cloud: EmbeddedCloud) -> datetime:
    return datetime.fromisoformat(cloud.status()["clock"]["now"])


def test_a_jump_outlives_a_crash_that_follows_it_at_once(own_cloud: EmbeddedCloud) -> None:
    own_cloud.advance(3600)
    before = shown(own_cloud)
    own_cloud.kill()
    own_cloud.start()
    assert shown(own_cloud) >= before


def test_a_fast_clock_does_not_go_back_in_a_crash(own_cloud: EmbeddedCloud) -> None:
    own_cloud.set_clock_rate(10_000)
    before = shown(own_cloud)
    own_cloud.kill()
    own_cloud.start()
    assert shown(own_cloud) >= before
