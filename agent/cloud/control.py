"""The cloud's own small interface under ``/_modelyard/``: status, reset, faults, clock, advisories, what was asked."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from agent.cloud.advisories import Advisories
from agent.cloud.faults import Fault
from agent.cloud.gateway import CONTROL
from agent.cloud.holds import Watch
from agent.cloud.wire import Request, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agent.cloud.calls import CallLog
    from agent.cloud.decisions import DecisionLog
    from agent.cloud.holds import Holds
    from agent.cloud.platform import Platform

Members = dict[str, Any]
_HOUSEKEEPING = frozenset({"alarms", "endpoint metrics"})
"""Tasks that are no customer's job or endpoint."""
TOKEN_HEADER = "x-modelyard-token"  # noqa: S105 - a header's name, not a secret


class Logs(NamedTuple):
    """What the cloud remembers of what it was asked."""

    calls: CallLog
    decisions: DecisionLog


class Control:
    """Answers to whoever holds the token that the cloud wrote into its state folder."""

    def __init__(
        self,
        platform: Platform,
        logs: Logs,
        token: str,
        reset: Callable[[], Awaitable[None]],
        keep_clock: Callable[[], None],
        *,
        holds: Holds,
        advise: Callable[[Advisories], None],
    ) -> None:
        self._platform = platform
        self._advise = advise
        self._logs = logs
        self._holds = holds
        self._token = token
        self._reset_everything = reset
        self._keep_clock = keep_clock
        self._actions: Mapping[str, Callable[[Members], Awaitable[Members]]] = {
            "status": self._status,
            "reset": self._reset,
            "faults/add": self._add_fault,
            "faults/list": self._list_faults,
            "faults/remove": self._remove_fault,
            "faults/clear": self._clear_faults,
            "clock": self._show_clock,
            "clock/advance": self._advance,
            "clock/rate": self._rate,
            "calls": self._list_calls,
            "holds/watch": self._watch,
            "holds/end": self._end_watch,
            "holds/next": self._next_held,
            "decisions": self._list_decisions,
            "advisories": self._set_advisories,
        }

    async def respond(self, request: Request) -> Response:
        """One request to the control interface; 403 without the token, 404 for an unknown path."""
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, ""), self._token):
            return _json(403, {"error": "the token of this cloud is needed"})
        action = self._actions.get(request.path.removeprefix(CONTROL))
        if action is None:
            return _json(404, {"error": f"no such control: {request.path}"})
        try:
            return _json(200, await action(json.loads(request.body or b"{}")))
        except (ValidationError, ValueError, KeyError) as error:
            return _json(400, {"error": str(error)})

    async def _status(self, _members: Members) -> Members:
        return {
            "endpoint": self._platform.endpoint,
            "state": str(self._platform.state),
            "clock": self._clock(),
            "isolation": self._platform.runtime.isolation,
            "running": sorted({task.get_name() for task in self._platform.tasks} - _HOUSEKEEPING),
        }

    async def _reset(self, _members: Members) -> Members:
        await self._reset_everything()
        return {}

    async def _add_fault(self, members: Members) -> Members:
        return {"number": self._platform.faults.add(Fault.model_validate(members))}

    async def _list_faults(self, _members: Members) -> Members:
        return {"faults": {str(n): _plain(fault) for n, fault in self._platform.faults.listed().items()}}

    async def _remove_fault(self, members: Members) -> Members:
        return {"removed": self._platform.faults.remove(int(members["number"]))}

    async def _clear_faults(self, _members: Members) -> Members:
        self._platform.faults.clear()
        return {}

    async def _show_clock(self, _members: Members) -> Members:
        return self._clock()

    async def _advance(self, members: Members) -> Members:
        await self._platform.clock.pass_time(float(members["seconds"]))
        self._keep_clock()
        return self._clock()

    async def _rate(self, members: Members) -> Members:
        self._platform.clock.set_rate(float(members["rate"]))
        self._keep_clock()
        return self._clock()

    async def _list_calls(self, members: Members) -> Members:
        return {"calls": [_plain(call) for call in self._logs.calls.since(int(members.get("since", 0)))]}

    async def _list_decisions(self, members: Members) -> Members:
        return {"decisions": [_plain(made) for made in self._logs.decisions.since(int(members.get("since", 0)))]}

    async def _set_advisories(self, members: Members) -> Members:
        self._advise(Advisories.model_validate(members))
        return {}

    async def _watch(self, members: Members) -> Members:
        self._holds.watch(Watch.model_validate(members))
        return {}

    async def _end_watch(self, _members: Members) -> Members:
        self._holds.watch(None)
        return {}

    async def _next_held(self, members: Members) -> Members:
        """The next one that waits, after deciding about the last one: one request for each that is held."""
        if "decided" in members:
            self._holds.decide(int(members["decided"]), goes_on=bool(members["goes_on"]))
        held = await self._holds.next(float(members["seconds"]))
        return {"held": None if held is None else held.model_dump()}

    def _clock(self) -> Members:
        clock = self._platform.clock
        return {"now": clock.now().isoformat(), "rate": clock.rate, "offset": clock.offset}


def _plain(model: BaseModel) -> Members:
    return model.model_dump(mode="json")


def _json(status: int, members: Members) -> Response:
    return Response(status=status, headers=[(b"content-type", b"application/json")], body=json.dumps(members).encode())
