"""Which steps there are: the files of ``pipeline_steps``, nothing is registered."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import pipeline_steps
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.step import Step


def step_names() -> tuple[str, ...]:
    """The names of all steps, in alphabetical order, without importing them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(pipeline_steps.__path__)))


def find_step(name: str) -> Step[Any, Any]:
    """The step of that name; UsageError with the known ones for any other."""
    if name not in step_names():
        raise UsageError(f"there is no step {name!r}; the steps are: {', '.join(step_names())}")
    step: Step[Any, Any] = importlib.import_module(f"pipeline_steps.{name}").STEP
    return step


def summary(name: str) -> str:
    """A step's first line of documentation."""
    document = importlib.import_module(f"pipeline_steps.{name}").__doc__ or ""
    return document.partition("\n")[0]
