"""Whose signatures count: the public keys beside the releases, and what makes one of them believed.

A key that lies in the ledger proves nothing, for whoever can write a release there can write a key, too. It counts when
its fingerprint is pinned in the configuration, or when KMS itself, asked by the account that the release is to go to,
answers the very same key for it. ``docs/decisions/0026-signed-releases.md`` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import naming
from agent.errors import InputMissingError
from agent.release.envelope import VerificationKey, seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.config.releases import Releases
    from agent.ledger.ledger import Ledger
    from agent.ports.account import Account
    from agent.release.envelope import Sealed

_PREFIX = "keys/"
_FIELD = "Key: "
"""What stands ahead of a key's PEM, where readers of PEM expect words for people (RFC 7468, section 5.2)."""


@dataclass(frozen=True, kw_only=True)
class KnownKey:
    """A key that has signed a release, and where it says that KMS has it."""

    key: VerificationKey
    arn: str


class KnownKeys:
    """The public keys of a project, in its ledger: each under its fingerprint, for good."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def keep(self, known: KnownKey) -> None:
        """Keep a key; one that is there already stays."""
        self._ledger.create_bytes(_name(known.key.id), f"{_FIELD}{known.arn}\n".encode() + known.key.pem)

    def find(self, key_id: str) -> KnownKey:
        """The key of that fingerprint; InputMissingError where it is absent or another one by now."""
        uri = self._ledger.uri(_name(key_id))
        content = self._ledger.read_bytes(_name(key_id))
        if content is None:
            raise InputMissingError(f"the ledger has no {uri}, the key that the release names")
        key = VerificationKey.of_pem(content, uri)
        if key.id != key_id:
            raise InputMissingError(f"{uri} is not the key that its name says: expected {key_id}, found {key.id}")
        arn = next((line for line in content.decode().splitlines() if line.startswith(_FIELD)), "")
        return KnownKey(key=key, arn=arn.removeprefix(_FIELD))


def signing(project: str, releases: Releases, tools: Account, ledger: Ledger) -> Callable[[bytes], Sealed] | None:
    """What puts a release into its envelope with the tools account's key; None where nothing is to be signed."""
    if not releases.sign:
        return None

    def sealed(payload: bytes) -> Sealed:
        public = tools.keys.public_key(releases.signing_key or naming.signing_key(project))
        known = KnownKey(key=VerificationKey(public.der), arn=public.arn)
        KnownKeys(ledger).keep(known)
        return seal(payload, known.key, lambda digest: tools.keys.sign(public.arn, digest))

    return sealed


def trusted(key_id: str, releases: Releases, ledger: Ledger, *, tools: Account, asking: Account) -> VerificationKey:
    """The key of that fingerprint, once it is sure that it counts; ``asking`` asks KMS where nothing is pinned.

    InputMissingError for any other key, AccessDeniedError where KMS does not let ``asking`` see it.
    """
    known = KnownKeys(ledger).find(key_id)
    if releases.trusted_keys:
        _require_pinned(key_id, releases)
        return known.key
    _require_of(known, tools)
    found = VerificationKey(asking.keys.public_key(known.arn).der)
    if found.id != key_id:
        raise InputMissingError(f"{known.arn} is another key than signed: expected {key_id}, found {found.id}")
    return found


def _name(key_id: str) -> str:
    return f"{_PREFIX}{key_id}.pem"


def _require_pinned(key_id: str, releases: Releases) -> None:
    if key_id not in releases.trusted_keys:
        raise InputMissingError(
            f"it was signed by a key that is not trusted: expected one of {', '.join(releases.trusted_keys)}, "
            f"found {key_id} (`releases.trusted_keys`)"
        )


def _require_of(known: KnownKey, tools: Account) -> None:
    """Anybody can make a key in an account of their own, and let anybody see it."""
    parts = known.arn.split(":")
    place = parts[4] if len(parts) == 6 and parts[2] == "kms" and parts[5].startswith("key/") else "nowhere"
    if place != tools.id:
        raise InputMissingError(
            f"the key {known.key.id} ({known.arn or 'of no known place'}) is not one of the tools account {tools.id}"
        )
