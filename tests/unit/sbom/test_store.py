"""A bill of materials is kept under the image and its own digest, and read only if it is still that one."""

from __future__ import annotations

import hashlib

import pytest

from agent.artifacts import Sbom
from agent.errors import InputMissingError
from agent.ledger.ledger import Ledger
from agent.ports.contents import LayerContents, Package, System
from agent.sbom.store import KnownLayers, SbomStore
from tests.fakes import MemoryObjects

IMAGE, LAYER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
CONTENT = b'{"components":[{"type":"library","name":"numpy"},{"type":"file","name":"layer"}]}'
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = f"ledger/sboms/1/{'1' * 64}/{SHA256}.cdx.json"


def kept() -> tuple[MemoryObjects, SbomStore, Sbom]:
    objects = MemoryObjects()
    store = SbomStore(Ledger(objects, "bucket"))
    return objects, store, store.keep(IMAGE, CONTENT)


def test_it_is_found_by_the_image_and_named_by_its_digest() -> None:
    _, store, sbom = kept()
    assert sbom == Sbom(uri=f"s3://bucket/{NAME}", sha256=SHA256, packages=1)
    assert store.find(IMAGE) == sbom
    assert store.read(sbom)["components"][0]["name"] == "numpy"
    assert store.find(f"sha256:{'3' * 64}") is None


def test_an_edited_one_is_neither_found_nor_read() -> None:
    objects, store, sbom = kept()
    objects.kept["bucket", NAME] = CONTENT + b" "
    assert store.find(IMAGE) is None
    found = hashlib.sha256(CONTENT + b" ").hexdigest()
    with pytest.raises(InputMissingError, match=f"has changed: expected sha256 {SHA256}, found {found}"):
        store.read(sbom)


def test_of_two_the_same_one_is_found_always() -> None:
    _, store, first = kept()
    second = store.keep(IMAGE, b'{"components":[]}')
    assert store.find(IMAGE) == min((first, second), key=lambda sbom: sbom.sha256)


def test_one_that_is_gone_says_what_to_do() -> None:
    objects, store, sbom = kept()
    del objects.kept["bucket", NAME]
    with pytest.raises(InputMissingError, match=r"is not there any more; run the pipeline again for its commit"):
        store.read(sbom)


def test_a_layer_is_known_as_it_was_read() -> None:
    layers = KnownLayers(Ledger(MemoryObjects(), "bucket"))
    contents = LayerContents(
        packages={"lib/apk/db/installed": (Package(kind="apk", name="musl", version="1.2"),)},
        removed=("gone",),
        hidden=("below",),
        system=System(id="alpine", version="3.22"),
        unread=("var/lib/rpm/Packages",),
    )
    assert layers.find(LAYER) is None
    layers.keep(LAYER, contents)
    assert layers.find(LAYER) == contents


@pytest.mark.parametrize("content", [b"", b"{}", b'{"packages": {"a": [{"kind": 1}]}}', b"[]"])
def test_what_cannot_be_read_is_as_if_it_were_not_there(content: bytes) -> None:
    objects = MemoryObjects(kept={("bucket", f"ledger/sboms/1/layers/{'2' * 64}.json"): content})
    assert KnownLayers(Ledger(objects, "bucket")).find(LAYER) is None
