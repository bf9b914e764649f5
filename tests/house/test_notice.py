"""The licences of what modelyard is installed with are kept in NOTICE."""

from __future__ import annotations

import re

from tests.sources import ROOT


def test_notice_names_every_package_that_an_installation_brings() -> None:
    locks = "".join((ROOT / "requirements" / name).read_text() for name in ("demo.txt", "agent.txt"))
    locked = re.findall(r"^([a-z0-9-]+)==", locks, flags=re.MULTILINE)
    named = re.findall(r"^  ([a-z0-9-]+) +\S", (ROOT / "NOTICE").read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(set(locked))


def test_notice_names_every_package_that_the_image_for_models_contains() -> None:
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "byo.txt").read_text(), flags=re.MULTILINE)
    named = re.findall(r"^- ([a-z0-9-]+): \S", (ROOT / "NOTICE").read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(set(locked))
