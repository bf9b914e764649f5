"""What earlier stages answered, for a run that begins in the middle: recalled, never done anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.runner import recall, run_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.pipeline.stages import Stage
    from agent.pipeline.wiring import Wiring
    from agent.step import StepModel


class Earlier:
    """Answers by a stage's name; a result that nobody asks for is not looked up.

    Steps that only read are run, for they leave no trace that could be recalled.
    """

    def __init__(self, wiring: Wiring, context: Context, stages: Sequence[Stage]) -> None:
        self._wiring = replace(wiring, earlier=self)
        self._context = context
        self._stages = {stage.name: stage for stage in stages}
        self._found: dict[str, StepModel] = {}

    def __call__(self, name: str) -> StepModel:
        """The result; UsageError where the step is not done for what is configured now."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> StepModel:
        if name not in self._stages:
            raise UsageError(f"this needs the result of {name}, which is no stage of this build")
        stage = self._stages[name]
        inputs = stage.wire(self._wiring)
        if inputs is None:
            raise UsageError(f"the configuration has nothing for the step {name} to do, but its result is needed")
        if stage.step.effect == "read":
            answer: StepModel = run_step(stage.step, inputs, self._context).result
            return answer
        found: StepModel | None = recall(stage.step, inputs, self._context)
        if found is None:
            raise UsageError(
                f"the step {name} is not done for what is configured now; begin there: modelyard run --from {name}"
            )
        return found
