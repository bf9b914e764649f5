"""A build as Jenkins runs it: a process for each visit of a step, on whichever agent is free, values in files."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.e2e.agents import Agent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.world import World

_NAP_SECONDS = 0.3
"""Instead of what a visit asks for, which is at least ten times as long."""


@dataclass(kw_only=True)
class Build:
    """One build: what its steps answered so far, and the agents that take turns.

    ``run`` is what its requests say of it, ``said`` what people read of all visits.
    """

    agents: Iterator[World]
    folder: Path
    run: dict[str, Any]
    settings: tuple[str, ...] = ()
    results: dict[str, Any] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def visit(self, name: str, *, exits: int = 0, wait_seconds: int | None = 0, **changes: object) -> dict[str, Any]:
        """One visit of a step; what its result file says."""
        request, result = self.files(name, wait_seconds=wait_seconds, **changes)
        ended = next(self.agents).modelyard(
            "step", name, "--request", str(request), "--result", str(result), exits=exits
        )
        self.said += ended.stderr.splitlines()
        return self.read(name, result)

    def step(self, name: str, *, between: Callable[[], object] = lambda: None, **changes: Any) -> dict[str, Any]:
        """A step by as many visits as it takes; ``between`` is called in each nap."""
        while (answer := self.visit(name, **changes))["status"] == "waiting":
            between()
            time.sleep(_NAP_SECONDS)
        return answer

    def begin(self, name: str, world: World, **changes: object) -> Agent:
        """An agent in the middle of a visit."""
        request, result = self.files(name, **changes)
        return Agent(world, "step", name, "--request", str(request), "--result", str(result))

    def files(self, name: str, **changes: object) -> tuple[Path, Path]:
        """A request, and where its result is to be."""
        document = {
            "contract": 1,
            "step": name,
            "run": self.run,
            "settings": self.settings,
            "results": self.results,
            "state": self.states.get(name, {}),
            **changes,
        }
        request, result = self.folder / f"{name}.request.json", self.folder / f"{name}.result.json"
        request.write_text(json.dumps(document))
        return request, result

    def read(self, name: str, result: Path) -> dict[str, Any]:
        """What a visit answered, for the next visit or step to build on."""
        answer: dict[str, Any] = json.loads(result.read_text())
        if answer["status"] == "waiting":
            self.states[name] = answer["state"]
        elif answer["exit_code"] == 0:
            self.results[name] = answer["result"]
        return answer

    def told(self, line: str) -> int:
        """How often people read a line of a job's log."""
        return self.said.count(f"│ {line}")
