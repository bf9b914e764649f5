"""The vars under real CPS: each file of ``src/test/groovy/specifications`` is one test here.

All of them run in one Java process, with a scripted ``modelyard``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.groovy.maven import PROJECT, failures, run_tests

if TYPE_CHECKING:
    from pathlib import Path

SPECIFICATIONS = sorted(path.stem for path in PROJECT.glob("src/test/groovy/specifications/*Spec.groovy"))


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_tests(tmp_path_factory.mktemp("vars"))


@pytest.mark.requires("java", "mvn")
@pytest.mark.timeout(900)  # the first run downloads what the pom names
@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_specification(specification: str, reports: Path) -> None:
    failed = failures(reports / f"TEST-specifications.{specification}.xml")
    assert not failed, "\n\n".join(failed)


def test_every_dependency_is_pinned() -> None:
    """A version that floats, or one that Maven would choose, could break the build from one day to the next."""
    pom = ET.parse(PROJECT / "pom.xml").getroot()
    space = {"": "http://maven.apache.org/POM/4.0.0"}
    named = [*pom.iterfind(".//dependency", space), *pom.iterfind(".//plugin", space)]
    versions = {each.findtext("artifactId", "", space): each.findtext("version", "", space) for each in named}
    assert versions
    assert {name for name, version in versions.items() if not version or set(version) & set("[](),$")} == set()
    assert not any(version.endswith("SNAPSHOT") for version in versions.values())
