"""Every request the cloud answered, so that a test can assert what was called, by whom and with what end."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable


class CallRecord(BaseModel):
    """One answered request; ``action`` is IAM's name for it, such as ``s3:PutObject``."""

    model_config = ConfigDict(frozen=True)

    number: int
    time: float
    action: str
    account: str
    access_key_id: str
    path: str
    status: int


class _Kept(NamedTuple):
    """A record as it is kept: a tenth of the memory, for its texts are shared with other calls'."""

    number: int
    time: float
    action: str
    account: str
    access_key_id: str
    path: str
    status: int


class CallLog:
    """The newest calls, oldest first; bounded so that a long-lived cloud stays small."""

    def __init__(self, keep: int = 100_000) -> None:
        self._calls: deque[_Kept] = deque(maxlen=keep)
        self._next = 1

    def record(self, *, time: float, action: str, account: str, access_key_id: str, path: str, status: int) -> None:
        """Append one answered request."""
        action, account, access_key_id, path = map(sys.intern, (action, account, access_key_id, path))
        self._calls.append(_Kept(self._next, time, action, account, access_key_id, path, status))
        self._next += 1

    def since(self, number: int = 0) -> Iterable[CallRecord]:
        """The calls after the one with that number."""
        return [CallRecord.model_validate(call._asdict()) for call in self._calls if call.number > number]
