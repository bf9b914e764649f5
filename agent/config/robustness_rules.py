"""What must hold of perturbations: what rows are known by, and measured by, stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config.finding import Related
from agent.statistics.schema import ROW_ID, SLICE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.config.finding import Finding
    from agent.config.tree import Path
    from agent.config.view import View

_FIRST = "column0"
"""The column of the label where nobody says otherwise, and none has a name."""


def perturbed_columns_are_features(view: View) -> Iterator[Finding]:
    """The label, the row's id and slices are no inputs to be perturbed."""
    for gate in view.keys(("gates",)):
        fixed = _fixed(view, ("gates", gate))
        for name in view.keys(("gates", gate, "perturbations")):
            for path, column in view.texts(("gates", gate, "perturbations", name, "columns")):
                if column in fixed:
                    what, where = fixed[column]
                    message = f"the perturbation `{name}` of gate `{gate}` changes the column `{column}`, {what}"
                    related = Related(place=view.key_place(where), label="stays as it is")
                    hint = "perturb features only: rows, and what they are measured by, have to stay the same"
                    yield view.broken("perturbed-column", path, message, hint, related)


def _fixed(view: View, gate: Path) -> Mapping[str, tuple[str, Path]]:
    """Columns that no perturbation may change: what each is, and where that is said."""
    header, label = view.value((*gate, "header")) is True, view.text((*gate, "label"))
    predictions = ("evaluation", "predictions")
    slices = {
        name: (f"which is the slice `{text}`", path)
        for path, text in view.texts((*predictions, "slices"))
        for name in (text, SLICE + text, None if header else view.text((*predictions, "columns", text)))
        if name is not None
    }
    first = {} if header else {_FIRST: ("the first one, which is the label", gate)}
    named = first if label is None else {label: ("which is the label", (*gate, "label"))}
    return {**slices, ROW_ID: ("by which rows are known", gate), **named}
