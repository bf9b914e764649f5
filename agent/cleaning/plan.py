"""What a clean-up would remove: old objects that no release and no last run names, and records that lead to them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal

from agent import naming
from agent.cleaning.need import Needed, listed_in, named_in
from agent.errors import InputMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from agent.ledger.ledger import Ledger
    from agent.ports.images import PushedImage
    from agent.ports.objects import Listed

ROOTS = ("releases/", "last-runs/")
"""What must stay in the ledger, and with it all that it names."""
_ARTIFACTS = (
    f"{naming.DATA}objects/",
    f"{naming.DATA}manifests/",
    naming.MODELS,
    naming.PREPARED,
    naming.EVALUATIONS,
    naming.CHECKPOINTS,
    naming.CODE,
)
_STEPS = "ledger/steps/"
_MANIFEST = ".manifest"
DEFAULT_AGE = timedelta(days=7)
"""Younger objects stay in any case: a run that is going on may have made them and named them nowhere yet."""


@dataclass(frozen=True, kw_only=True)
class Removal:
    """One thing to remove: an object by its ``key``, or an image by its digest; ``size`` in bytes."""

    kind: Literal["object", "image"]
    name: str
    size: int


def plan(
    ledger: Ledger, images: Iterable[PushedImage], *, now: datetime, age: timedelta = DEFAULT_AGE
) -> tuple[Removal, ...]:
    """Everything that can go: records of steps first, for a record must never outlive what it names."""
    needed = find_needed(ledger)
    old = now - age
    artifacts = [
        entry
        for prefix in _ARTIFACTS
        for entry in ledger.objects.list(ledger.bucket, prefix)
        if entry.modified < old and not needed.holds(entry.key)
    ]
    unused = [image for image in images if image.pushed < old and image.digest not in needed.images]
    gone = Needed(keys=frozenset(entry.key for entry in artifacts), images=frozenset(image.digest for image in unused))
    return (
        *_objects(_records_of(ledger, gone)),
        *_objects(artifacts),
        *(Removal(kind="image", name=image.digest, size=image.size) for image in unused),
    )


def find_needed(ledger: Ledger) -> Needed:
    """All that the ledger's roots name, directly or through manifests."""
    documents = (_read(ledger, name) for root in ROOTS for name in ledger.names(root))
    named = reduce(Needed.__or__, (named_in(document, ledger.bucket) for document in documents), Needed.nothing())
    manifests = [key for key in named.keys if key.startswith(naming.DATA) and key.endswith(_MANIFEST)]
    contents = (listed_in(_read_object(ledger, key), ledger.bucket) for key in manifests)
    sidecars = frozenset(key.removesuffix(_MANIFEST) + ".json" for key in manifests)
    return Needed(keys=named.keys.union(sidecars, *contents), images=named.images)


def _records_of(ledger: Ledger, gone: Needed) -> Iterator[Listed]:
    """The records of steps whose results name what goes: answered from, they would hand on what is not there."""
    for entry in ledger.objects.list(ledger.bucket, _STEPS):
        if entry.key.endswith("/done.json"):
            record = json.loads(_body(ledger, entry.key) or b"{}")
            named = named_in(record.get("result", {}), ledger.bucket)
            if named.keys & gone.keys or named.images & gone.images:
                yield entry


def _objects(entries: Iterable[Listed]) -> Iterator[Removal]:
    return (Removal(kind="object", name=entry.key, size=entry.size) for entry in entries)


def _read(ledger: Ledger, name: str) -> Any:
    """A document, or what is in it where it is signed (DSSE); whoever cannot read one cannot tell what it needs."""
    try:
        document = json.loads(ledger.read_bytes(name) or b"{}")
        if isinstance(document, dict) and "payloadType" in document:
            return json.loads(base64.b64decode(document["payload"], validate=True))
    except (ValueError, LookupError) as error:
        raise InputMissingError(
            f"{ledger.uri(name)} is damaged, and what it names could be removed: {error}; bring back an earlier "
            "version of it (the bucket keeps them), or nothing is cleaned"
        ) from error
    return document


def _read_object(ledger: Ledger, key: str) -> Any:
    return json.loads(_body(ledger, key) or b"[]")


def _body(ledger: Ledger, key: str) -> bytes | None:
    found = ledger.objects.read(ledger.bucket, key)
    return found.body if found else None
