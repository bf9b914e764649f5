"""Where releases are kept: each under its own digest, so that what is read is what was written or nothing."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from agent.errors import InputMissingError, UsageError
from agent.ledger.ledger import RELEASES as _PREFIX
from agent.release.envelope import is_envelope, unseal
from agent.release.origins import Origins
from agent.release.statement import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from agent.artifacts import Release
    from agent.ledger.ledger import Ledger
    from agent.release.envelope import Sealed

_SUFFIX = ".json"
_FEWEST_DIGITS = 6
_DIGITS = re.compile(r"[0-9a-f]{1,64}")


class ReleaseStore:
    """The releases of one project, in its ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def first(self, key: str, release: Release) -> Release:
        """The release that was first made for a content key: this one, unless another run was faster.

        It is kept before it is a release, so that an agent that is lost in between leaves no second one behind.
        """
        name = f"steps/release/{key}/draft{_SUFFIX}"
        if self._ledger.create_bytes(name, encode(release)):
            return release
        return decode(self._expect(name), self._ledger.uri(name))

    def write(self, release: Release, seal: Callable[[bytes], Sealed] | None = None) -> str:
        """Keep a release and answer its digest; one that is there already stays as it is.

        With ``seal`` it is kept in an envelope, and one that is there without any gets one: the same release, signed.
        """
        content = encode(release)
        digest = hashlib.sha256(content).hexdigest()
        kept = content if seal is None else seal(content).content
        if not self._ledger.create_bytes(_name(digest), kept) and self.sealed(digest) is None and kept is not content:
            self._ledger.replace_bytes(_name(digest), content, kept)
        return digest

    def read(self, digest: str) -> Release:
        """The release of that digest, signed or not; InputMissingError where it is absent or not what its name says."""
        return decode(self.payload(digest), self.uri(digest))

    def payload(self, digest: str) -> bytes:
        """The statement of that digest, to the byte."""
        content = self._expect(_name(digest))
        return payload_of(content, digest, self.uri(digest))

    def sealed(self, digest: str) -> Sealed | None:
        """The release in its envelope, whose signature nobody has looked at yet; None for one that was not signed."""
        content = self._expect(_name(digest))
        payload_of(content, digest, self.uri(digest))
        return unseal(content, self.uri(digest)) if is_envelope(content) else None

    def find(self, name: str) -> str:
        """The digest that starts so, or that a tag of that name names.

        A tag counts more than digits. UsageError for too few digits or several releases, InputMissingError for none.
        """
        tagged = Origins(self._ledger).named(name)
        return tagged or self._starting(name)

    def _starting(self, prefix: str) -> str:
        if not _DIGITS.fullmatch(prefix) or len(prefix) < _FEWEST_DIGITS:
            raise UsageError(
                f"{prefix!r} does not name a release; give at least {_FEWEST_DIGITS} hexadecimal digits, or a tag"
            )
        found = [_digest(name) for name in self._ledger.names(_PREFIX + prefix)]
        if not found:
            raise InputMissingError(f"there is no release {prefix}; `modelyard releases` lists them")
        if len(found) > 1:
            raise UsageError(f"{prefix} names several releases, give more digits: {', '.join(found)}")
        return found[0]

    def all(self) -> tuple[str, ...]:
        """The digests of all releases, newest first, from one listing."""
        return tuple(digest for digest, _ in self.dated())

    def dated(self) -> tuple[tuple[str, datetime], ...]:
        """The digests of all releases with the time of each, newest first, from one listing."""
        listed = sorted(self._ledger.listed(_PREFIX), key=lambda entry: (entry.modified, entry.key), reverse=True)
        return tuple((_digest(entry.key), entry.modified) for entry in listed)

    def uri(self, digest: str) -> str:
        """The S3 address of a release."""
        return self._ledger.uri(_name(digest))

    def _expect(self, name: str) -> bytes:
        content = self._ledger.read_bytes(name)
        if content is None:
            raise InputMissingError(f"the ledger has no {self._ledger.uri(name)}")
        return content


def payload_of(content: bytes, digest: str, origin: str) -> bytes:
    """The statement in a document that is kept as a release; InputMissingError where it is not the digest's."""
    payload = unseal(content, origin).payload if is_envelope(content) else content
    found = hashlib.sha256(payload).hexdigest()
    if found != digest:
        raise InputMissingError(
            f"{origin} is not the release that its name says: expected sha256 {digest}, found {found}; "
            "someone changed it, deploy another release"
        )
    return payload


def _name(digest: str) -> str:
    return f"{_PREFIX}{digest}{_SUFFIX}"


def _digest(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(_SUFFIX)
