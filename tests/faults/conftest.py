"""A cloud and two agents for each file of cases."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.faults.forge import Forge
from tests.faults.scene import Stage, commits_at_one_time

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folders = [tmp_path_factory.mktemp(name) for name in ("agent", "another", "repositories")]
    with commits_at_one_time(), ExitStack() as stack, Forge(folders[0]) as forge, Forge(folders[1]) as second:
        yield Stage(stack=stack, forge=forge, second=second, folder=folders[2])
