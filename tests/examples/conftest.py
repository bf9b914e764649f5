"""Each variant of each example is trained once, for all the tests that look at it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.examples.cases import BY_NAME
from tests.examples.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.examples.cases import Example, Variant


@pytest.fixture(scope="session")
def trial_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trial]:
    """The trial of an example by its name, as its configuration and the first variant say, or as another one does."""
    made: dict[str, Trial] = {}

    def trial_of(name: str, variant: Variant | None = None) -> Trial:
        example = BY_NAME[name]
        other = None if variant == example.variants[0] else variant
        key = f"{name} {other}"
        if key not in made:
            folder = tmp_path_factory.mktemp(name)
            shared = request.getfixturevalue("shared_data") if example.shared else folder
            made[key] = Trial(
                repository=example.folder,
                folder=folder,
                elsewhere=fetched(example, shared, folder / "fetched"),
                settings=other.requests if other else (),
                first=trial_of(name) if other else None,
            )
        return made[key]

    return trial_of


def fetched(example: Example, shared: Path, folder: Path) -> Mapping[str, Path]:
    """The data that the example's users fetch, under the names that it has for them."""
    folder.mkdir()
    for source in example.shared.values():
        shutil.copy(shared / source.file, folder / source.name)
    return {name: folder / source.name for name, source in example.shared.items()}
