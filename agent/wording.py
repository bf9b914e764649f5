"""Words that many messages are made of."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 gate``, ``2 gates``."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def shortened(text: str, longest: int) -> str:
    """A text of at most that many characters, the last of which tells where more was left out."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
