"""The scan as a plugin by itself (``pytest -p tests.secret_scan.alone``), as its own tests run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.secret_scan.plugin import SecretScan

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the run."""
    config.pluginmanager.register(SecretScan(config), "secret scan")
