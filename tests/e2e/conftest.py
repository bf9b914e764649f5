"""End to end: commands begin without their imports."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def _quick(quick_commands: None) -> None:
    """Every command of this folder's tests."""
