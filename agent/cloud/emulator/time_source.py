"""The cloud's clock inside MiniStack's modules, so that sessions expire and metrics age when a test advances it.

Signatures, also those in presigned addresses, are still checked against real time, because clients sign with theirs.
"""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.cloud.clock import Clock

_MODULES = (
    "ministack.services.cloudwatch",
    "ministack.services.cloudwatch_logs",
    "ministack.services.ecr",
    "ministack.services.iam",
    "ministack.services.kms",
    "ministack.services.secretsmanager",
    "ministack.services.sts",
)


class CloudTime:
    """Stands where a module expects the standard library's ``time``."""

    def __init__(self, clock: Clock) -> None:
        self.time = clock.time

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def install(clock: Clock) -> None:
    """Let MiniStack's services tell the time of ``clock``."""
    for name in _MODULES:
        importlib.import_module(name).time = CloudTime(clock)  # type: ignore[attr-defined]
