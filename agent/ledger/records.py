"""The ledger's documents: what a step's record says, in the form that it is kept in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


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
