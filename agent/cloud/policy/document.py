"""Policy documents read once: every request is judged by policies, so their text is parsed only when it is new."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from agent.cloud.policy.conditions import Condition, parse_conditions
from agent.cloud.policy.principals import Match, Principal, PrincipalElement, parse_principals
from agent.cloud.policy.wildcards import Keys, any_matches

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked: an action (``s3:GetObject``) on a resource's ARN (or ``*``), by whom, with which keys."""

    principal: Principal
    action: str
    resource: str
    keys: Keys


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; the ``not_…`` members exclude where the others include."""

    allows: bool
    sid: str = ""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: PrincipalElement | None = None
    not_principals: PrincipalElement | None = None
    conditions: tuple[Condition, ...] = ()

    def applies(self, request: Request) -> bool:
        """Whether action, resource and conditions fit; whom the statement names is another question."""
        return (
            self._has_action(request)
            and self._has_resource(request)
            and all(condition.met(request.keys) for condition in self.conditions)
        )

    def names(self, principal: Principal) -> Match:
        """How the statement names a principal; one without a ``Principal`` names nobody."""
        if self.not_principals is not None:
            return Match.NONE if self.not_principals.match(principal) >= Match.ROLE else Match.ROLE
        return self.principals.match(principal) if self.principals else Match.NONE

    def _has_action(self, request: Request) -> bool:
        if self.not_actions:
            return not any_matches(request.keys, request.action, self.not_actions, ignore_case=True)
        return any_matches(request.keys, request.action, self.actions, ignore_case=True)

    def _has_resource(self, request: Request) -> bool:
        """A trust policy has no resource, for it belongs to one."""
        if self.not_resources:
            return not any_matches(request.keys, request.resource, self.not_resources)
        return not self.resources or any_matches(request.keys, request.resource, self.resources)


Policy = tuple[Statement, ...]


def parse(document: str | Mapping[str, Any] | None) -> Policy:
    """The statements of a policy; nothing at all from what is no policy, so that it grants nothing."""
    if not document:
        return ()
    return _parsed(document if isinstance(document, str) else json.dumps(document))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Policy:
    try:
        document = json.loads(text)
    except ValueError:
        return ()
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    if isinstance(statements, dict):
        statements = [statements]
    return tuple(_statement(entry) for entry in statements if isinstance(entry, dict) and _has_effect(entry))


def _has_effect(entry: Mapping[str, Any]) -> bool:
    return entry.get("Effect") in {"Allow", "Deny"}


def _statement(entry: Mapping[str, Any]) -> Statement:
    return Statement(
        allows=entry["Effect"] == "Allow",
        sid=str(entry.get("Sid", "")),
        actions=_strings(entry.get("Action")),
        not_actions=_strings(entry.get("NotAction")),
        resources=_strings(entry.get("Resource")),
        not_resources=_strings(entry.get("NotResource")),
        principals=parse_principals(entry.get("Principal")),
        not_principals=parse_principals(entry.get("NotPrincipal")),
        conditions=parse_conditions(entry.get("Condition") or {}),
    )


def _strings(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)
