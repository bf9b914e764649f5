"""Faults on request: what AWS does to its clients on a bad day, switched on by operation, account and count."""

from __future__ import annotations

import fnmatch
import itertools
import math
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Collection


class FaultKind(StrEnum):
    """What goes wrong. The first group hits a request, the second a job or an endpoint while it runs."""

    THROTTLING = "throttling"
    LIMIT = "limit"
    INTERNAL = "internal"
    SLOW = "slow"
    CUT = "cut"
    EXPIRED_TOKEN = "expired-token"  # noqa: S105 - the name of a fault, not a secret

    CAPACITY = "capacity"
    JOB_FAILURE = "job-failure"
    INTERRUPTION = "interruption"
    UNHEALTHY = "unhealthy"


REQUEST_FAULTS = frozenset(
    {
        FaultKind.THROTTLING,
        FaultKind.LIMIT,
        FaultKind.INTERNAL,
        FaultKind.SLOW,
        FaultKind.CUT,
        FaultKind.EXPIRED_TOKEN,
    }
)


class Fault(BaseModel):
    """One fault: it strikes the next ``count`` matches, then is gone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    operation: str = Field(default="*", description="pattern of action names, such as sagemaker:Create*")
    account: str = Field(default="*", description="account id, or * for every account")
    resource: str = Field(default="*", description="pattern of job or endpoint names")
    count: int = Field(default=1, ge=1, description="how often it strikes")
    seconds: float = Field(default=0, ge=0, description="slow: the delay; job faults: the running time at which")

    def matches(self, operation: str, account: str, resource: str = "") -> bool:
        """Whether this fault strikes such a request or run."""
        return (
            fnmatch.fnmatchcase(operation, self.operation)
            and self.account in {"*", account}
            and fnmatch.fnmatchcase(resource, self.resource)
        )


class Faults:
    """The faults in force, each with a number by which it can be removed."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._faults: dict[int, Fault] = {}

    def add(self, fault: Fault) -> int:
        """Switch a fault on and answer its number."""
        number = next(self._numbers)
        self._faults[number] = fault
        return number

    def remove(self, number: int) -> bool:
        """Switch a fault off; whether it was on."""
        return self._faults.pop(number, None) is not None

    def clear(self) -> None:
        """Switch every fault off."""
        self._faults.clear()

    def listed(self) -> dict[int, Fault]:
        """The faults in force with what is left of their counts."""
        return dict(self._faults)

    def take(
        self,
        kinds: Collection[FaultKind],
        operation: str,
        account: str,
        resource: str = "",
        *,
        elapsed: float = math.inf,
    ) -> Fault | None:
        """The first fault of ``kinds`` that strikes here, counted down; None when all is well.

        What has run for ``elapsed`` seconds is not struck by a fault that is due later.
        """
        for number, fault in self._faults.items():
            if fault.kind in kinds and fault.seconds <= elapsed and fault.matches(operation, account, resource):
                if fault.count == 1:
                    del self._faults[number]
                else:
                    self._faults[number] = fault.model_copy(update={"count": fault.count - 1})
                return fault
        return None
