"""A layer is read once, in whatever pieces it comes, for what package managers noted in it."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest

from agent.errors import InputMissingError
from agent.images.contents.layer import read_layer
from agent.ports.contents import LayerContents, Package, System
from tests.unit.images.contents.layers import layer, metadata, tar

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-12
Description: GNU C Library
 Version: this line belongs to the description

Package: gone
Status: deinstall ok config-files
Version: 1.0

"""
APK = "C:Q1abc=\nP:musl\nV:1.2.5-r9\nA:x86_64\nL:MIT\n\nP:busybox\nV:1.37.0-r12\n"


def read(content: bytes, size: int = 1 << 20) -> LayerContents:
    return read_layer("sha256:of-the-test", pieces(content, size))


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def only(content: LayerContents) -> list[Package]:
    return [package for packages in content.packages.values() for package in packages]


@pytest.mark.parametrize("size", [1, 7, 512, 1 << 20])
def test_it_does_not_matter_in_which_pieces_it_comes(size: int) -> None:
    content = layer({"var/lib/dpkg/status": STATUS, "usr/lib/os-release": 'ID=debian\nVERSION_ID="13"\n'})
    assert read(content, size) == read(content)
    assert read(content).system == System(id="debian", version="13")


@pytest.mark.parametrize(
    "whole", [tar({"a": "b"}), layer({"a": "b"}), gzip.compress(b"") + layer({"a": "b"})], ids="abc"
)
def test_a_layer_may_be_plain_or_of_several_gzip_members(whole: bytes) -> None:
    assert read(whole) == LayerContents()


def test_installed_packages_of_debian_are_told_and_removed_ones_are_not() -> None:
    assert only(read(layer({"var/lib/dpkg/status": STATUS}))) == [
        Package(kind="deb", name="libc6", version="2.41-12", architecture="amd64")
    ]


def test_distroless_images_have_a_file_for_each_package() -> None:
    found = read(layer({"var/lib/dpkg/status.d/tzdata": "Package: tzdata\nVersion: 2026a\n", "x.md5sums": ""}))
    assert only(found) == [Package(kind="deb", name="tzdata", version="2026a")]


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "./usr/lib/apk/db/installed"])
def test_packages_of_alpine_are_told(path: str) -> None:
    assert only(read(layer({path: APK}))) == [
        Package(kind="apk", name="musl", version="1.2.5-r9", architecture="x86_64", license="MIT"),
        Package(kind="apk", name="busybox", version="1.37.0-r12"),
    ]


@pytest.mark.parametrize(
    ("more", "told", "spdx"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: other\n", "MIT OR Apache-2.0", True),
        ("License: BSD\n", "BSD", False),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n", "MIT License", False),
        (f"License: {'long ' * 30}\n", "", False),
        ("", "", False),
    ],
)
def test_a_python_distribution_has_its_licence_and_the_digest_of_its_record(more: str, told: str, spdx: bool) -> None:
    place = "opt/python/lib/python3.11/site-packages/numpy-2.3.0.dist-info"
    found = read(layer({f"{place}/METADATA": metadata("numpy", "2.3.0", more), f"{place}/RECORD": "numpy.py,,\n"}))
    record = hashlib.sha256(b"numpy.py,,\n").hexdigest()
    assert only(found) == [Package(kind="pypi", name="numpy", version="2.3.0", license=told, spdx=spdx, record=record)]


def test_a_second_name_of_a_file_is_read_as_the_first() -> None:
    cached, place = "root/.cache/numpy-2.dist-info", "usr/lib/python3/site-packages/numpy-2.dist-info"
    found = read(
        layer({f"{cached}/METADATA": metadata("numpy", "2")}, links={f"{place}/METADATA": f"{cached}/METADATA"})
    )
    assert found.packages[f"{place}/METADATA"] == found.packages[f"{cached}/METADATA"] != ()


def test_packages_of_npm_and_conda_are_told_and_a_program_s_own_description_is_not() -> None:
    found = read(
        layer(
            {
                "app/package.json": '{"name": "own", "version": "1"}',
                "app/node_modules/@babel/core/package.json": '{"name": "@babel/core", "version": "8.1.0"}',
                "app/node_modules/left/lib/package.json": '{"type": "module"}',
                "app/node_modules/left/package.json": '{"name": "left", "version": "1.3", "license": "MIT"}',
                "app/node_modules/broken/package.json": "{",
                "opt/conda/conda-meta/mkl-2025.1.json": '{"name": "mkl", "version": "2025.1", "license": "ISSL"}',
            }
        )
    )
    assert {(one.kind, one.name, one.version, one.license) for one in only(found)} == {
        ("npm", "@babel/core", "8.1.0", ""),
        ("npm", "left", "1.3", "MIT"),
        ("conda", "mkl", "2025.1", "ISSL"),
    }


def test_what_a_layer_takes_away_is_told() -> None:
    found = read(layer({"opt/.wh.old": "", "srv/.wh..wh..opq": "", ".wh.top": ""}))
    assert (found.removed, found.hidden) == (("opt/old", "top"), ("srv",))


def test_a_database_that_nobody_reads_is_named() -> None:
    assert read(layer({"var/lib/rpm/rpmdb.sqlite": "SQLite format 3"})).unread == ("var/lib/rpm/rpmdb.sqlite",)


@pytest.mark.parametrize("content", [b"no archive at all" * 100, layer({"a": "b"})[:60]], ids=["other", "cut"])
def test_a_damaged_layer_is_refused_by_its_digest(content: bytes) -> None:
    with pytest.raises(InputMissingError, match="the layer sha256:of-the-test cannot be read"):
        read(content)
