"""How a repository remembers a dependency layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError
from agent.images.layers.compose import Layer
from agent.images.layers.dependencies import Dependencies
from agent.images.layers.record import DependencyRecord, decode_record
from agent.images.reference import parse_reference

if TYPE_CHECKING:
    from pathlib import Path

RECORD = DependencyRecord(
    key="k" * 64, layer=Layer(digest=f"sha256:{'a' * 64}", size=5, diff_id=f"sha256:{'b' * 64}", holds="dependencies")
)


def test_what_is_recorded_is_read_again() -> None:
    assert decode_record(RECORD.manifest, RECORD.config) == RECORD


def test_another_image_is_no_record() -> None:
    with pytest.raises(InputMissingError, match="no record of a dependency layer"):
        decode_record(RECORD.manifest, b'{"rootfs": {"diff_ids": []}}')


@pytest.fixture
def wanted(tmp_path: Path) -> Dependencies:
    (tmp_path / "requirements.txt").write_text("a")
    return Dependencies(requirements=tmp_path / "requirements.txt", python="3.11", platform="linux/amd64")


def test_the_tag_is_one_that_registries_take(wanted: Dependencies) -> None:
    assert parse_reference(f"registry.example/model:{wanted.tag}").tag == wanted.tag


def test_whatever_decides_what_is_in_the_layer_is_in_its_key(wanted: Dependencies, tmp_path: Path) -> None:
    keys = {wanted.key, replace(wanted, python="3.12").key, replace(wanted, platform="linux/arm64").key}
    (tmp_path / "requirements.txt").write_text("b")
    assert len(keys | {wanted.key}) == 4


def test_where_the_file_is_does_not_matter(wanted: Dependencies, tmp_path: Path) -> None:
    (tmp_path / "moved.txt").write_text("a")
    assert replace(wanted, requirements=tmp_path / "moved.txt").key == wanted.key
