"""Files that two versions do not share: by name and content, all counted, not all named."""

from __future__ import annotations

from agent.data.difference import MOST, FileChange, difference
from agent.data.version import FileRecord, VersionRecord


def version(**files: tuple[str, int]) -> VersionRecord:
    """Content and size by name."""
    records = [FileRecord(name=name, content=content, size=size, source="") for name, (content, size) in files.items()]
    return VersionRecord(size=sum(one.size for one in records), files=tuple(records))


def test_a_file_is_added_removed_changed_or_the_same() -> None:
    old = version(same=("a", 1), other=("b", 2), gone=("c", 3))
    new = version(same=("a", 1), other=("B", 5), new=("d", 7), again=("c", 3))
    found = difference(old, new)
    assert (found.added, found.removed, found.changed, found.unchanged) == (2, 1, 1, 1)
    assert found.files == (
        FileChange(name="again", before=None, after=3),
        FileChange(name="gone", before=3, after=None),
        FileChange(name="new", before=None, after=7),
        FileChange(name="other", before=2, after=5),
    )


def test_of_many_files_the_first_are_named_and_all_counted() -> None:
    new = version(**{f"f{number:04}": ("x", 1) for number in range(3 * MOST)})
    found = difference(version(), new)
    assert (found.added, len(found.files), found.files[0].name) == (3 * MOST, MOST, "f0000")
