"""An engine speaks of steps; people are shown the line of their Dockerfile."""

from __future__ import annotations

import pytest

from agent.images.engine.dockerfile import Dockerfile

TEXT = """\
# syntax=docker/dockerfile:1
# The base.
ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE} AS one

RUN apt-get update && \\
    # why this is needed
    apt-get install -y gcc && \\

    true
COPY . /opt/program
FROM one
COPY . /opt/program
run echo hello
"""


def dockerfile(text: str = TEXT) -> Dockerfile:
    return Dockerfile(name="Dockerfile", content=text.encode())


def line(text: str, number: int, shown: str) -> int | None:
    found = dockerfile(text).at(number, shown)
    return found.line if found else None


def test_instructions_begin_where_their_name_stands() -> None:
    found = [(entry.line, entry.keyword) for entry in dockerfile().instructions]
    assert found == [(3, "ARG"), (4, "FROM"), (6, "RUN"), (11, "COPY"), (12, "FROM"), (13, "COPY"), (14, "RUN")]


def test_a_continued_instruction_is_found_as_docker_shows_it() -> None:
    assert line(TEXT, 3, "RUN apt-get update &&     apt-get install -y gcc &&     true") == 6


@pytest.mark.parametrize(("number", "expected"), [(4, 11), (6, 13)])
def test_of_the_same_words_the_number_tells(number: int, expected: int) -> None:
    assert line(TEXT, number, "COPY . /opt/program") == expected


def test_the_words_tell_where_podman_counts_from_each_stage() -> None:
    assert line(TEXT, 3, "RUN echo hello") is None  # as podman writes names in capitals, and this one is not alone
    assert line("FROM scratch\n\nRUN a\nFROM scratch\nRUN b\n", 2, "RUN b") == 5


def test_the_only_instruction_of_its_name_is_meant_whatever_it_is_shown_as() -> None:
    assert line("ARG BASE=x\nFROM ${BASE}\n", 1, "FROM registry.example/x") == 2


def test_what_is_not_in_the_file_has_no_line() -> None:
    assert line(TEXT, 8, "LABEL a=b") is None


def test_a_here_document_is_no_instructions() -> None:
    text = "FROM scratch\nRUN <<EOT\nCOPY nothing\nFROM here\nEOT\nCOPY a b\n"
    assert [(entry.line, entry.keyword) for entry in dockerfile(text).instructions] == [
        (1, "FROM"),
        (2, "RUN"),
        (6, "COPY"),
    ]


def test_the_escape_character_can_be_another() -> None:
    text = "# escape=`\nFROM scratch\nRUN a `\n  b\nRUN c \\\nRUN d\n"
    assert [entry.line for entry in dockerfile(text).instructions] == [2, 3, 5, 6]


@pytest.mark.parametrize("text", ["", "# only this\n", "RUN a \\\n", "\ufeffFROM a\r\nRUN b\r\n", "\x00\xff"])
def test_any_bytes_can_be_read(text: str) -> None:
    assert all(entry.text for entry in dockerfile(text).instructions)


@pytest.mark.parametrize(
    ("text", "arguments", "base"),
    [
        ("ARG BASE_IMAGE=python:3.11\nFROM ${BASE_IMAGE} AS x\n", {}, "python:3.11"),
        ("ARG BASE_IMAGE=python:3.11\nFROM $BASE_IMAGE\n", {"BASE_IMAGE": "own:1"}, "own:1"),
        ("ARG V='3.11'\nFROM --platform=linux/amd64 python:${V}-slim\n", {}, "python:3.11-slim"),
        ("FROM python:${V:-3.12}\n", {"V": "3.11"}, "python:3.12"),  # an argument that nothing declares is none
        ("ARG V\nFROM python${V:+:}${V}\n", {"V": "3.11"}, "python:3.11"),
        ("FROM scratch\n", {}, "scratch"),
        ("RUN a\n", {}, ""),
        ("FROM\n", {}, ""),
    ],
)
def test_the_base_image_is_what_the_arguments_make_of_it(text: str, arguments: dict[str, str], base: str) -> None:
    assert dockerfile(text).base(arguments) == base


def test_arguments_that_are_declared_anywhere_are_known() -> None:
    found = dockerfile("ARG A=1 B\nFROM x\nARG WHEELHOUSE=requirements.txt\n# ARG C\n")
    assert [name for name in ("A", "B", "WHEELHOUSE", "C") if found.declares(name)] == ["A", "B", "WHEELHOUSE"]
