"""Folders are looked at ahead, and whoever scans them cannot tell but by the time that it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from agent.config.model import DataSource
from agent.data.ahead import look_ahead
from agent.data.snapshot import Snapshots
from agent.errors import InputMissingError
from agent.looks import Looks
from tests.fakes import FakeClock, KeptReport, MemoryObjects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.data.version import Version


@dataclass(frozen=True)
class Repository:
    """A model repository, and a run of it that begins."""

    folder: Path
    looks: Looks = field(default_factory=Looks)
    objects: MemoryObjects = field(default_factory=lambda: MemoryObjects(buckets={"bucket", "lake"}))

    def write(self, text: str) -> None:
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "data" / "a.csv").write_text(text)

    def look_ahead(self, source: DataSource) -> None:
        look_ahead(self.looks, {"training": source}, bucket="bucket", folder=self.folder)

    def scan(self, source: DataSource, looks: Looks | None = None) -> Version:
        snapshots = Snapshots(
            objects=self.objects,
            bucket="bucket",
            folder=self.folder,
            clock=FakeClock(),
            report=KeptReport(),
            looks=looks or self.looks,
        )
        return snapshots.scan("training", source)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    repository = Repository(tmp_path)
    yield repository
    repository.looks.close()


def test_a_scan_finds_what_was_seen_ahead(repository: Repository) -> None:
    source = DataSource(path="data")
    repository.write("1")
    unhurried = repository.scan(source, Looks())
    repository.look_ahead(source)
    assert repository.scan(source) == unhurried


def test_a_run_is_about_the_data_as_they_were_when_it_looked(repository: Repository) -> None:
    source = DataSource(path="data")
    repository.write("1")
    repository.look_ahead(source)
    first = repository.scan(source)
    repository.write("22")
    assert repository.scan(source) == first
    assert repository.scan(source, Looks()).digest != first.digest


def test_the_same_name_at_another_place_is_another_source(repository: Repository) -> None:
    repository.write("1")
    (repository.folder / "more").mkdir()
    (repository.folder / "more" / "b.csv").write_text("2")
    repository.look_ahead(DataSource(path="data"))
    assert [file.name for file in repository.scan(DataSource(path="more")).files] == ["b.csv"]


def test_what_is_wrong_with_a_folder_is_told_to_who_scans_it(repository: Repository) -> None:
    source = DataSource(path="nowhere")
    repository.look_ahead(source)
    with pytest.raises(InputMissingError, match="nowhere"):
        repository.scan(source)


def test_nothing_is_asked_of_aws_ahead(repository: Repository) -> None:
    repository.look_ahead(DataSource(s3="s3://lake/training/"))
    assert repository.objects.calls == []
