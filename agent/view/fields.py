"""The fields of a step's inputs or result as lines of help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.step import StepModel


def field_lines(title: str, model: type[StepModel]) -> Iterator[str]:
    """A title, then each field with its description; an optional field's name in brackets."""
    yield f"\n{title}:"
    names = {name: name if known.is_required() else f"[{name}]" for name, known in model.model_fields.items()}
    width = max((len(shown) for shown in names.values()), default=0)
    for name, shown in names.items():
        yield f"  {shown.ljust(width)}  {model.model_fields[name].description or ''}"
