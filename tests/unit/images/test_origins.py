"""The images that a recipe names are found wherever an instruction may name one, and stages are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.errors import InputMissingError
from agent.images.origins import Origin, origins
from agent.ports.images import BuildOrder

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = """\
ARG BASE_IMAGE=python:3.11
ARG TOOLS
FROM --platform=linux/amd64 ${BASE_IMAGE} AS base
RUN --mount=type=bind,from=registry.example/wheels:1,target=/w pip install /w/*

FROM base
COPY --from=base /a /a
COPY --from=0 /b /b
COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/
FROM scratch as last
FROM $TOOLS
"""


def order(folder: Path, **settings: Any) -> BuildOrder:
    known: dict[str, Any] = {
        "builder": "engine",
        "folder": folder,
        "context": ".",
        "dockerfile": "Dockerfile",
        "base_image": None,
        "requirements": None,
        "build_args": {},
    }
    return BuildOrder(**{**known, **settings})


def names(found: tuple[Origin, ...]) -> list[str]:
    return [origin.name for origin in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def test_every_image_is_found_with_its_line(folder: Path) -> None:
    found = origins(order(folder, build_args={"TOOLS": "alpine:3"}))
    assert [(origin.name, origin.where) for origin in found] == [
        ("python:3.11", "Dockerfile:3"),
        ("registry.example/wheels:1", "Dockerfile:4"),
        ("ghcr.io/astral-sh/uv:0.5", "Dockerfile:9"),
        ("alpine:3", "Dockerfile:11"),
    ]


def test_the_configuration_s_base_image_is_the_argument_s_value(folder: Path) -> None:
    assert names(origins(order(folder, base_image="mirror.example/python@sha256:1")))[0].startswith("mirror.example")


def test_stages_after_the_target_are_not_built(folder: Path) -> None:
    assert names(origins(order(folder, target="base"))) == ["python:3.11", "registry.example/wheels:1"]


def test_layers_are_put_upon_what_the_configuration_names(folder: Path) -> None:
    (found,) = origins(order(folder, builder="layers", base_image="python:3.11"))
    assert found == Origin(name="python:3.11", where="image.base_image")


def test_programs_only_are_put_upon_nothing(folder: Path) -> None:
    assert origins(order(folder, builder="process", base_image="python:3.11")) == ()


def test_a_dockerfile_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="Dockerfile cannot be read: No such file"):
        origins(order(tmp_path))
