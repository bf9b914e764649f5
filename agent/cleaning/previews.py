"""Which endpoints of pull requests can go: their time is over, or what belonged to one has been left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from agent import naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from agent.ports.endpoints import Endpoints, Request

_GRACE = timedelta(hours=1)
"""How old a configuration or a model is at least before nothing can be on its way to use it."""
_PROJECT, _PULL_REQUEST, _EXPIRES = naming.tag("project"), naming.tag("pull_request"), naming.tag("expires")


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """Something in an environment's account that can go, and why."""

    kind: Literal["endpoint", "endpoint-config", "model"]
    name: str
    pull_request: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """A look for what can go beside the endpoint called ``endpoint``.

    A name alone proves nothing: only what carries the project's tags is touched. An endpoint that is being changed
    stays until it has come to rest.
    """

    endpoints: Endpoints
    project: str
    endpoint: str
    now: datetime

    def found(self) -> tuple[Leftover, ...]:
        """Everything, in the order in which it can be deleted."""
        over: list[Leftover] = []
        used, going = set[str](), set[str]()
        for name in self.endpoints.names(naming.previews(self.endpoint)):
            number, state = naming.previewed(name, self.endpoint), self.endpoints.describe(name)
            if number is None or state is None:
                continue
            reason = self._over(self.endpoints.tags(state.arn)) if state.steady else ""
            (going if reason else used).update({state.config, state.target})
            if reason:
                over.append(Leftover(kind="endpoint", name=name, pull_request=number, reason=reason))
        return (*over, *self._configs(used, going - used), *self._models(used, going - used))

    def _over(self, tags: Mapping[str, str]) -> str:
        """Why an endpoint can go; empty where it stays, or is none of ours."""
        if not self._ours(tags):
            return ""
        expires = naming.tagged_time(tags.get(_EXPIRES, ""))
        if expires is None:
            return "does not say when it expires"
        return f"expired at {naming.time_in_tag(expires)}" if expires <= self.now else ""

    def _configs(self, used: set[str], going: set[str]) -> Iterator[Leftover]:
        for name in self.endpoints.configs(naming.previews(self.project)):
            described = None if name in used else self.endpoints.describe_config(name)
            if described and self._unused(name, described, str(described["EndpointConfigArn"]), going):
                yield self._leftover("endpoint-config", name)

    def _models(self, used: set[str], going: set[str]) -> Iterator[Leftover]:
        for name in self.endpoints.models(naming.previews(self.project)):
            described = None if name in used else self.endpoints.describe_model(name)
            if described and self._unused(name, described, str(described["ModelArn"]), going):
                yield self._leftover("model", name)

    def _unused(self, name: str, described: Request, arn: str, going: set[str]) -> bool:
        """Whether it goes with its endpoint, or has been there for so long that no build is about to use it."""
        if naming.previewed(name, self.project) is None:
            return False
        old = name in going or described["CreationTime"] <= self.now - _GRACE
        return old and self._ours(self.endpoints.tags(arn))

    def _ours(self, tags: Mapping[str, str]) -> bool:
        return tags.get(_PROJECT) == self.project and _PULL_REQUEST in tags

    def _leftover(self, kind: Literal["endpoint-config", "model"], name: str) -> Leftover:
        number = naming.previewed(name, self.project)
        assert number is not None  # _unused has seen to that
        return Leftover(kind=kind, name=name, pull_request=number, reason="no endpoint uses it")


def remove(found: Iterable[Leftover], endpoints: Endpoints) -> None:
    """Delete them, in order."""
    how = {"endpoint": endpoints.delete, "endpoint-config": endpoints.delete_config, "model": endpoints.delete_model}
    for leftover in found:
        how[leftover.kind](leftover.name)
