"""Numbers, times and sizes as people read them: the same in the page, the comment and the badges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.wording import shortened

if TYPE_CHECKING:
    from datetime import datetime

NOTHING = "\N{EN DASH}"
"""What stands in a cell that has no value."""
_MINUS = "\N{MINUS SIGN}"
_UNITS = ("B", "kB", "MB", "GB", "TB")
_EXIT_CODES = {
    2: "configuration or usage",
    4: "access denied",
    5: "an input is missing",
    6: "AWS or a container failed",
    7: "the model's own code failed",
    70: "a bug of modelyard",
    75: "temporary",
    130: "interrupted",
}


def number(value: float) -> str:
    """Six significant digits, as the gates' sentences have them."""
    return f"{value:.6g}".replace("-", _MINUS)


def about(value: float) -> str:
    """Three significant digits: enough to see and to hear."""
    return f"{value:.3g}".replace("-", _MINUS)


def difference(value: float) -> str:
    """A difference with its sign; three significant digits, for more are noise."""
    return "0" if value == 0 else f"{value:+.3g}".replace("-", _MINUS)


def distance(value: float, other: float) -> str:
    """How far two values are apart; three significant digits."""
    return f"{abs(value - other):.3g}"


def duration(seconds: float | None) -> str:
    """A duration in its two greatest units; empty where it is not known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def size(count: float) -> str:
    """A number of bytes in the unit that fits."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("the last unit takes everything")


def moment(when: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def exit_code(code: int) -> str:
    """An exit code and what it means."""
    meaning = _EXIT_CODES.get(code)
    return f"exit code {code}: {meaning}" if meaning else f"exit code {code}"


def one_line(text: str, most: int = 200) -> str:
    """Text without line ends, and not longer than that."""
    return shortened(" ".join(text.split()), most)
