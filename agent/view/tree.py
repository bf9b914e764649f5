"""A run at a terminal: the tree of stages, which moves while they run and stays when they are done."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console as Terminal
from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from agent.pipeline.events import EventKind, Status
from agent.view.views import MARKS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import ConsoleRenderable, RenderableType

    from agent.pipeline.events import Event
    from agent.view.views import Shown

_STYLES = {"good": "green", "error": "bold red", "warning": "yellow", "faint": "dim", "strong": "bold"}
_LAST_LINES = 3


@dataclass
class _Branch:
    """What is known of one stage."""

    title: str
    began: float | None = None
    end: Event | None = None
    doing: str = ""
    told: list[tuple[str, str]] = field(default_factory=list)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))


class TreeView:
    """A :class:`agent.view.views.View` by rich; logs of jobs show their last lines while the job runs."""

    def __init__(self, stages: Sequence[Shown], terminal: Terminal | None = None) -> None:
        self._branches = {stage.name: _Branch(title=stage.title) for stage in stages}
        self._terminal = terminal or Terminal(stderr=True, highlight=False)
        self._spinner = Spinner("dots")
        self._lock = threading.Lock()

    def showing(self) -> Live:
        """See :class:`agent.view.views.View`."""
        return Live(get_renderable=self._render, console=self._terminal, refresh_per_second=8)

    def hear(self, event: Event) -> None:
        """See :class:`agent.view.views.View`."""
        with self._lock:
            branch = self._branches[event.stage]
            match event.kind:
                case EventKind.STARTED:
                    branch.began = time.monotonic()
                case EventKind.DOING:
                    branch.doing = event.text
                case EventKind.LOG:
                    branch.log.append(event.text)
                case EventKind.FACT:
                    branch.told.append((event.text, "dim"))
                case EventKind.WARNING:
                    branch.told.append((event.text, "yellow"))
                case EventKind.ENDED:
                    branch.end = event

    def _render(self) -> RenderableType:
        with self._lock:
            return Group(*(line for branch in self._branches.values() for line in self._lines(branch)))

    def _lines(self, branch: _Branch) -> Iterator[ConsoleRenderable]:
        if branch.end is not None:
            yield _ended(branch.title, branch.end)
        elif branch.began is not None:
            seconds = time.monotonic() - branch.began
            self._spinner.update(text="")
            mark = self._spinner.render(time.monotonic())
            yield Text.assemble(
                mark if isinstance(mark, Text) else "▸", " ", (branch.title, "bold"), f"  {seconds:.0f} s  ",
                (branch.doing, "dim"),
            )  # fmt: skip
            yield from (Text(f"    │ {line}", style="dim", overflow="ellipsis", no_wrap=True) for line in branch.log)
        else:
            yield Text(f"  {branch.title}", style="dim")
        yield from (Text(f"    {text}", style=style) for text, style in branch.told)


def _ended(title: str, end: Event) -> Text:
    status = end.status or Status.DONE
    mark, style = MARKS[status]
    said = WORDS.get(status, f"{end.seconds or 0:.1f} s")
    line = Text.assemble((mark, _STYLES[style]), " ", (title, "bold"), (f"  {said}", "dim"))
    if end.text and status is not Status.REFUSED:  # the verdicts below say it
        line.append(f"\n    {end.text}", style=_STYLES[style])
    return line
