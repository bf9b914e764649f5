"""Wheels as a layer: what an installer would have made of them, and the same bytes everywhere."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError
from agent.images.layers.wheel_layer import path_files, write_wheels
from agent.images.manifest import sha256_digest
from agent.runtime.archives import unpack_archive
from tests.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

SITE = "opt/python/lib/python3.11/site-packages"
FILES = {
    "tool/__init__.py": "def main():\n    print('it runs')\n",
    "tool/data.txt": "data\n",
    "tool-1.0.data/scripts/ask": "#!python\nprint('asked')\n",
    "tool-1.0.data/scripts/plain": "#!/bin/sh\n",
    "tool-1.0.data/data/share/tool.txt": "shared\n",
    "tool-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = tool:main\n",
}


def layer(*wheels: Path) -> bytes:
    out = io.BytesIO()
    write_wheels(wheels, "3.11", out)
    return out.getvalue()


def content(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = [member for member in archive if member.isfile()]
        return {member.name: file.read() for member in files if (file := archive.extractfile(member))}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path, "tool", files=FILES)


def test_files_are_where_python_and_the_shell_look_for_them(wheel: Path) -> None:
    found = content(layer(wheel))
    assert sorted(found) == [
        "opt/python/bin/ask",
        "opt/python/bin/plain",
        "opt/python/bin/tool",
        f"{SITE}/tool-1.0.dist-info/METADATA",
        f"{SITE}/tool-1.0.dist-info/RECORD",
        f"{SITE}/tool-1.0.dist-info/WHEEL",
        f"{SITE}/tool-1.0.dist-info/entry_points.txt",
        f"{SITE}/tool/__init__.py",
        f"{SITE}/tool/data.txt",
        "opt/python/share/tool.txt",
    ]


def test_scripts_run_with_the_images_python_and_others_are_left_alone(wheel: Path) -> None:
    found = content(layer(wheel))
    assert found["opt/python/bin/ask"] == b"#!/usr/bin/env python3.11\nprint('asked')\n"
    assert found["opt/python/bin/tool"].startswith(b"#!/usr/bin/env python3.11\n")
    assert found["opt/python/bin/plain"] == b"#!/bin/sh\n"


def test_an_entry_point_runs(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(layer(wheel))) as archive:
        unpack_archive(archive, tmp_path / "root")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "root" / SITE)}
    script = tmp_path / "root/opt/python/bin/tool"
    said = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout == "it runs\n"


def test_the_record_lists_what_was_installed(wheel: Path) -> None:
    found = content(layer(wheel))
    rows = list(csv.reader(found[f"{SITE}/tool-1.0.dist-info/RECORD"].decode().splitlines()))
    named = {os.path.normpath(f"{SITE}/{row[0]}") for row in rows}
    assert named == set(found)


def test_everything_belongs_to_root_and_is_of_one_time(wheel: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(layer(wheel))) as archive:
        members = archive.getmembers()
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, 315532800)}
    assert {member.mode for member in members if member.isfile()} == {0o644, 0o755}
    assert members[0].name == "opt"


def test_the_bytes_are_these_on_every_machine(tmp_path: Path) -> None:
    """A change of this digest is one of every image: it is to come with a new number of the format."""
    wheels = (make_wheel(tmp_path, "tool", files=FILES), make_wheel(tmp_path, "other"))
    expected = "sha256:9801117bd10c2e4869c86022b4da141689d803825f08255a65328cd9d2461660"
    assert sha256_digest(layer(*wheels)) == sha256_digest(layer(*reversed(wheels))) == expected


def test_a_wheel_that_leads_out_of_its_place_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "evil", files={"../../escape.py": ""})
    with pytest.raises(InputMissingError, match=r"evil-1\.0-py3-none-any\.whl cannot be installed"):
        layer(wheel)


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken-1.0-py3-none-any.whl").write_bytes(b"no zip file")
    with pytest.raises(InputMissingError, match="cannot be installed"):
        layer(tmp_path / "broken-1.0-py3-none-any.whl")


def test_files_for_the_start_of_python_are_named(tmp_path: Path) -> None:
    wheels = [
        make_wheel(tmp_path, "early", files={"early.pth": "import early"}),
        make_wheel(tmp_path, "setuptools", files={"distutils-precedence.pth": ""}),
    ]
    assert path_files(wheels) == ["early.pth"]
