"""Every request the cloud answered, so that a test can assert what was called, by whom and with what end."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable


class CallRecord(BaseModel):
    """One answered request; ``action`` is IAM's name for it, such as ``s3:PutObject``.

    ``caller`` is the ARN behind the access key, of a role's session as well; empty where there is no key or none known.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    time: float
    action: str
    account: str
    access_key_id: str
    caller: str
    path: str
    status: int

    @property
    def done(self) -> bool:
        """Whether it was answered well; what was cut off has the status 0."""
        return 200 <= self.status < 300


class _Kept(NamedTuple):
    """A record as it is kept: a tenth of the memory, for its texts are shared with other calls'."""

    number: int
    time: float
    action: str
    account: str
    access_key_id: str
    caller: str
    path: str
    status: int


class CallLog:
    """The newest calls, oldest first; bounded so that a long-lived cloud stays small."""

    def __init__(self, keep: int = 100_000) -> None:
        self._calls: deque[_Kept] = deque(maxlen=keep)
        self._next = 1

    def record(
        self, *, time: float, action: str, account: str, access_key_id: str, caller: str, path: str, status: int
    ) -> None:
        """Append one answered request."""
        kept = _Kept(
            number=self._next,
            time=time,
            action=sys.intern(action),
            account=sys.intern(account),
            access_key_id=sys.intern(access_key_id),
            caller=sys.intern(caller),
            path=sys.intern(path),
            status=status,
        )
        self._calls.append(kept)
        self._next += 1

    def since(self, number: int = 0) -> Iterable[CallRecord]:
        """The calls after the one with that number."""
        return [CallRecord.model_validate(call._asdict()) for call in self._calls if call.number > number]
