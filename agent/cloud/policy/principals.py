"""Whom a policy speaks of: ``Principal`` and ``NotPrincipal`` of resource-based and trust policies.

Source: IAM user guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?")


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who makes a request.

    ``arn`` is what ``GetCallerIdentity`` answers; ``role`` is the ARN of the role behind a session; ``service`` is set
    for an AWS service acting on its own, ``provider`` for a web identity. Without any of them: anonymous.
    """

    arn: str = ""
    account: str = ""
    role: str | None = None
    service: str | None = None
    provider: str | None = None


class Match(IntEnum):
    """How a statement names a principal; the more exactly, the less else limits what it grants."""

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    EXACT = 3


@dataclass(frozen=True, kw_only=True)
class PrincipalElement:
    """The entries of a ``Principal`` or ``NotPrincipal`` by kind (``AWS``, ``Service``, ``Federated``)."""

    entries: Mapping[str, tuple[str, ...]]

    def match(self, principal: Principal) -> Match:
        """The closest match among the entries."""
        if principal.service:
            return self._match_name("Service", principal.service.lower())
        if principal.provider:
            return self._match_name("Federated", principal.provider)
        return max((_match_aws(entry, principal) for entry in self.entries.get("AWS", ())), default=Match.NONE)

    def _match_name(self, kind: str, name: str) -> Match:
        entries = self.entries.get(kind, ())
        if name in entries:
            return Match.EXACT
        return Match.ROLE if "*" in entries else Match.NONE


def parse_principals(element: Any) -> PrincipalElement | None:
    """The element of a statement; None for a statement without one."""
    if element is None:
        return None
    if not isinstance(element, Mapping):
        element = {"AWS": element, "Service": element, "Federated": element}
    return PrincipalElement(
        entries={kind: tuple(entry if isinstance(entry, list) else [entry]) for kind, entry in element.items()}
    )


def _match_aws(entry: str, principal: Principal) -> Match:
    if entry == "*":
        return Match.ROLE
    account = _ACCOUNT.fullmatch(entry)
    if account:
        return Match.ACCOUNT if account[1] == principal.account else Match.NONE
    if principal.arn and entry == principal.arn:
        return Match.EXACT
    return Match.ROLE if principal.role and entry == principal.role else Match.NONE
