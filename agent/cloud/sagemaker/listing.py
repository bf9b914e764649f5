"""What all List operations share: filters, order and pages.

Filters follow one naming rule across SageMaker (``NameContains``, ``CreationTimeAfter``, ``LastModifiedTimeBefore``,
``StatusEquals``), so one function serves them all.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.cloud.sagemaker.operation import Members

_PAGE = 100
_TOKEN = re.compile(r"at:([0-9]{1,9})")


def page(
    summaries: Sequence[Members],
    request: Members,
    *,
    answer: str,
    name: str,
    status: str = "",
    times: Mapping[str, str] | None = None,
    sort: Mapping[str, str] | None = None,
    default_sort: str = "CreationTime",
    default_order: str = "Descending",
) -> Members:
    """The page of ``summaries`` that a List request asks for, under the member ``answer``.

    ``name`` and ``status`` are the summary's members for NameContains and StatusEquals; ``times`` maps a filter's stem
    to its member (``{"CreationTime": "CreationTime"}`` by default); ``sort`` maps values of SortBy to members.
    """
    wanted = [s for s in summaries if _wanted(s, request, name, status, times or {})]
    by = {"Name": name, "CreationTime": "CreationTime", "Status": status, **(sort or {})}
    member = by[request.get("SortBy") or default_sort]
    wanted.sort(key=lambda s: (_comparable(s.get(member)), str(s.get(name, ""))))
    if (request.get("SortOrder") or default_order) == "Descending":
        wanted.reverse()
    return paged(wanted, request, answer=answer)


def paged(items: Sequence[Any], request: Members, *, answer: str) -> Members:
    """The page of ``items`` that ``NextToken`` and ``MaxResults`` ask for, under the member ``answer``."""
    start = _offset(request.get("NextToken"))
    end = start + int(request.get("MaxResults") or _PAGE)
    return {answer: list(items[start:end]), "NextToken": _token(end) if end < len(items) else None}


def _wanted(summary: Members, request: Members, name: str, status: str, times: Mapping[str, str]) -> bool:
    part = request.get("NameContains")
    if part and part.lower() not in str(summary.get(name, "")).lower():
        return False
    if request.get("StatusEquals") and summary.get(status) != request["StatusEquals"]:
        return False
    stems = {"CreationTime": "CreationTime", "LastModifiedTime": "LastModifiedTime", **times}
    return all(_in_time(summary.get(member), request, stem) for stem, member in stems.items())


def _in_time(moment: Any, request: Members, stem: str) -> bool:
    checks: tuple[tuple[str, Callable[[float, float], bool]], ...] = (
        (f"{stem}After", lambda a, b: a > b),
        (f"{stem}Before", lambda a, b: a < b),
    )
    return all(
        isinstance(moment, datetime) and holds(moment.timestamp(), seconds(request[key]))
        for key, holds in checks
        if request.get(key) is not None
    )


def seconds(moment: float | str) -> float:
    """A timestamp of a request (epoch seconds, or ISO 8601 as some clients send) in seconds since the epoch."""
    if isinstance(moment, str):
        parsed = datetime.fromisoformat(moment)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    return float(moment)


def _comparable(value: Any) -> tuple[int, float, str]:
    """A sort key over moments, numbers, texts and absent values alike."""
    if isinstance(value, datetime):
        return (1, value.timestamp(), "")
    if isinstance(value, (int, float)):
        return (1, float(value), "")
    return (0, 0.0, "") if value is None else (2, 0.0, str(value).lower())


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"at:{offset}".encode()).decode()


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        found = _TOKEN.fullmatch(base64.b64decode(token, altchars=b"-_", validate=True).decode())
    except ValueError:
        found = None
    if found is None:
        raise validation_error("Invalid pagination token given.")
    return int(found[1])
