"""What must hold of the evaluation: one way to have rows answered, and rows that it can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config.finding import Related
from agent.config.transform import MOST_MB, BatchTransform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.finding import Finding
    from agent.config.view import View

_EVALUATION = ("evaluation",)
_SCRIPT, _TRANSFORM = ("evaluation", "script"), ("evaluation", "transform")


def models_are_evaluated_in_one_way(view: View) -> Iterator[Finding]:
    """Exactly one of `script` and `transform`."""
    if view.has(_SCRIPT) and view.has(_TRANSFORM):
        related = Related(place=view.key_place(_SCRIPT), label="already measured by a script")
        message = "the evaluation has both `script` and `transform`"
        hint = "keep one of them; in an override, `script:` without a value removes the other"
        yield view.broken("evaluation-way", _TRANSFORM, message, hint, related)
    elif view.has(_EVALUATION) and not view.has(_SCRIPT) and not view.has(_TRANSFORM):
        message = "the evaluation has neither `script` nor `transform`"
        hint = "write `script: evaluate.py`, or `transform: {}` to let the serving code answer the rows"
        yield view.broken("evaluation-way", _EVALUATION, message, hint)


def payloads_fit_together(view: View) -> Iterator[Finding]:
    """SageMaker holds requests of a batch transform that are under way at once to one size together."""
    largest, at_once = (*_TRANSFORM, "max_payload_mb"), (*_TRANSFORM, "max_concurrent")
    sizes = [view.number(largest), view.number(at_once)]
    defaults = [BatchTransform.model_fields[key].default for key in ("max_payload_mb", "max_concurrent")]
    size, count = (default if found is None else found for found, default in zip(sizes, defaults, strict=True))
    if size * count > MOST_MB:
        message = f"{count:g} requests of {size:g} MB at once are more than SageMaker's {MOST_MB} MB"
        yield view.broken("transform-payload", largest if view.has(largest) else at_once, message, "lower one of them")


def transformed_rows_have_no_header(view: View) -> Iterator[Finding]:
    """A header in a copy of the held-out data would be asked as a row."""
    if not view.has(_TRANSFORM):
        return
    for name in view.keys(("gates",)):
        path = ("gates", name, "header")
        if view.text(("gates", name, "kind")) == "robustness" and view.value(path) is True:
            related = Related(place=view.key_place(_TRANSFORM), label="asks every line")
            message = f"gate `{name}` says that held-out data have a header, which batch transform would ask as a row"
            hint = "let the preparation write rows without a header, or evaluate by a script"
            yield view.broken("transform-header", path, message, hint, related)
