"""Whether an image is signed by a key that may: of what a registry holds as its signatures, one has to be true.

A signature proves one thing, that somebody who has the key has signed these bytes. So the bytes have to speak of this
very image, and only keys that the repository names count, whatever the signature says about its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.images.public_key import PublicKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.ports.signatures import Claim


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The name of the key that an image is signed ``by``, or what its ``fault`` is."""

    by: str = ""
    fault: str = ""


def prove(digest: str, claims: Sequence[Claim], keys: Mapping[str, str]) -> Proof:
    """Who has signed the image of a digest; ``keys`` are in PEM, by name. UsageError for what is no key."""
    known = {name: PublicKey.of_pem(pem.encode(), name) for name, pem in keys.items()}
    readable = [claim for claim in claims if not claim.trouble]
    true = [
        (name, claim)
        for claim in readable
        for name, key in known.items()
        if key.has_signed(claim.signed, claim.signature)
    ]
    for name, claim in true:
        if digest in claim.images:
            return Proof(by=name)
    wanted = " or ".join(known)
    if true:
        name, claim = true[0]
        return Proof(fault=f"has a signature by {name} that is of another image ({', '.join(claim.images)})")
    if readable:
        return Proof(fault=f"is signed by somebody else than {wanted}, or what was signed has been altered")
    told = next((f": {claim.trouble}" for claim in claims), "")
    return Proof(fault=f"is not signed by {wanted}{told}")
