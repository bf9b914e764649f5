"""Licences are judged as SPDX means its expressions, and what nobody can read is not taken for a yes or a no."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agent.config.supply_gates import Acceptance, LicenseGate
from agent.gates.licenses import Licensed, Standing, judge, licensed, standing

TODAY = date(2026, 11, 27)
ALLOWED, UNKNOWN, REFUSED = Standing.ALLOWED, Standing.UNKNOWN, Standing.REFUSED
OPEN = {"allowed": ("MIT", "BSD-*", "Apache-2.0", "Python Software Foundation License")}
CLOSED = {"denied": ("GPL-*", "AGPL-*", "*affero*")}


def package(*licenses: str, name: str = "numpy", words: bool = False) -> Licensed:
    return Licensed(name=name, version="1.0", licenses=licenses, words=words)


def gate(**settings: Any) -> LicenseGate:
    return LicenseGate(kind="licenses", **settings)


@pytest.mark.parametrize(
    ("expression", "settings", "expected"),
    [
        ("MIT", OPEN, ALLOWED),
        ("bsd-3-clause", OPEN, ALLOWED),
        ("MPL-2.0", OPEN, REFUSED),
        ("MPL-2.0", CLOSED, ALLOWED),
        ("GPL-3.0-or-later", CLOSED, REFUSED),
        ("LGPL-2.1-only", CLOSED, ALLOWED),
        ("MIT OR GPL-3.0-only", CLOSED, ALLOWED),
        ("MIT AND GPL-3.0-only", CLOSED, REFUSED),
        ("MIT AND (GPL-2.0-only OR Apache-2.0)", OPEN, ALLOWED),
        ("(MIT AND GPL-2.0-only) OR MPL-2.0", OPEN, REFUSED),
        ("GPL-2.0-only WITH Classpath-exception-2.0", CLOSED, REFUSED),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"denied": ("GPL-2.0-only",)}, REFUSED),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"denied": ("GPL-2.0",)}, ALLOWED),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"allowed": ("gpl-2.0-ONLY",)}, ALLOWED),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"allowed": ("*classpath*",)}, ALLOWED),
    ],
)
def test_an_expression_is_what_its_parts_are(expression: str, settings: dict[str, Any], expected: Standing) -> None:
    assert standing(package(expression), gate(**settings)) is expected


@pytest.mark.parametrize(
    ("words", "settings", "expected"),
    [
        ("Python Software Foundation License", OPEN, ALLOWED),
        ("GNU Affero General Public License v3", CLOSED, REFUSED),
        ("BSD License", CLOSED, UNKNOWN),
        ("Whatever (see LICENSE.txt) and (", OPEN, UNKNOWN),
    ],
)
def test_a_licence_in_somebody_s_words_is_known_by_its_pattern_only(
    words: str, settings: dict[str, Any], expected: Standing
) -> None:
    assert standing(package(words, words=True), gate(**settings)) is expected


def test_what_is_marked_as_an_expression_and_is_none_is_a_name() -> None:
    assert standing(package("see ( below"), gate(**CLOSED)) is UNKNOWN


def test_several_licences_all_apply() -> None:
    assert standing(package("MIT", "GPL-2.0-only"), gate(**CLOSED)) is REFUSED


def test_packages_that_may_not_be_used_are_counted_and_named() -> None:
    packages = [package("MIT"), package("AGPL-3.0-only", name="mongo"), package(name="tzdata")]
    verdict = judge("open", gate(**CLOSED), packages, "image 1a2b", today=TODAY, evidence="s3://sbom")
    assert (verdict.passed, verdict.value, verdict.limit, verdict.comparison) == (False, 1, 0, "at most")
    assert verdict.reason == (
        "1 of 3 packages in image 1a2b may not be used, by licence: mongo 1.0 (AGPL-3.0-only); "
        "of 1 the licence is not known (gate `open`)"
    )
    assert verdict.evidence == "s3://sbom"


def test_a_package_without_a_licence_passes_or_not_as_is_configured() -> None:
    packages = [package("MIT"), package(name="tzdata")]
    assert judge("open", gate(**CLOSED), packages, "image", today=TODAY).passed
    strict = judge("open", gate(unknown="refuse", **CLOSED), packages, "image", today=TODAY)
    assert not strict.passed
    assert "by licence: tzdata 1.0 (no licence)" in strict.reason


@pytest.mark.parametrize(
    ("until", "passed", "words"),
    [
        ("2026-11-27", True, "; accepted for now: mongo (gate"),
        ("2026-11-26", False, "; mongo was accepted until 2026-11-26 (gate"),
    ],
)
def test_a_package_is_accepted_for_a_time(until: str, passed: bool, words: str) -> None:
    accepted = {"mongo": Acceptance(reason="bought", until=until)}
    packages = [package("AGPL-3.0-only", name="mongo")]
    verdict = judge("open", gate(accepted=accepted, **CLOSED), packages, "image", today=TODAY)
    assert verdict.passed is passed
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("licenses", "expected", "words"),
    [
        ([{"license": {"id": "MIT"}}], ("MIT",), False),
        ([{"expression": "MIT OR Apache-2.0"}], ("MIT OR Apache-2.0",), False),
        ([{"license": {"name": "BSD License"}}], ("BSD License",), True),
        ([], (), False),
    ],
)
def test_a_component_says_its_licences_in_one_of_three_ways(
    licenses: list[dict[str, Any]], expected: tuple[str, ...], words: bool
) -> None:
    found = licensed({"type": "library", "name": "a", "version": "1", "licenses": licenses})
    assert found == Licensed(name="a", version="1", licenses=expected, words=words)
