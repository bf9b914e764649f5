"""A bill of materials is CycloneDX to its schema, and the same bytes for the same image."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from agent.ports.contents import ImageContents, ImageLayer, Installed, Package, System
from agent.sbom.document import encode
from agent.view.packages import package_rows

LOWER, UPPER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
DEB = Package(kind="deb", name="libc6", version="2.41-12", architecture="amd64")
NUMPY = Package(kind="pypi", name="Num_Py", version="2.3.0", license="BSD-3-Clause", record="f" * 64)
CORE = Package(kind="npm", name="@babel/core", version="8.1.0", license="MIT OR Apache-2.0", spdx=True)
APK = Package(kind="apk", name="musl", version="1.2", license="some words")
CONTENTS = ImageContents(
    name="111111111111.dkr.ecr.us-east-1.amazonaws.com/team/tumour",
    digest=f"sha256:{'1' * 64}",
    platform="linux/amd64",
    created="2026-11-01T00:00:00Z",
    layers=(ImageLayer(digest=LOWER, size=7), ImageLayer(digest=UPPER, size=9, holds="code")),
    system=System(id="debian", version="13", name="Debian GNU/Linux 13 (trixie)"),
    packages=(
        Installed(package=DEB, path="var/lib/dpkg/status", layer=LOWER),
        Installed(package=NUMPY, path="opt/numpy.dist-info/METADATA", layer=UPPER),
        Installed(package=NUMPY, path="srv/numpy.dist-info/METADATA", layer=UPPER),
        Installed(package=CORE, path="app/node_modules/@babel/core/package.json", layer=UPPER),
        Installed(package=APK, path="lib/apk/db/installed", layer=LOWER),
    ),
    unread=("var/lib/rpm/Packages",),
)
BARE = ImageContents(
    name="tumour", digest=f"sha256:{'1' * 64}", platform="linux/amd64", created="", layers=(), system=None,
    packages=(),
)  # fmt: skip


def document(contents: ImageContents = CONTENTS) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(contents))
    return found


def component(name: str) -> dict[str, Any]:
    return next(each for each in document()["components"] if each["name"] == name)


@pytest.mark.parametrize("contents", [CONTENTS, BARE, replace(CONTENTS, created="not a time", system=None)])
def test_it_is_valid(contents: ImageContents) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(encode(contents).decode()) is None


def test_the_same_image_gives_the_same_bytes_and_another_one_another_serial_number() -> None:
    assert encode(CONTENTS) == encode(replace(CONTENTS))
    other = document(replace(CONTENTS, digest=f"sha256:{'2' * 64}"))
    assert other["serialNumber"] != document()["serialNumber"]


def test_it_is_about_the_image_by_digest() -> None:
    about = document()["metadata"]["component"]
    assert (about["name"], about["version"]) == (CONTENTS.name, CONTENTS.digest)
    assert about["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert {"name": "modelyard:unread", "value": "var/lib/rpm/Packages"} in about["properties"]


def test_its_time_is_the_image_s_own() -> None:
    assert document()["metadata"]["timestamp"] == "2026-11-01T00:00:00+00:00"


def test_layers_are_named_by_digest() -> None:
    assert component(UPPER)["description"] == "layer 2: code"


def test_packages_have_their_package_url_place_layer_and_licence() -> None:
    libc = component("libc6")
    assert libc["purl"] == "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13"
    assert libc["properties"] == [{"name": "modelyard:layer", "value": LOWER}]
    numpy = component("Num_Py")
    assert numpy["purl"] == "pkg:pypi/num-py@2.3.0"
    assert numpy["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert {"name": "modelyard:record:sha256", "value": "f" * 64} in numpy["properties"]
    core = component("core")
    assert (core["group"], core["purl"]) == ("@babel", "pkg:npm/%40babel/core@8.1.0")
    assert core["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert component("musl")["licenses"] == [{"license": {"name": "some words"}}]


def test_people_see_rows() -> None:
    assert package_rows(document()) == [
        ("@babel/core", "8.1.0", "npm", "MIT OR Apache-2.0"),
        ("Num_Py", "2.3.0", "pypi", "BSD-3-Clause"),
        ("Num_Py", "2.3.0", "pypi", "BSD-3-Clause"),
        ("libc6", "2.41-12", "deb", "-"),
        ("musl", "1.2", "apk", "some words"),
    ]
    assert package_rows(document(BARE)) == []


def test_a_package_that_is_there_twice_is_told_twice() -> None:
    places = [each["evidence"] for each in document()["components"] if each["name"] == "Num_Py"]
    assert sorted(place["occurrences"][0]["location"] for place in places) == [
        "/opt/numpy.dist-info/METADATA",
        "/srv/numpy.dist-info/METADATA",
    ]


def test_the_image_depends_on_all_of_it() -> None:
    (about,) = [each for each in document()["dependencies"] if each["ref"] == CONTENTS.digest]
    assert len(about["dependsOn"]) == len(document()["components"])
