"""Log lines from a container's raw output, in bounded memory whatever it writes."""

from __future__ import annotations

LONGEST = 256 * 1024 - 26
"""Bytes in one line before it is cut: the most that one CloudWatch Logs event can hold (PutLogEvents)."""


class LineSplitter:
    """Cuts a stream of bytes into lines of text; bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that ``data`` completes."""
        *lines, rest = (self._rest + data).split(b"\n")
        *cut, self._rest = self._pieces(rest)
        return [piece.decode("utf-8", "replace") for line in lines for piece in self._pieces(_bare(line))] + [
            piece.decode("utf-8", "replace") for piece in cut
        ]

    def end(self) -> list[str]:
        """The last line, where it had no line end."""
        rest, self._rest = self._rest, b""
        return [_bare(rest).decode("utf-8", "replace")] if rest else []

    def _pieces(self, line: bytes) -> list[bytes]:
        """``line`` in pieces that fit, never cut within a character."""
        pieces = []
        while len(line) > self._longest:
            cut = self._longest
            while cut > self._longest - 4 and line[cut] & 0xC0 == 0x80:
                cut -= 1
            pieces.append(line[:cut])
            line = line[cut:]
        return [*pieces, line]


def _bare(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b"\r") else line
