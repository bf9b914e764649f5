"""What must hold between the limits of one metric: a limit is written, and some value keeps to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config.finding import Related
from agent.config.wording import in_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.config.finding import Finding
    from agent.config.tree import Path
    from agent.config.view import View


def every_threshold_limits_something(view: View) -> Iterator[Finding]:
    """A threshold gate has a limit, and some value passes it."""
    for name in view.keys(("gates",)):
        if view.value(("gates", name, "kind")) == "threshold":
            yield from _limits(view, ("gates", name), f"gate `{name}`", "gate-limits")


_LIMITS_OF: Mapping[str, tuple[str, ...]] = {
    "slices": ("min", "max", "max_gap"),
    "fairness": ("disparate_impact", "equal_opportunity", "equalised_odds"),
    "calibration": ("max_ece", "max_brier"),
}


def every_gate_on_rows_limits_something(view: View) -> Iterator[Finding]:
    """A gate that looks at rows has one of the limits of its kind, and some value passes it."""
    for name in view.keys(("gates",)):
        kind = view.text(("gates", name, "kind")) or ""
        if kind == "business":
            yield from _worth(view, ("gates", name))
        if kind == "slices":
            yield from _crossed(view, ("gates", name), f"gate `{name}`", "gate-limits")
        keys = _LIMITS_OF.get(kind, ())
        if keys and not any(view.has(("gates", name, key)) for key in keys):
            message = f"gate `{name}` has no limit, so everything passes"
            yield view.broken("gate-limits", ("gates", name), message, f"write {in_list(keys, 'or')}")


def every_sample_limits_something(view: View) -> Iterator[Finding]:
    """A check on a sample has a limit, and some value passes it."""
    for name in view.keys(("environments",)):
        path = ("environments", name, "checks", "sample")
        if view.has(path):
            yield from _limits(view, path, f"the check of `{name}` on a sample", "check-limits")


def every_checked_metric_limits_something(view: View) -> Iterator[Finding]:
    """A metric that is measured through an endpoint has a limit, and some value passes it."""
    for name in view.keys(("environments",)):
        metrics = ("environments", name, "checks", "evaluation", "metrics")
        for metric in view.keys(metrics):
            yield from _limits(view, (*metrics, metric), f"the check of `{name}` on {metric}", "check-limits")


def every_load_has_something_to_send(view: View) -> Iterator[Finding]:
    """A load is of held-out rows, or of requests that are declared; a cost has a price, and times an order."""
    for name in view.keys(("environments",)):
        checks = ("environments", name, "checks")
        path = (*checks, "load")
        if not view.has(path):
            continue
        if not any(view.has((*checks, key)) for key in ("sample", "evaluation", "requests")):
            message = f"the load on `{name}` has nothing to send"
            hint = "write `checks.sample`, `checks.evaluation` or `checks.requests` beside it"
            yield view.broken("check-limits", path, message, hint)
        if view.has((*path, "max_cost")) and not view.has((*path, "price_per_hour")):
            message = f"the load on `{name}` limits costs, and does not say what the endpoint costs"
            yield view.broken("check-limits", (*path, "max_cost"), message, "add `price_per_hour`")
        half, nearly_all = view.number((*path, "max_p50_ms")), view.number((*path, "max_p99_ms"))
        if half is not None and nearly_all is not None and half > nearly_all:
            related = Related(place=view.place((*path, "max_p99_ms")), label="99 of 100 within this")
            message = f"the load on `{name}` gives half of the answers more time than 99 of 100"
            yield view.broken("check-limits", (*path, "max_p50_ms"), message, "swap the two limits", related)


def _limits(view: View, path: Path, subject: str, code: str) -> Iterator[Finding]:
    if not view.has((*path, "min")) and not view.has((*path, "max")):
        message = f"{subject} has neither `min` nor `max`, so everything passes"
        yield view.broken(code, path, message, "write the limit: for example `min: 0.8`")
    yield from _crossed(view, path, subject, code)


def _worth(view: View, path: Path) -> Iterator[Finding]:
    """Where no outcome brings anything, every model is worth the same."""
    values = (*path, "values")
    if view.has(values) and not any(view.value((*values, key)) for key in view.keys(values)):
        message = f"`values` of gate `{path[-1]}` are all 0, so every model is worth the same"
        hint = "say what an outcome brings or costs: for example `{false_negative: -10}`"
        yield view.broken("gate-limits", values, message, hint)


def _crossed(view: View, path: Path, subject: str, code: str) -> Iterator[Finding]:
    low, high = (*path, "min"), (*path, "max")
    least, most = view.number(low), view.number(high)
    if least is not None and most is not None and least > most:
        related = Related(place=view.place(low), label="at least this")
        message = f"{subject} lets nothing pass: `min` is greater than `max`"
        yield view.broken(code, high, message, "swap the two limits", related)
