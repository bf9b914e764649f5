"""The version that was found last is known again, or none is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.data.last_version import last_version, remember_version

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "a" * 64


def test_it_is_remembered_by_bucket_and_name(tmp_path: Path) -> None:
    remember_version(tmp_path, "bucket", "training", DIGEST)
    remember_version(tmp_path, "bucket", "evaluation", "b" * 64)
    assert last_version(tmp_path, "bucket", "training") == DIGEST
    assert last_version(tmp_path, "bucket", "evaluation") == "b" * 64
    assert last_version(tmp_path, "other", "training") is None


def test_a_later_one_replaces_it(tmp_path: Path) -> None:
    remember_version(tmp_path, "bucket", "training", DIGEST)
    remember_version(tmp_path, "bucket", "training", "b" * 64)
    assert last_version(tmp_path, "bucket", "training") == "b" * 64


@pytest.mark.parametrize("torn", [b"", b"a" * 63, bytes(64), b"\xff" * 64, b"a" * 65])
def test_what_is_not_as_it_was_written_is_not_known(tmp_path: Path, torn: bytes) -> None:
    remember_version(tmp_path, "bucket", "training", DIGEST)
    (kept,) = (tmp_path / ".modelyard" / "versions").iterdir()
    kept.write_bytes(torn)
    assert last_version(tmp_path, "bucket", "training") is None


def test_without_a_place_to_remember_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / ".modelyard").write_text("a file is in the way")
    remember_version(tmp_path, "bucket", "training", DIGEST)
    assert last_version(tmp_path, "bucket", "training") is None
