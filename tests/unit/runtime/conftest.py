"""The workshop of the container tests, under each isolation that a test asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.runtime.workshop import CONTAINED, EVERYWHERE, PLAIN, Workshop, isolation

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=EVERYWHERE)
def workshop(request: pytest.FixtureRequest, tmp_path: Path) -> Workshop:
    """What must hold under every isolation."""
    return Workshop(folder=tmp_path, isolation=isolation(request.param))


@pytest.fixture(params=CONTAINED)
def contained(request: pytest.FixtureRequest, tmp_path: Path) -> Workshop:
    """What only namespaces can give."""
    return Workshop(folder=tmp_path, isolation=isolation(request.param))


@pytest.fixture
def plain(tmp_path: Path) -> Workshop:
    """What holds where namespaces are not permitted."""
    return Workshop(folder=tmp_path, isolation=isolation(PLAIN))
