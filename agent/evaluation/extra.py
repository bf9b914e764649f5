"""Statistics need numpy and duckdb, which nothing else does: their absence is told before anything is paid for."""

from __future__ import annotations

from importlib.util import find_spec

from agent.errors import UsageError

_NEEDED = ("numpy", "duckdb")


def require_statistics(what: str = "predictions are") -> None:
    """UsageError where the extra `statistics` is not installed, for ``what`` is measured with it."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{what} measured with {' and '.join(_NEEDED)}; {' and '.join(missing)} cannot be "
            "found beside modelyard: pip install 'modelyard[statistics]'"
        )
