"""One JSON document a line on stderr, which CloudWatch Logs Insights takes apart by itself."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping


def say(level: str, message: str, **facts: object) -> None:
    """Write one line, whole, so that lines of several processes do not mix."""
    sys.stderr.buffer.write(_line(level, message, facts) + b"\n")
    sys.stderr.buffer.flush()


def _line(level: str, message: str, facts: Mapping[str, object]) -> bytes:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
    return orjson.dumps({"time": stamp, "level": level, "message": message, **facts}, default=str)


def say_exception(message: str, error: BaseException, **facts: object) -> None:
    """The same for an exception, with its traceback: in the log is where it belongs."""
    say("error", message, error=repr(error), traceback="".join(traceback.format_exception(error)), **facts)


class Formatter(logging.Formatter):
    """The same form for what other libraries log."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        facts = {"traceback": self.formatException(record.exc_info)} if record.exc_info else {}
        return _line(record.levelname.lower(), record.getMessage(), {"logger": record.name, **facts}).decode()
