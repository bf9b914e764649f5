"""What registries hold as signatures of images, before anybody has believed it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Something that is said to be a signature of an image.

    ``signed`` are the bytes that the ``signature`` is of, and ``images`` the digests that they speak of. Where there is
    a ``trouble``, it is nothing that could be verified.
    """

    signed: bytes = b""
    signature: bytes = b""
    images: tuple[str, ...] = ()
    trouble: str = ""
