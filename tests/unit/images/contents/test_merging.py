"""An image holds what no upper layer took away, and says which layer brought it."""

from __future__ import annotations

from agent.images.contents.merging import packages_of, system_of, unread_of
from agent.ports.contents import LayerContents, Package, System

PIP, PIP_PATH = Package(kind="pypi", name="pip", version="26"), "usr/lib/python3/pip-26.dist-info/METADATA"
BASH, CURL = (Package(kind="deb", name=name, version="1") for name in ("bash", "curl"))
STATUS = "var/lib/dpkg/status"
BASE = ("sha256:base", LayerContents(packages={STATUS: (BASH,), PIP_PATH: (PIP,)}, system=System(id="debian")))


def told(*layers: tuple[str, LayerContents]) -> list[tuple[str, str]]:
    return [(one.package.name, one.layer) for one in packages_of(layers)]


def test_a_package_is_of_the_layer_that_brought_it_though_an_upper_one_repeats_it() -> None:
    upper = ("sha256:upper", LayerContents(packages={STATUS: (BASH, CURL)}))
    assert told(BASE, upper) == [("pip", "sha256:base"), ("bash", "sha256:base"), ("curl", "sha256:upper")]


def test_a_package_that_an_upper_database_lacks_is_gone() -> None:
    assert told(BASE, ("sha256:upper", LayerContents(packages={STATUS: (CURL,)}))) == [
        ("pip", "sha256:base"),
        ("curl", "sha256:upper"),
    ]


def test_what_a_layer_removes_or_hides_is_gone() -> None:
    for taken in (
        LayerContents(removed=(PIP_PATH,)),
        LayerContents(removed=("usr/lib/python3",)),
        LayerContents(hidden=("usr/lib",)),
    ):
        assert told(BASE, ("sha256:upper", taken)) == [("bash", "sha256:base")]
    assert told(BASE, ("sha256:upper", LayerContents(hidden=("",)))) == []


def test_what_the_same_layer_adds_stays() -> None:
    upper = ("sha256:upper", LayerContents(hidden=("usr",), packages={PIP_PATH: (PIP,)}))
    assert told(BASE, upper) == [("pip", "sha256:upper"), ("bash", "sha256:base")]


def test_a_folder_with_a_name_that_only_begins_the_same_stays() -> None:
    assert told(BASE, ("sha256:upper", LayerContents(removed=("usr/lib/pyth",), hidden=("us",)))) == told(BASE)


def test_the_uppermost_distribution_counts_and_every_unread_database() -> None:
    layers = [BASE[1], LayerContents(system=System(id="ubuntu"), unread=("b",)), LayerContents(unread=("a", "b"))]
    assert system_of(layers) == System(id="ubuntu")
    assert unread_of(layers) == ("a", "b")
    assert system_of([LayerContents()]) is None
