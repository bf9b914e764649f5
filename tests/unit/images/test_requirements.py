"""Requirements files that leave nothing open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError, UsageError
from agent.images.requirements import machine, parse_lock, read_lock, target_environment

if TYPE_CHECKING:
    from pathlib import Path

HASH = f"--hash=sha256:{'a' * 64}"
OTHER = f"--hash=sha256:{'b' * 64}"


def test_a_lock_as_uv_and_pip_tools_write_it() -> None:
    lock = parse_lock(
        "# written by a tool\n--index-url https://packages.example/simple\n"
        f"numpy==2.4.6 ; python_version >= '3.11' \\\n"
        f"    {HASH} \\\n    {OTHER}\n    # via -r in.txt\nuvicorn[standard]==0.35.0 {HASH}  # kept\n",
        "requirements.txt",
    )
    assert lock.options == ("--index-url https://packages.example/simple",)
    assert [entry.line() for entry in lock.requirements] == [
        f"numpy==2.4.6 {HASH} {OTHER}",
        f"uvicorn[standard]==0.35.0 {HASH}",
    ]


def test_a_file_that_asks_for_nothing_locks_nothing() -> None:
    assert parse_lock("\n# nothing yet\n", "requirements.txt").requirements == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("numpy==2.4.6", "has no --hash"),
        (f"numpy>=2 {HASH}", "is not one version"),
        (f"numpy==2.* {HASH}", "is not one version"),
        ("numpy==2.4.6 --hash=sha512:aa", "is not sha256:"),
        (f"-r more.txt {HASH}", "`-r` has no place"),
        ("--find-links=wheels", "`--find-links` has no place"),
        (f"./numpy.whl {HASH}", "is not a requirement"),
    ],
)
def test_what_is_left_open_is_refused_with_its_line(line: str, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"^box/requirements\.txt:3: .*{reason}"):
        parse_lock(f"# a comment\njoblib==1.6.0 {HASH}\n{line}\n", "box/requirements.txt")


def test_the_line_named_is_the_first_of_a_requirement() -> None:
    with pytest.raises(UsageError, match=r"^r\.txt:1: "):
        parse_lock("numpy==2.4.6 \\\n\n", "r.txt")


def test_markers_are_asked_of_the_image_and_not_of_this_machine() -> None:
    lock = parse_lock(
        f"a==1 ; python_version < '3.12' {HASH}\nb==1 ; platform_machine == 'aarch64' {HASH}\n"
        f"c==1 ; sys_platform == 'win32' {HASH}\nd==1 {HASH}\n",
        "r.txt",
    )
    environment = target_environment("3.12", "linux/arm64")
    assert [entry.requirement.name for entry in lock.requirements if entry.wanted(environment)] == ["b", "d"]


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="does not exist"):
        read_lock(tmp_path / "requirements.txt")


def test_a_platform_without_images_is_refused() -> None:
    assert machine("linux/arm64") == "aarch64"
    with pytest.raises(UsageError, match=r"image\.platform"):
        machine("windows/amd64")
