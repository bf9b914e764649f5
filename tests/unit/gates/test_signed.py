"""An image is signed where a true signature, by a key that counts, is of that very image."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.errors import UsageError
from agent.gates.signed import Proof, prove
from agent.images.cosign import read_bundle
from agent.ports.signatures import Claim
from tests.cosigned import Signer, statement

DIGEST, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
PLATFORM, STRANGER = Signer(), Signer()
KEYS = {"keys/platform.pub": PLATFORM.pem}


def claim(signer: Signer, digest: str = DIGEST) -> Claim:
    found = read_bundle(signer.bundle(statement(digest)))
    assert found is not None
    return found


def test_a_signature_by_a_key_of_the_repository_proves_it() -> None:
    assert prove(DIGEST, [claim(PLATFORM)], KEYS) == Proof(by="keys/platform.pub")


def test_one_true_signature_among_others_is_enough() -> None:
    claims = [Claim(trouble="it is damaged"), claim(STRANGER), claim(PLATFORM, OTHER), claim(PLATFORM)]
    assert prove(DIGEST, claims, KEYS).by == "keys/platform.pub"


def test_the_key_that_has_signed_is_named() -> None:
    assert prove(DIGEST, [claim(PLATFORM)], {"keys/old.pub": STRANGER.pem, **KEYS}).by == "keys/platform.pub"


def test_without_a_signature_it_is_not_signed() -> None:
    keys = {**KEYS, "keys/old.pub": STRANGER.pem}
    assert prove(DIGEST, [], keys).fault == "is not signed by keys/platform.pub or keys/old.pub"


def test_one_by_another_key_is_somebody_elses() -> None:
    assert prove(DIGEST, [claim(STRANGER)], KEYS).fault.startswith("is signed by somebody else than keys/platform.pub")


def test_one_of_another_image_does_not_count() -> None:
    fault = prove(DIGEST, [claim(PLATFORM, OTHER)], KEYS).fault
    assert fault == f"has a signature by keys/platform.pub that is of another image ({OTHER})"


def test_what_was_altered_after_it_was_signed_does_not_count() -> None:
    moved = replace(claim(PLATFORM, OTHER), signed=claim(STRANGER).signed, images=(DIGEST,))
    assert prove(DIGEST, [moved], KEYS).fault.endswith("or what was signed has been altered")


def test_the_type_is_signed_with_the_payload() -> None:
    bare = replace(claim(PLATFORM), signature=PLATFORM.sign(statement(DIGEST)))
    assert prove(DIGEST, [bare], KEYS).by == ""


def test_what_could_not_be_read_says_why() -> None:
    fault = prove(DIGEST, [Claim(trouble="a bundle cannot be read: it is too large")], KEYS).fault
    assert fault == "is not signed by keys/platform.pub: a bundle cannot be read: it is too large"


def test_a_key_that_is_none_is_named() -> None:
    with pytest.raises(UsageError, match=r"^keys/platform\.pub is no public key"):
        prove(DIGEST, [], {"keys/platform.pub": "nonsense"})
