"""A job's lines in CloudWatch Logs, read on from where the last reading ended, over all of its streams."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code
from agent.ports.jobs import LogPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_PAGES = 20
"""Of one stream in one reading, so that a job that prints without end does not keep its watcher from its state."""
_FIRST_HOST = "algo-1"
_HOST = re.compile(r"/(.+)-\d+$")

Line = tuple[int, str, str]
"""Time in milliseconds, stream, text."""


def read_streams(logs: Any, group: str, prefix: str, position: Mapping[str, str]) -> LogPage:
    """The lines of all streams that start with ``prefix``, in the order of their times; raises ClientError.

    ``position`` holds the token of each stream. Lines of hosts beyond the first are marked with their host.
    """
    lines: list[Line] = []
    found = dict(position)
    more = False
    for stream in _streams(logs, group, prefix):
        events, found[stream], unread = _read(logs, group, stream, position.get(stream))
        lines.extend((event["timestamp"], stream, event["message"]) for event in events)
        more = more or unread
    lines.sort(key=lambda line: line[0])
    return LogPage(lines=tuple(_marked(stream, text) for _, stream, text in lines), position=found, more=more)


def _streams(logs: Any, group: str, prefix: str) -> Iterator[str]:
    """The names of the streams; a group that does not exist yet has none."""
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, logStreamNamePrefix=prefix)
    try:
        for page in pages:
            for stream in page["logStreams"]:
                yield stream["logStreamName"]
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise


def _read(logs: Any, group: str, stream: str, token: str | None) -> tuple[list[Any], str, bool]:
    """The events after ``token``, the token after them, and whether there may be more.

    Source: ``GetLogEvents``: a page may be empty although others follow; the same token again says that it was the
    last.
    """
    events: list[Any] = []
    for _ in range(_MOST_PAGES):
        page = logs.get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=True, **({"nextToken": token} if token else {})
        )
        events.extend(page["events"])
        last, token = token, str(page["nextForwardToken"])
        if token == last:
            return events, token, False
    return events, token or "", True


def _marked(stream: str, text: str) -> str:
    """A line as people read it; the stream is ``JOB/algo-1-1700000000``."""
    host = _HOST.search(stream)
    return text if host is None or host[1] == _FIRST_HOST else f"[{host[1]}] {text}"
