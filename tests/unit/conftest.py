"""What several rooms' tests need: AWS's state services, really answering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ministack import ministack as serve

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint URL of a MiniStack that the session's tests share."""
    with serve(tmp_path_factory.mktemp("ministack")) as endpoint:
        yield endpoint
