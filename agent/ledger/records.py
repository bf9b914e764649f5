"""The ledger's documents: what a step's record says, in the form that it is kept in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import DamagedError

Kept = TypeVar("Kept", bound=BaseModel)


def parsed(body: bytes, kind: type[Kept], uri: str) -> Kept:
    """The document that an object holds; DamagedError where it holds something else."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        why = f"{place}: {first['msg']}" if place else first["msg"]
        raise DamagedError(uri, expected=f"a document {kind.__name__} in JSON", why=why) from error


class Record(BaseModel):
    """A document of the ledger: frozen, and read leniently, for a newer modelyard may have written more into it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StepRecord(Record):
    """A step that is done: written once for each content key, and answered from then on."""

    step: str
    key: str
    run: str
    who: str
    build_url: str = ""
    inputs: Mapping[str, Any]
    result: Mapping[str, Any]
    started: datetime
    ended: datetime

    @property
    def name(self) -> str:
        """Where the ledger has it."""
        return record_name(self.step, self.key)


def record_name(step: str, key: str) -> str:
    """Where the ledger has the record of a step that is done."""
    return f"steps/{step}/{key}/done.json"


class Attempt(Record):
    """One run's attempt at a step; *running* may also mean that its agent was lost."""

    step: str
    key: str
    run: str
    who: str
    build_url: str = ""
    status: Literal["running", "done", "failed", "interrupted"]
    started: datetime
    ended: datetime | None = None
    exit_code: int | None = None
    error: str = ""
