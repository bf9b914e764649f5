"""What a registry holds as signatures of an image: beside it by a tag, and as what refers to it.

Whoever may push can put anything there. So what cannot be read is a claim with its trouble, and only a registry that
does not answer, or lets us in no further, is an error.
"""

from __future__ import annotations

import json
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from agent.errors import CloudFailedError, InputMissingError
from agent.images.cosign import ANNOTATION, BUNDLE_TYPE, read_bundle, read_payload
from agent.images.manifest import INDEX_TYPE, OCI_MANIFEST_TYPE
from agent.images.registry import at_most
from agent.ports.signatures import Claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agent.images.registry import Registry

    Entry = Mapping[str, Any]

_MOST = 100
"""How many claims of an image are looked at, and how many pages of a list of them."""
_BYTES = 1 << 20
"""The largest payload or bundle that is read; they have a few kilobytes."""
_MALFORMED = (InputMissingError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def read_claims(registry: Registry, repository: str, digest: str) -> tuple[Claim, ...]:
    """All that is said to be a signature of an image; TemporaryError or AccessDeniedError where nobody tells."""
    by_tag = partial(_beside, registry, repository, digest.replace(":", "-") + ".sig")
    by_reference = partial(_referring, registry, repository, digest)
    found = chain(_told("its signatures", by_tag), _told("what refers to it", by_reference))
    claims = tuple(islice(found, _MOST + 1))
    if len(claims) > _MOST:
        return (*claims[:_MOST], Claim(trouble=f"only the first {_MOST} signatures were looked at"))
    return claims


def _told(what: str, read: Callable[[], Iterator[Claim]]) -> Iterator[Claim]:
    """What is read, up to where it cannot be, and why."""
    try:
        yield from read()
    except _MALFORMED as error:
        yield Claim(trouble=f"{what} cannot be read: {type(error).__name__}: {error}")


def _beside(registry: Registry, repository: str, tag: str) -> Iterator[Claim]:
    """By cosign's tag: an image of which each layer is a payload."""
    manifest = registry.find(repository, tag, (OCI_MANIFEST_TYPE,))
    for layer in json.loads(manifest)["layers"] if manifest else ():
        if ANNOTATION in layer.get("annotations", {}):
            yield from _told("a signature", partial(_of_layer, registry, repository, layer))


def _of_layer(registry: Registry, repository: str, layer: Entry) -> Iterator[Claim]:
    yield read_payload(_blob(registry, repository, layer), layer["annotations"][ANNOTATION])


def _referring(registry: Registry, repository: str, digest: str) -> Iterator[Claim]:
    """By the manifests that name the image as their subject: one bundle in each."""
    for page in _pages(registry, repository, digest):
        for entry in json.loads(page)["manifests"]:
            if entry.get("artifactType") == BUNDLE_TYPE:
                yield from _told("a bundle", partial(_of_bundle, registry, repository, entry))


def _pages(registry: Registry, repository: str, digest: str) -> tuple[bytes, ...]:
    """The list of what refers to an image, by the registry or, where that keeps none, by the tag for it."""
    try:
        pages = tuple(islice(registry.referrers(repository, digest, BUNDLE_TYPE), _MOST))
    except CloudFailedError:  # as registries answer that are older than such lists: 400, 405, 406
        pages = ()
    if pages:
        return pages
    by_tag = registry.find(repository, digest.replace(":", "-"), (INDEX_TYPE,))
    return (by_tag,) if by_tag else ()


def _of_bundle(registry: Registry, repository: str, entry: Entry) -> Iterator[Claim]:
    manifest = json.loads(registry.manifest(repository, entry["digest"], (OCI_MANIFEST_TYPE,)))
    claim = read_bundle(_blob(registry, repository, manifest["layers"][0]))
    if claim is not None:
        yield claim


def _blob(registry: Registry, repository: str, layer: Entry) -> bytes:
    digest = str(layer["digest"])
    return registry.read(repository, digest, lambda blocks: at_most(_BYTES, blocks, f"blob {digest}"))
