"""What an agent writes, read off the cloud's log of calls: each write by its stage and its place there.

Nothing is listed by hand. Whatever an agent asks for that does not only look is a write, so that a new one is found.
"""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.cloud.calls import CallRecord

LOOKS = (
    "*:Get*", "*:List*", "*:Describe*", "*:Head*", "*:BatchGet*", "*:BatchCheck*", "*:Simulate*", "*:Assume*",
    "*:Invoke*", "*:HEAD", "*:GET",
)  # fmt: skip
"""Patterns of actions that change nothing."""
RUN = "of-the-walk"
BUILD = {"BUILD_TAG": RUN, "JOB_NAME": RUN}
"""What the build server tells the agent of itself."""
AGENTS = (f"*:assumed-role/*/{RUN}", "")
"""An agent's sessions carry its job's name; the registry's own protocol has no keys, and jobs do not speak it."""
_VARYING = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12}\b|pr-\d+|\b\d{6}\b")
_DATA = "data/"
_STEP = re.compile(r"/ledger/steps/(\w+)/")
_THROUGH_ENDPOINT = re.compile(r"/evaluations/[^/]+-check-(\w+)-[0-9a-f]{12}/")
_BESIDE = {"build_image"}
"""Runs beside another stage, and is known by what it writes."""


class Asked(Protocol):
    """A request, held or in the log."""

    @property
    def action(self) -> str: ...

    @property
    def path(self) -> str: ...


@dataclass(frozen=True, order=True, kw_only=True)
class Write:
    """One write: the ``nth`` of that action on that resource in its stage. Blobs of an image, which travel side by
    side, are one.
    """

    stage: str
    action: str
    resource: str
    nth: int

    @property
    def name(self) -> str:
        """How tests and tables name it."""
        return " ".join(part for part in (self.stage, self.action, self.resource, f"#{self.nth}") if part)


@dataclass
class Naming:
    """Names the writes of one command, in their order; only those that take effect count. At first they are its own."""

    _stage: str
    _seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def name(self, asked: Asked) -> Write:
        """The next write."""
        stage, resource = self._stage_of(asked), _resource(asked.path)
        place = (stage, asked.action, resource)
        self._seen[place] += 1
        nth = 1 if _to_registry(asked) else self._seen[place]
        return Write(stage=stage, action=asked.action, resource=resource, nth=nth)

    def _stage_of(self, asked: Asked) -> str:
        if _to_registry(asked) or "/ledger/sboms/" in asked.path:
            return "build_image"
        if "/checked/" in asked.path:
            return "check_endpoint"
        if evaluated := _THROUGH_ENDPOINT.search(asked.path):
            return f"check_{evaluated[1]}"
        if "/ledger/runs/" in asked.path or "/ledger/last-runs/" in asked.path:
            return "run"
        if self._stage == "run" and f"/{_DATA}" in asked.path:
            return "snapshot_data"  # goes on with what an earlier run has begun
        found = _STEP.search(asked.path)
        if found and found[1] not in _BESIDE:
            self._stage = found[1]
        return found[1] if found else self._stage


def _to_registry(asked: Asked) -> bool:
    """Whether it is said in the registry's own protocol."""
    return asked.action.startswith("ecr:") and asked.path.startswith("/v2/")


def _resource(path: str) -> str:
    bucket, _, key = path.removeprefix("/").partition("/")
    named = key if bucket.startswith("steered-") else path.removeprefix("/")
    return _VARYING.sub("…", named)


def is_write(call: CallRecord) -> bool:
    """Whether a call of the log is an agent's, and does more than look."""
    return _like(call.caller, AGENTS) and not _like(call.action, LOOKS)


def _like(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)


def named(command: str, calls: Iterable[Asked]) -> list[Write]:
    """The writes of one command, in their order."""
    naming = Naming(command)
    return [naming.name(call) for call in calls]


def in_order(writes: Iterable[Write]) -> list[Write]:
    """Writes by their stages: those of stages that run side by side interleave in another way each time."""
    known = list(writes)
    stages = dict.fromkeys(("snapshot_data", "build_image", *(write.stage for write in known)))
    return [write for stage in stages for write in known if write.stage == stage]
