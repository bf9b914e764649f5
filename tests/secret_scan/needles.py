"""What is looked for: secrets by their value, and others by their form.

Sources of the forms: IAM user guide, "IAM identifiers" (prefixes of key ids); RFC 7468 (PEM); RFC 7519 (JWT).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEY_LENGTH = 40
_KEYS = re.compile(rb"[0-9a-f]{40,}")
"""Secret keys of the embedded cloud look like a commit's digest."""
_LONGEST = 48
"""Longer runs are digests; a little more than a key may be what was before it (``%3d``)."""
_STRIDE = 8
_SAMPLED = re.compile(rb"x{%d,}" % (_KEY_LENGTH // _STRIDE))
_IS_HEX = bytes(ord("x" if chr(byte) in "0123456789abcdef" else "-") for byte in range(256))
_TOKENS = re.compile(rb"FwoGZX[0-9a-f]{128}")
_SHORTEST = 8
"""Shorter values are words that stand everywhere."""
_NOT_SECRET = re.compile(rb"EXAMPLE|\$\{|\*\*\*|<|redacted", re.IGNORECASE)
_VALUE = rb"[\"']?\s{0,3}[=:]\s{0,3}[\"']?[A-Za-z0-9/+=]{16,}"


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a secret looks like; data without any of the ``words`` need not be searched for it."""

    what: str
    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes]


PRIVATE_KEY = "a private key"
FORMS = (
    Form(
        what="an access key with its secret",
        words=(b"AKIA", b"ASIA"),
        pattern=re.compile(
            rb"(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9/+]{1,40}(?:[A-Za-z_ -]{0,40}[^A-Za-z0-9/+]{1,10})?"
            rb"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])"
        ),
    ),
    Form(
        what="a secret variable",
        words=(b"aws_secret", b"aws_session", b"AWS_SECRET", b"AWS_SESSION"),
        pattern=re.compile(rb"aws_(?:secret_access_key|session_token)" + _VALUE, re.IGNORECASE),
    ),
    Form(
        what=PRIVATE_KEY,
        words=(b"PRIVATE KEY-----",),
        pattern=re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}"),
    ),
    Form(
        what="a JSON web token",
        words=(b".eyJ",),
        pattern=re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}"),
    ),
    Form(what="a registry's token", words=(b"QVdTOj",), pattern=re.compile(rb"QVdTOj[A-Za-z0-9+/_-]{40,}")),
)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A secret at an offset: what it is, never what it says."""

    what: str
    offset: int


@dataclass
class Needles:
    """Values by kind; ``add`` takes any."""

    keys: set[bytes] = field(default_factory=set)
    tokens: set[bytes] = field(default_factory=set)
    words: set[bytes] = field(default_factory=set)

    def add(self, values: Iterable[str]) -> None:
        """More values, but for those too short; what is no cloud's costs a search of its own each."""
        for value in values:
            text = value.encode()
            if len(text) == _KEY_LENGTH and _KEYS.fullmatch(text):
                self.keys.add(text)
            elif _TOKENS.fullmatch(text):
                self.tokens.add(text)
            elif len(text) >= _SHORTEST:
                self.words |= {text, *_in_base64(text)}

    def values(self) -> list[str]:
        """All of them, to hand them over to another process."""
        return [value.decode() for value in (*self.keys, *self.tokens, *self.words)]

    def hits(self, data: bytes) -> Iterator[Hit]:
        """Every place where a value or a form stands."""
        for offset, run in _runs(data) if self.keys else ():
            if any(run[at : at + _KEY_LENGTH] in self.keys for at in range(len(run) - _KEY_LENGTH + 1)):
                yield Hit(what="a secret key that a cloud gave out", offset=offset)
        for found in _TOKENS.finditer(data) if self.tokens else ():
            if found[0] in self.tokens:
                yield Hit(what="a session token that a cloud gave out", offset=found.start())
        for word in self.words:
            at = data.find(word)
            if at >= 0:
                yield Hit(what="a secret of a test", offset=at)
        for form in FORMS:
            for found in form.pattern.finditer(data) if any(word in data for word in form.words) else ():
                if not _NOT_SECRET.search(found[0]):
                    yield Hit(what=form.what, offset=found.start())


def _runs(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Hexadecimal digits, as many as a key has, with their offset.

    Every eighth byte is looked at first: five of them in a row are in each such run, and seldom anywhere else.
    """
    for sampled in _SAMPLED.finditer(data[::_STRIDE].translate(_IS_HEX)):
        start = max(0, (sampled.start() - 1) * _STRIDE)
        for found in _KEYS.finditer(data, start, (sampled.end() + 1) * _STRIDE):
            if len(found[0]) <= _LONGEST:
                yield found.start(), found[0]


def _in_base64(text: bytes) -> Iterator[bytes]:
    """How it may stand in what was encoded as a whole, such as ``user:password``: at three offsets, without ends."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text)
        whole = encoded[4 if before else 0 : len(encoded) - (4 if len(encoded) % 4 or encoded.endswith(b"=") else 0)]
        if len(whole) >= _SHORTEST:
            yield whole
