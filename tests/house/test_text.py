"""Every file can be published as it is: no path of the machine it was written on, no registry, no stray whitespace."""

from __future__ import annotations

import re

import pytest

from tests.sources import ROOT, sources

# Written in pieces, so that this file does not hold what it looks for.
PYTHON_PACKAGES = (r"pypi\.or" + "g", "pythonhoste" + "d")
OTHER_PACKAGES = (r"registry\.npmj" + "s", r"repo1?\.mave" + "n", r"deb\.debia" + "n")
MACHINE_PATHS = ("/wor" + "k/", "/roo" + "t/", "/hom" + "e/")
PATH_STARTS = tuple(rf"(?<![\w.~}}]){path}" for path in MACHINE_PATHS)
FORBIDDEN = re.compile("|".join([*PYTHON_PACKAGES, *OTHER_PACKAGES, *PATH_STARTS]))
BINARY = {".gz", ".png", ".ico", ".jar"}


def texts() -> dict[str, str]:
    """Path and content of every text file."""
    return {str(path): (ROOT / path).read_text("utf-8") for path in sources() if path.suffix not in BINARY}


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return texts()


def lines_with(files: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()}"
        for path, text in files.items()
        for number, line in enumerate(text.split("\n"), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_registry_or_a_machine(files: dict[str, str]) -> None:
    assert lines_with(files, FORBIDDEN) == []


def test_no_line_ends_in_whitespace(files: dict[str, str]) -> None:
    assert lines_with(files, re.compile(r"[ \t\r]$")) == []


def test_every_file_ends_with_one_newline(files: dict[str, str]) -> None:
    wrong = [path for path, text in files.items() if text and (not text.endswith("\n") or text.endswith("\n\n"))]
    assert wrong == []


def test_no_conflict_is_left(files: dict[str, str]) -> None:
    assert lines_with(files, re.compile("^(<{7}|>{7}) ")) == []


@pytest.mark.parametrize("text", ["https://" + "pypi" + ".org/simple", "see /work" + "/main", "/ho" + "me/me/x"])
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert FORBIDDEN.search(text)


@pytest.mark.parametrize("text", ["a home/ folder", "${X}/work" + "/x", "framework/", "/opt/ml/model"])
def test_the_search_leaves_other_text_alone(text: str) -> None:
    assert not FORBIDDEN.search(text)
