"""Reads many numbers that are written with commas between them: most of what a server of models does all day.

`simdjson` reads a list of numbers four times as fast as the quickest reader that makes Python objects of them
(docs/decisions/0017); where it is not installed, `orjson` does the same.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    Numbers = np.ndarray[Any, np.dtype[np.float64]]


def with_orjson(text: bytes) -> Numbers | None:
    """The numbers of a JSON list, or None where it is anything else than a list of numbers."""
    try:
        values = orjson.loads(text)
        if not all(type(value) in (float, int) for value in values):
            return None
        return np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return None


def with_simdjson() -> Callable[[bytes], Numbers | None]:
    """The same, with a parser for each thread, which keeps its buffers. Raises ImportError."""
    import simdjson

    kept = threading.local()

    def read(text: bytes) -> Numbers | None:
        parser: Any = getattr(kept, "parser", None)
        if parser is None:
            parser = kept.parser = simdjson.Parser()
        try:
            return np.frombuffer(parser.parse(text).as_buffer(of_type="d"), dtype=np.float64)
        except (ValueError, TypeError, AttributeError, RuntimeError):  # not JSON, no number, no list, too large
            return None

    return read


def quickest() -> Callable[[bytes], Numbers | None]:
    """The reader for this machine."""
    try:
        return with_simdjson()
    except ImportError:
        return with_orjson


read_list = quickest()
