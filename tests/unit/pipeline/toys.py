"""A pipeline of toy steps: each says that it ran, and answers, refuses, fails or waits as a test wants it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import Field

from agent.pipeline.stages import Stage
from agent.step import Action, Step, StepModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.context import Context
    from agent.pipeline.events import Event


class ToyInputs(StepModel):
    """What a toy gets."""

    word: str = Field(description="Any word.")


class ToyResult(StepModel):
    """What a toy answers."""

    said: str = Field(description="The word again.")

    @property
    def refusal(self) -> str | None:
        """The toys' gate."""
        return "not good enough" if self.said == "bad" else None


@dataclass
class Toys:
    """Makes stages, and remembers which ran."""

    ran: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stage(
        self,
        name: str,
        *,
        needs: tuple[str, ...] = (),
        word: str = "good",
        work: Callable[[Context], None] | None = None,
        writes: bool = True,
        skipped: bool = False,
        guard: bool = False,
    ) -> Stage:
        def run(inputs: ToyInputs, context: Context) -> ToyResult:
            with self.lock:
                self.ran.append(name)
            if work is not None:
                work(context)
            return ToyResult(said=inputs.word)

        def plan(inputs: ToyInputs, context: Context) -> list[Action]:
            return [Action(operation="toy:Say", resource=inputs.word, account="111111111111")]

        run.__module__ = f"toys.{name}"
        step: Step[Any, Any] = Step(
            inputs=ToyInputs,
            result=ToyResult,
            run=run,
            plan=plan if writes else None,
            account="tools",
            effect="write" if writes else "read",
        )
        inputs = None if skipped else ToyInputs(word=word)
        return Stage(title=name.capitalize(), step=step, wire=lambda _wiring: inputs, needs=needs, guard=guard)


@dataclass
class Ear:
    """A listener that remembers."""

    heard: list[Event] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        self.heard.append(event)
