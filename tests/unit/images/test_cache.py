"""Where wheels and layers are kept."""

from __future__ import annotations

import tempfile
from pathlib import Path

from agent.images.cache import cache_folder


def test_the_folder_that_is_named_is_taken(tmp_path: Path) -> None:
    assert cache_folder({"MODELYARD_CACHE": str(tmp_path / "own"), "HOME": "/nowhere"}) == tmp_path / "own"


def test_otherwise_it_is_in_the_users_cache(tmp_path: Path) -> None:
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "modelyard"
    assert cache_folder({"HOME": str(tmp_path)}) == tmp_path / ".cache/modelyard"


def test_where_there_is_no_home_it_is_temporary(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = cache_folder({"HOME": str(tmp_path / "file")})
    assert found.is_relative_to(Path(tempfile.gettempdir()))
