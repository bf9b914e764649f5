"""A container's stdout and stderr out of the one stream in which an engine sends both.

Each piece comes behind eight bytes: 1 for stdout or 2 for stderr, three zeros, and its length (Docker Engine API,
"Attach to a container").
"""

from __future__ import annotations

from agent.runtime.lines import LineSplitter

_HEADER = 8


class FrameReader:
    """Turns the stream's bytes into lines of text; half a line of stdout is not torn by one of stderr."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: dict[int, LineSplitter] = {}

    def feed(self, data: bytes) -> list[str]:
        """The lines that ``data`` completes."""
        data = self._rest + data
        found: list[str] = []
        start = 0
        while len(data) >= (content := start + _HEADER):
            end = content + int.from_bytes(data[start + 4 : content], "big")
            if len(data) < end:
                break
            found += self._lines.setdefault(data[start], LineSplitter()).feed(data[content:end])
            start = end
        self._rest = data[start:]
        return found

    def end(self) -> list[str]:
        """The last lines, where they had no line ends."""
        return [line for _, splitter in sorted(self._lines.items()) for line in splitter.end()]
