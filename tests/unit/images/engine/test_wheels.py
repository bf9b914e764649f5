"""Wheels are made for the Python of the base image, and only for a Dockerfile that takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.errors import UsageError
from agent.images.engine.dockerfile import Dockerfile
from agent.images.engine.wheels import python_of, wheels
from agent.ports.images import BuildOrder
from tests.fakes import FakeClock, KeptReport
from tests.unit.images.engine.fake_engine import FakeEngine
from tests.wheels import locked, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

TAKES = "ARG BASE_IMAGE=python\nFROM ${BASE_IMAGE}\nARG WHEELHOUSE=x\n"


def python(engine: FakeEngine, cache: Path) -> str:
    return python_of("base:1", "linux/amd64", engine.connection(), FakeClock(), KeptReport(), cache=cache)


def test_the_python_is_what_the_image_s_environment_says(tmp_path: Path) -> None:
    engine = FakeEngine(environment=["PATH=/bin", "PYTHON_VERSION=3.13.1"])
    assert python(engine, tmp_path) == "3.13"
    assert engine.asked == []


def test_an_image_that_says_nothing_is_asked_once(tmp_path: Path) -> None:
    engine = FakeEngine(environment=[])
    assert [python(engine, tmp_path / "cache") for _ in range(2)] == ["3.12", "3.12"]
    assert engine.asked == ["start", "remove container"]


def test_an_image_without_python_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"base:1 has no python3 that answers.*`image\.python`"):
        python(FakeEngine(environment=[], answer=b""), tmp_path)


@pytest.mark.parametrize(("dockerfile", "named"), [("FROM python\n", True), (TAKES, False)])
def test_nothing_is_fetched_that_nobody_takes(tmp_path: Path, dockerfile: str, *, named: bool) -> None:
    assert found(tmp_path, dockerfile, named=named, python="3.11") is None


def test_the_configured_python_goes_before_the_image_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheel = make_wheel(tmp_path / "shelf", "fast", tag="cp310-cp310-manylinux2014_x86_64")
    (tmp_path / "requirements.txt").write_text(locked(wheel))
    folder = found(tmp_path, TAKES, named=True, python="3.10")
    assert folder is not None
    assert [path.name for path in folder.iterdir()] == [wheel.name]


def found(folder: Path, dockerfile: str, *, named: bool, python: str) -> Path | None:
    order = BuildOrder(
        builder="engine",
        folder=folder,
        context=".",
        dockerfile="Dockerfile",
        base_image=None,
        requirements="requirements.txt" if named else None,
        build_args={},
        python=python,
    )
    content = Dockerfile(name="Dockerfile", content=dockerfile.encode())
    connection = FakeEngine().connection()
    return wheels(order, content, connection, FakeClock(), KeptReport(), cache=folder / "cache")
