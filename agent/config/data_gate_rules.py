"""What must hold inside gates on data: constraints that some value keeps to, and two data sets to compare."""

from __future__ import annotations

from itertools import count, takewhile
from typing import TYPE_CHECKING

from agent.config.data_gates import LeakageGate
from agent.config.finding import Related

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.config.finding import Finding
    from agent.config.tree import Path
    from agent.config.view import View

_FITTING: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "text": (str, int, float),
    "boolean": (bool,),
}
_NUMBERS = frozenset({"integer", "number"})


def constraints_can_be_kept(view: View) -> Iterator[Finding]:
    """Limits are of numbers, and some number is between them; values are of the column's type."""
    for name in view.keys(("gates",)):
        for column in view.keys(("gates", name, "columns")):
            yield from _of_column(view, ("gates", name, "columns", column))


def leakage_is_between_two_data_sets(view: View) -> Iterator[Finding]:
    """A data set holds all of its own rows."""
    for name in view.keys(("gates",)):
        path = ("gates", name)
        if view.value((*path, "kind")) == "leakage":
            written = {
                key: view.text((*path, key)) or LeakageGate.model_fields[key].default for key in ("data", "held_out")
            }
            if written["data"] == written["held_out"]:
                message = f"gate `{name}` looks for rows of `{written['data']}` in `{written['data']}` itself"
                key = (*path, "held_out" if view.has((*path, "held_out")) else "data")
                yield view.broken("gate-limits", key, message, "compare with what the model is measured on")


def _of_column(view: View, path: Path) -> Iterator[Finding]:
    kind, low, high = view.text((*path, "type")), (*path, "min"), (*path, "max")
    for limit in (low, high):
        if view.has(limit) and kind is not None and kind not in _NUMBERS:
            related = Related(place=view.place((*path, "type")), label="no number")
            message = f"`{limit[-1]}` of the column `{path[-1]}` limits numbers"
            yield view.broken("gate-limits", limit, message, "leave it out, or list `values`", related)
    least, most = view.number(low), view.number(high)
    if least is not None and most is not None and least > most:
        related = Related(place=view.place(low), label="at least this")
        message = f"no value of the column `{path[-1]}` passes: `min` is greater than `max`"
        yield view.broken("gate-limits", high, message, "swap the two limits", related)
    yield from _values(view, path, kind)


def _values(view: View, path: Path, kind: str | None) -> Iterator[Finding]:
    fitting = _FITTING.get(kind or "")
    places = ((*path, "values", str(number)) for number in count())
    for at in takewhile(view.has, places):
        value = view.value(at)
        wrong_truth = isinstance(value, bool) and kind != "boolean"
        if fitting is not None and (wrong_truth or not isinstance(value, fitting)):
            related = Related(place=view.place((*path, "type")), label="the column's type")
            message = f"a value of the column `{path[-1]}` is no {kind}"
            yield view.broken("gate-limits", at, message, "write it as the column has it, text in quotes", related)
