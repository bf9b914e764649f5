"""Which action a request asks for, told only when MiniStack's check and its handler cannot read it differently.

MiniStack checks the ``Action`` of the query string but does that of the body, checks ``X-Amz-Target`` or ``Action``
even where its S3 would never look, and lets everything pass that it finds no action for. Here what is ambiguous or
unknown is an action that nobody is ever allowed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FORBIDDEN = "(unclear)"
_OPERATION_PATH = re.compile(r"/operation/([^/?]+)")
_OF_UPLOADS = frozenset({"uploads", "uploadId", "restore"})


class RequestActions:
    """MiniStack's reading of actions, made strict."""

    def __init__(self) -> None:
        from ministack.core import iam_actions

        self._actions = iam_actions
        self._extract = iam_actions.extract_iam_action
        self._s3_action = iam_actions._s3_action
        iam_actions.extract_iam_action = self._action
        iam_actions._s3_action = self._action_on_s3

    def _action(  # noqa: PLR0917 - called by MiniStack
        self, service: str, method: str, path: str, headers: Any, body: bytes, params: Mapping[str, Any]
    ) -> str | None:
        if service == "s3":
            return f"s3:{self._action_on_s3(method, path, params) or FORBIDDEN}"
        namespace = self._actions.SERVICE_TO_IAM_NAMESPACE.get(service, service)
        if len(_claimed(path, headers, body, params)) > 1 or _contradicts(headers, body, params):
            return f"{namespace}:{FORBIDDEN}"
        found = self._extract(service, method, path, headers, body, params)
        return str(found) if found else f"{namespace}:{FORBIDDEN}"

    def _action_on_s3(self, method: str, path: str, params: Mapping[str, Any]) -> str | None:
        """S3's action for a path and the one sub-resource that the query names; two of them contradict each other."""
        depth = min(len([part for part in path.split("/") if part]), 2)
        tables = self._tables(depth)
        named = {name: tables[name][method] for name in params if method in tables.get(name, {})}
        if len(set(named.values())) > 1:
            return FORBIDDEN
        everywhere = {*self._tables(1), *self._tables(2)}
        meant = {name: value for name, value in params.items() if name in named or name not in everywhere}
        found = self._s3_action(method, path, meant)
        return str(found) if found else None

    def _tables(self, depth: int) -> Mapping[str, Mapping[str, str]]:
        """Sub-resources of a bucket (1) or an object (2), each with its action by method."""
        shared = self._actions._S3_QUERY_ACTIONS
        if depth == 2:
            return {**_only(shared, _OF_UPLOADS), **self._actions._S3_OBJECT_QUERY_ACTIONS}
        return {**_only(shared, shared.keys() - {"uploadId", "restore"}), **self._actions._S3_BUCKET_QUERY_ACTIONS}


def _only(table: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name in names}


def _claimed(path: str, headers: Mapping[str, str], body: bytes, params: Mapping[str, Any]) -> set[str]:
    """Every operation that a request names anywhere."""
    actions = params.get("Action") or []
    named = {actions} if isinstance(actions, str) else set(actions)
    named |= set(_form(headers, body).get("Action", []))
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    operation = _OPERATION_PATH.search(path)
    named |= {target} if target else set()
    return named | ({operation[1]} if operation else set())


def _contradicts(headers: Mapping[str, str], body: bytes, params: Mapping[str, Any]) -> bool:
    """Whether the query string gives a parameter another value than the form does."""
    return any(params.get(name) != values for name, values in _form(headers, body).items())


def _form(headers: Mapping[str, str], body: bytes) -> Mapping[str, list[str]]:
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
