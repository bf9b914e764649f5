"""`.dockerignore` means here what it means to docker."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from agent.errors import UsageError
from agent.images.ignore import IgnoreRules, parse_rules, read_rules


def excluded(lines: list[str], path: str) -> bool:
    return parse_rules(lines).excludes(PurePosixPath(path))


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("notes.txt", "notes.txt", True),
        ("notes.txt", "docs/notes.txt", False),
        ("/notes.txt", "notes.txt", True),
        ("docs/", "docs", True),
        ("docs", "docs/deep/notes.txt", True),
        ("*.txt", "notes.txt", True),
        ("*.txt", "docs/notes.txt", False),
        ("*/*.txt", "docs/notes.txt", True),
        ("**/*.txt", "notes.txt", True),
        ("**/*.txt", "docs/deep/notes.txt", True),
        ("docs/**", "docs/deep/notes.txt", True),
        ("docs/**", "doc", False),
        ("note?.txt", "notes.txt", True),
        ("note?.txt", "note/.txt", False),
        ("note[st].txt", "notes.txt", True),
        ("note[^st].txt", "notes.txt", False),
        (r"\*.txt", "*.txt", True),
        (r"\*.txt", "notes.txt", False),
        ("a.b", "axb", False),
        ("./docs/../docs", "docs", False),
    ],
)
def test_a_pattern_matches_as_in_docker(pattern: str, path: str, *, expected: bool) -> None:
    assert excluded([pattern], path) == expected


def test_the_last_line_that_matches_decides() -> None:
    lines = ["*.md", "!README*.md", "README-secret.md"]
    assert excluded(lines, "notes.md")
    assert not excluded(lines, "README.md")
    assert excluded(lines, "README-secret.md")


def test_an_exception_takes_back_a_file_of_an_excluded_folder() -> None:
    lines = ["data", "!data/schema.json"]
    assert excluded(lines, "data/rows.csv")
    assert not excluded(lines, "data/schema.json")


@pytest.mark.parametrize("line", ["", "   ", "# a comment", "/", ".", "!"])
def test_lines_that_say_nothing_exclude_nothing(line: str) -> None:
    assert parse_rules([line]) == IgnoreRules()


def test_what_is_no_pattern_is_named(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("ok\n[z-a]\n")
    with pytest.raises(UsageError, match=r"\.dockerignore: '\[z-a\]' is not a pattern"):
        read_rules(tmp_path)


def test_a_context_without_a_file_has_no_rules(tmp_path: Path) -> None:
    assert read_rules(tmp_path) == IgnoreRules()
