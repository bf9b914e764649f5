"""MiniStack's state on disk a moment after it changed; by itself it saves only when it is stopped in good order.

Objects of S3 and blobs of ECR are on disk already. What is left is small, and written whole for each service: soon
after a change, but never so often that it would take more than a twentieth of the time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

_SOON_SECONDS = 0.2
_SHARE = 20
_READING = ("Describe", "List", "Get", "Head", "Simulate", "Lookup", "Generate", "Decrypt", "Encrypt", "Verify", "Sign")

_PIECE_LEVELS = 7
_DEEP = 99
_CLOUDWATCH = {
    "metrics": 2,
    "alarms": _DEEP,
    "composite_alarms": _DEEP,
    "composite_triggers": _DEEP,
    "alarm_history": _DEEP,
    "dashboards": _DEEP,
    "resource_tags": _DEEP,
}
_LOGS = {
    "log_groups": 5,
    "destinations": _DEEP,
    "resource_policies": _DEEP,
    "log_group_policies": _DEEP,
    "metric_filters": _DEEP,
    "queries": _DEEP,
    "delivery_sources": _DEEP,
    "delivery_destinations": _DEEP,
    "deliveries": _DEEP,
}
"""Stores and how many levels of them are copied: points and events never change, and copying them holds up requests."""


class Persistence:
    """Which services have changed, and their files."""

    def __init__(self) -> None:
        from ministack import app
        from ministack.core import persistence
        from ministack.services import cloudwatch, cloudwatch_logs

        self._app = app
        self._format = persistence
        self._changed: set[str] = set()
        self._due: dict[str, float] = {}
        self._life = 0
        self._writing = threading.Lock()
        self._keys = {module: key for key, module in app._state_map.items()}
        cloudwatch.get_state = lambda: _state(cloudwatch, _CLOUDWATCH)
        # Pointers of log queries, which take twice the space of the logs themselves.
        cloudwatch_logs._log_records.__class__ = _forgetful(type(cloudwatch_logs._log_records))
        cloudwatch_logs.get_state = lambda: _state(cloudwatch_logs, _LOGS)

    def touch(self, service: str, action: str = "") -> None:
        """Note that a service (by SigV4 name) has served ``action`` (``s3:PutObject``), which may have changed it."""
        if action.rpartition(":")[2].startswith(_READING):
            return
        if service == "cloudformation":
            self._changed.update(self._app._build_persistence_save_dict())
            return
        entry = self._app.SERVICE_REGISTRY.get(service)
        if entry is not None:
            self._changed.add(self._keys[entry["module"]])

    async def keep(self) -> None:
        """Save what has changed, until cancelled."""
        while True:
            await asyncio.sleep(_SOON_SECONDS)
            for key in sorted(self._changed):
                if time.monotonic() >= self._due.get(key, 0.0):
                    self._changed.discard(key)
                    await self._try_to_save(key)

    def forget(self) -> None:
        """Save nothing of what is known now, not even what is being written."""
        with self._writing:
            self._life += 1
        self._changed.clear()

    async def _try_to_save(self, key: str) -> None:
        """One service that cannot be saved must not keep the others from it; it is tried again when it changes."""
        try:
            await self._save(key)
        except Exception:
            logger.exception("the state of %s could not be saved", key)

    async def _save(self, key: str) -> None:
        started = time.monotonic()
        get_state = self._app._build_persistence_save_dict().get(key)
        state = get_state() if get_state else None
        if state is not None:
            await asyncio.to_thread(self._write, key, state, self._life)
        self._due[key] = time.monotonic() + _SHARE * (time.monotonic() - started)

    def _write(self, key: str, state: Any, life: int) -> None:
        document = {"__ministack_format__": self._format._state_format_version(key), "payload": state}
        folder = Path(self._format.STATE_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{key}.new"
        with partial.open("w") as file:
            file.writelines(self._pieces(document, _PIECE_LEVELS))
        with self._writing:
            if life == self._life:
                partial.replace(folder / f"{key}.json")

    def _pieces(self, value: Any, levels: int) -> Iterator[str]:
        """JSON in pieces, between which other threads have their turn: the encoder itself never lets go."""
        if hasattr(value, "from_dict"):
            value = self._format._json_default(value)
        if levels == 0 or not isinstance(value, dict):
            yield json.dumps(value, default=self._format._json_default)
            return
        yield "{"
        for index, (key, item) in enumerate(value.items()):
            name = json.dumps(key if isinstance(key, str) else json.dumps(key))
            yield f"{', ' if index else ''}{name}: "
            yield from self._pieces(item, levels - 1)
        yield "}"


def _state(module: Any, levels: dict[str, int]) -> dict[str, Any]:
    return {name: _copied(getattr(module, f"_{name}"), depth) for name, depth in levels.items()}


def _copied(value: Any, levels: int) -> Any:
    if levels == 0:
        return value
    if isinstance(value, dict):
        return {key: _copied(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item, levels - 1) for item in value] if levels > 1 else list(value)
    if hasattr(value, "from_dict"):
        return value.from_dict(_copied(value.to_dict(), levels))
    return value


def _forgetful(store: type) -> type:
    class Forgetful(store):  # type: ignore[misc]
        """A store that keeps nothing."""

        __slots__ = ()

        def __setitem__(self, key: object, value: object) -> None:
            """Let it go."""

    return Forgetful
