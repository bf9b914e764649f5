"""Wheels of a locked requirements file, fetched by the real pip from a folder of wheels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError, UsageError
from agent.images.wheelhouse import wheelhouse, wheelhouse_key
from tests.wheels import locked, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

X86 = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"
ARM = "cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64"
NEWER = "cp311-cp311-manylinux_2_34_x86_64"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip, by its own settings, takes wheels from, and from nowhere else."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "shelf"


def fetched(tmp_path: Path, lock: str, *, python: str = "3.11", platform: str = "linux/amd64") -> list[str]:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(lock)
    folder = wheelhouse(requirements, python=python, platform=platform, cache=tmp_path / "cache")
    return sorted(path.name for path in folder.iterdir())


def test_the_wheels_are_those_of_the_images_platform(tmp_path: Path, shelf: Path) -> None:
    lock = locked(make_wheel(shelf, "pure"), *(make_wheel(shelf, "fast", tag=tag) for tag in (X86, ARM)))
    assert fetched(tmp_path, lock) == [f"fast-1.0-{X86}.whl", "pure-1.0-py3-none-any.whl"]
    assert fetched(tmp_path, lock, platform="linux/arm64") == [f"fast-1.0-{ARM}.whl", "pure-1.0-py3-none-any.whl"]


def test_a_wheel_for_older_systems_is_preferred(tmp_path: Path, shelf: Path) -> None:
    lock = locked(*(make_wheel(shelf, "fast", tag=tag) for tag in (NEWER, X86)))
    assert fetched(tmp_path, lock) == [f"fast-1.0-{X86}.whl"]


def test_only_what_the_image_wants_by_its_markers_is_there(tmp_path: Path, shelf: Path) -> None:
    old, new = (locked(make_wheel(shelf, name)) for name in ("old", "new"))
    lock = old.replace(" --hash", " ; python_version < '3.12' --hash") + new
    assert fetched(tmp_path, lock) == ["new-1.0-py3-none-any.whl", "old-1.0-py3-none-any.whl"]
    assert fetched(tmp_path, lock, python="3.12") == ["new-1.0-py3-none-any.whl"]


def test_a_file_that_asks_for_nothing_gives_an_empty_folder(tmp_path: Path, shelf: Path) -> None:
    assert fetched(tmp_path, "# nothing\n") == []


def test_the_second_time_nothing_is_fetched(tmp_path: Path, shelf: Path) -> None:
    wheel = make_wheel(shelf, "pure")
    lock = locked(wheel)
    assert fetched(tmp_path, lock) == [wheel.name]
    wheel.unlink()
    assert fetched(tmp_path, lock) == [wheel.name]


def test_those_who_ask_at_the_same_time_get_one_folder(tmp_path: Path, shelf: Path) -> None:
    requirements, cache = tmp_path / "requirements.txt", tmp_path / "cache"
    requirements.write_text(locked(make_wheel(shelf, "pure")))
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(wheelhouse, requirements, python="3.11", platform="linux/amd64", cache=cache) for _ in range(4)
        ]
    home = cache / wheelhouse_key(requirements.read_bytes(), python="3.11", platform="linux/amd64")
    assert {one.result() for one in asked} == {home}
    assert [path.name for path in home.iterdir()] == ["pure-1.0-py3-none-any.whl"]


def test_a_changed_wheel_is_refused_and_nothing_is_kept(tmp_path: Path, shelf: Path) -> None:
    lock = locked(make_wheel(shelf, "pure"))
    make_wheel(shelf, "pure", files={"pure.py": "changed = True"})
    with pytest.raises(InputMissingError, match="not the locked one"):
        fetched(tmp_path, lock)
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.startswith(".")] == []


def test_a_platform_without_a_wheel_is_told(tmp_path: Path, shelf: Path) -> None:
    lock = locked(make_wheel(shelf, "fast", tag=X86))
    with pytest.raises(InputMissingError, match=r"for Python 3\.11 on linux/arm64: the index has no wheel"):
        fetched(tmp_path, lock, platform="linux/arm64")


def test_a_version_of_python_that_is_none_is_refused(tmp_path: Path, shelf: Path) -> None:
    with pytest.raises(UsageError, match=r"image\.python"):
        fetched(tmp_path, locked(make_wheel(shelf, "pure")), python="3")


def test_the_key_is_of_all_that_decides() -> None:
    keys = {
        wheelhouse_key(text, python=python, platform=platform)
        for text in (b"a", b"b")
        for python in ("3.11", "3.12")
        for platform in ("linux/amd64", "linux/arm64")
    }
    assert len(keys) == 8
