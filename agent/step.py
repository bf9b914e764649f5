"""What a step is: typed inputs, a content key, a plan, and a function that does the work and answers a typed result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.context import Context

Inputs = TypeVar("Inputs", bound="StepModel")
Result = TypeVar("Result", bound="StepModel")

_UNKEYED: dict[str, JsonValue] = {"keyed": False}


class StepModel(BaseModel):
    """What goes into a step or comes out of it: frozen, and JSON on its way through files."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @property
    def refusal(self) -> str | None:
        """Why the pipeline ends here as *refused*, if it does: a verdict about the model, not an error."""
        return None


def unkeyed(*, description: str, **options: Any) -> Any:
    """A field that changes how a step works but not what comes out, so that it is no part of the content key."""
    return Field(description=description, json_schema_extra=_UNKEYED, **options)


@dataclass(frozen=True, kw_only=True)
class Action:
    """One write that a plan foresees: the IAM action, on what, in which account, and the request as AWS gets it."""

    operation: str
    resource: str
    account: str
    note: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Step(Generic[Inputs, Result]):
    """A step of the pipeline; its name is its module's, its help the first line of that module.

    ``account`` says where it acts, ``effect`` whether it writes there; a step that writes has a ``plan`` of it, which
    ``--dry-run`` prints. ``recall`` answers what is already there without writing, for steps whose state is not the
    ledger's; any other step that writes is recalled from the ledger by its content key, unless not ``cached``. A
    ``revision`` is raised when the same inputs come to mean something else. ``lasts`` says of a result in the ledger
    whether what it names is still there; where others have removed that, the work is done anew, and its record counts.

    ``leave`` puts in order what an interrupted run has under way between two visits: the clock has been told to end, so
    that it starts nothing, and ends as an interrupted ``run`` does. Every step that waits by ``visit.rest`` has one.
    """

    inputs: type[Inputs]
    result: type[Result]
    run: Callable[[Inputs, Context], Result]
    account: Literal["none", "tools", "environment"]
    effect: Literal["read", "write"]
    plan: Callable[[Inputs, Context], Sequence[Action]] | None = None
    recall: Callable[[Inputs, Context], Result | None] | None = None
    leave: Callable[[Inputs, Context], object] | None = None
    lasts: Callable[[Result, Context], bool] | None = None
    cached: bool = True
    revision: int = 1

    def __post_init__(self) -> None:
        if (self.effect == "write") != (self.plan is not None):
            raise TypeError("a step that writes has a plan, any other has none")

    @property
    def kept(self) -> bool:
        """Whether the ledger keeps the result; what only reads is done anew, and leaves no trace."""
        return self.cached and self.effect == "write"

    @property
    def name(self) -> str:
        """The module's own name, such as ``train``."""
        return self.run.__module__.rpartition(".")[2]

    def key(self, inputs: Inputs) -> str:
        """The content key: sha256 over everything that the result depends on, in hexadecimal.

        Defaults are left out, so that a field added later with a default leaves old keys as they are.
        """
        left_out = {name for name, known in self.inputs.model_fields.items() if known.json_schema_extra == _UNKEYED}
        content = inputs.model_dump(mode="json", exclude=left_out, exclude_defaults=True)
        return digest({"step": self.name, "revision": self.revision, "inputs": content})


def canonical(value: Mapping[str, Any]) -> bytes:
    """A JSON document as the same bytes wherever it is written: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Mapping[str, Any]) -> str:
    """The sha256 of a JSON document's canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
