"""What a stage of a build answered, as its result file says it; read leniently, for the report is made of any build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

T = TypeVar("T")


class StageOutcome(BaseModel):
    """The result document of one stage, and what the pipeline calls it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    stage: str = Field(description="Id of the stage, unique in the build.")
    title: str = Field(default="", description="The stage as people call it; empty: its id.")
    step: str = Field(default="", description="Name of its step; empty: its id.")
    status: str = Field(
        default="not_run", description="done, refused, failed, interrupted, waiting; not_run where it was not reached."
    )
    recalled: bool = Field(default=False, description="Whether nothing was done, for it had been done before.")
    key: str = Field(default="", description="Content key.")
    exit_code: int = Field(default=0, description="Exit code of its process.")
    error: str = Field(default="", description="Why it was refused, failed or was interrupted.")
    seconds: float | None = Field(default=None, description="How long it took, waiting included, where that is known.")
    result: Mapping[str, Any] = Field(default={}, description="What the step answered.")

    @property
    def name(self) -> str:
        """The stage as people call it."""
        return self.title or self.stage

    @property
    def step_name(self) -> str:
        """The step that the stage runs."""
        return self.step or self.stage


def read(document: Mapping[str, Any], field: str, kind: type[T]) -> T | None:
    """One field of a result in its own type; None where it is absent or something else.

    A report of what can be understood is better than none: a result may come from a newer or an older step.
    """
    try:
        return TypeAdapter(kind).validate_json(_json(document[field]))
    except (KeyError, ValidationError):
        return None


def text(document: Mapping[str, Any], field: str) -> str:
    """One field of a result as text; empty where it is absent or no text."""
    value = document.get(field)
    return value if isinstance(value, str) else ""


def _json(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()
