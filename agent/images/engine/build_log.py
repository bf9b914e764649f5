"""A build's messages, as they come, turned into what people follow and into how the build ended."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.images.engine.api import Message
    from agent.ports.reporter import Reporter

_STEP = re.compile(r"(?:\[\d+/\d+\] )?STEP (\d+)(?:/(\d+))? ?: (.*)", re.IGNORECASE | re.DOTALL)
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NEWLINE = re.compile(r"\r\n|\n|\r")
_BUILT = re.compile(r"Successfully built ([0-9a-f]{12,64})")
_NOISE = re.compile(
    r" ?---> (?:[0-9a-f]{12}|Running in [0-9a-f]{12})|Removing intermediate container [0-9a-f]+"  # docker
    r"|--> [0-9a-f]+|COMMIT.*|[0-9a-f]{64}"  # podman
    r"|"
)
_CACHED = re.compile(r" ---> Using cache|--> Using cache .*")
_KEPT_LINES = 20


@dataclass(frozen=True, kw_only=True)
class BuildStep:
    """A step as the engine names it: ``text`` is the instruction."""

    number: int
    text: str

    @property
    def keyword(self) -> str:
        """The instruction's name in capitals."""
        return self.text.partition(" ")[0].upper()


class BuildLog:
    """Hears the messages of one build; ``clean`` takes secrets out of what is shown.

    It knows the present ``step``, how many were ``cached``, and at last the ``image``.
    """

    def __init__(self, report: Reporter, clean: Callable[[str], str]) -> None:
        self._report = report
        self._clean = clean
        self._pending = ""
        self._kept: deque[str] = deque(maxlen=_KEPT_LINES)
        self.step: BuildStep | None = None
        self.image: str | None = None
        self.cached = 0

    def hear(self, message: Message) -> str | None:
        """Take one message; the engine's words where the build has failed."""
        if "stream" in message:
            for line in self._lines(str(message["stream"])):
                self._line(line)
        elif "aux" in message:
            self.image = message["aux"].get("ID") or self.image
        elif "status" in message:
            self._report.doing(f"pulling the base image: {message['status']} {message.get('id', '')}".rstrip())
        failure = (message.get("errorDetail") or {}).get("message") or message.get("error")
        return None if failure is None else self._clean(str(failure))

    def finish(self) -> None:
        """The stream has ended: what was no whole line is one."""
        if self._pending:
            self._line(self._pending)
        self._pending = ""

    @property
    def last_lines(self) -> Sequence[str]:
        """The last lines of output of the present step."""
        return tuple(self._kept)

    def _lines(self, text: str) -> Iterator[str]:
        """Whole lines: output arrives as the program wrote it, in pieces of any size."""
        *lines, self._pending = _NEWLINE.split(_COLOURS.sub("", self._pending + text))
        if _STEP.fullmatch(self._pending):
            lines, self._pending = [*lines, self._pending], ""
        yield from lines

    def _line(self, line: str) -> None:
        line = line.rstrip()
        if step := _STEP.fullmatch(line):
            self.step = BuildStep(number=int(step[1]), text=step[3].strip())
            self._kept.clear()
            self._report.doing(line)
        elif built := _BUILT.fullmatch(line):
            self.image = self.image or built[1]
        elif _CACHED.fullmatch(line):
            self.cached += 1
        elif not _NOISE.fullmatch(line):
            shown = self._clean(line)
            self._kept.append(shown)
            self._report.log(shown)
