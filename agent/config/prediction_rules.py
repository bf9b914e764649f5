"""What must hold between gates that look at predictions row by row, and the predictions that are declared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.config.finding import Related
from agent.config.predictions import Predictions
from agent.config.wording import did_you_mean, in_list
from agent.statistics.metrics import compared_by, measured_by, range_of
from agent.statistics.schema import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.config.finding import Finding
    from agent.config.tree import Path
    from agent.config.view import View

_DECLARED = ("evaluation", "predictions")
_OF_ROWS = frozenset({"slices", "fairness", "calibration", "business", "robustness"})
_PAIRED = frozenset({"champion", "robustness"})
"""Kinds that compare two models, or one with itself, row by row."""
_OF_TWO_CLASSES = frozenset({"fairness", "calibration", "business"})


def computed(view: View) -> tuple[str, ...]:
    """The metrics that are computed of the predictions; none where none are declared."""
    task = _task(view)
    return tuple(measured_by(task, _k(view))) if task else ()


def gates_on_rows_have_predictions(view: View) -> Iterator[Finding]:
    """A gate looks only at predictions that the evaluation script is said to write."""
    if view.has(_DECLARED):
        return
    for name in view.keys(("gates",)):
        key = "kind" if _kind(view, name) in _OF_ROWS else "confidence"
        path = ("gates", name, key)
        if key == "kind" or view.has(path):
            message = f"gate `{name}` looks at predictions, and the evaluation is not said to write any"
            hint = "add `evaluation.predictions`, and let the script write `predictions.parquet`"
            related = Related(place=view.key_place(("evaluation",)), label="evaluated here")
            yield view.broken("gate-predictions", path, message, hint, related)


def gates_on_rows_are_of_the_task(view: View) -> Iterator[Finding]:
    """Fairness, calibration and worth are of decisions between two classes."""
    task = _task(view)
    for name in view.keys(("gates",)):
        kind = _kind(view, name)
        if task not in {None, Task.BINARY} and kind in _OF_TWO_CLASSES:
            message = f"gate `{name}` is of the kind `{kind}`, which is of binary predictions, and these are {task}"
            related = Related(place=view.place((*_DECLARED, "task")), label="the task")
            hint = "leave it out, or write it as a gate of the kind `custom`"
            yield view.broken("gate-task", ("gates", name, "kind"), message, hint, related)


def settings_are_of_the_task(view: View) -> Iterator[Finding]:
    """A setting that the task does not have would change nothing."""
    task = _task(view)
    for key, of in (("threshold", Task.BINARY), ("k", Task.RANKING)):
        path = (*_DECLARED, key)
        if task not in {None, of} and view.has(path):
            message = f"`{key}` is of {of} predictions, and these are {task}"
            related = Related(place=view.place((*_DECLARED, "task")), label="the task")
            yield view.broken("predictions-task", path, message, "leave it out", related)


def directions_are_those_of_the_metrics(view: View) -> Iterator[Finding]:
    """A metric that is computed of predictions has one direction that is better, whatever somebody wrote."""
    task = _task(view)
    for name, better in (measured_by(task, _k(view)) if task else {}).items():
        path = ("evaluation", "metrics", name, "better")
        written = view.text(path)
        if written is not None and written != better:
            message = f"of the metric `{name}` of {task} predictions `{better}` is better, not `{written}`"
            hint = f"write `better: {better}`, or give a metric of the script's own another name"
            related = Related(place=view.place((*_DECLARED, "task")), label="the task")
            yield view.broken("metric-direction", path, message, hint, related)


def every_slice_is_declared(view: View) -> Iterator[Finding]:
    """A gate looks only at slices that predictions are said to have."""
    known = tuple(text for _, text in view.texts((*_DECLARED, "slices")))
    for name in view.keys(("gates",)):
        path = ("gates", name, "slice")
        slice_ = view.text(path)
        if slice_ is None or not view.has(_DECLARED) or slice_ in known:
            continue
        message = f"gate `{name}` looks at the slice `{slice_}`, which predictions are not said to have"
        slices = f"the slices are {in_list(known, 'and')}" if known else "there are no slices"
        hint = did_you_mean(slice_, known) or f"{slices}; add it to `evaluation.predictions.slices`"
        related = Related(place=view.key_place((*_DECLARED, "slices")), label="slices are declared here")
        yield view.broken("unknown-slice", path, message, hint, related)


def every_metric_of_rows_is_computed(view: View) -> Iterator[Finding]:
    """What has to be proved, or measured by slices, is a metric that predictions tell; a script's own is one number."""
    task = _task(view)
    for name in view.keys(("gates",)):
        path = ("gates", name, "metric")
        metric, kind = view.text(path), _kind(view, name)
        by_rows = kind in {"slices", "robustness"} or view.has(("gates", name, "confidence"))
        if task is None or metric is None or not by_rows:
            continue
        known = compared_by(task, _k(view)) if kind in _PAIRED else tuple(measured_by(task, _k(view)))
        if metric not in known:
            does = "compares" if kind in _PAIRED else "judges"
            message = f"gate `{name}` {does} the metric `{metric}` row by row, which {task} predictions do not tell"
            hint = _instead(metric, known)
            related = Related(place=view.place((*_DECLARED, "task")), label="the task")
            yield view.broken("unknown-metric", path, message, hint, related)


def rows_that_are_asked_can_be_measured(view: View) -> Iterator[Finding]:
    """Where the model is asked row by row through its serving code, no script writes what is measured."""
    asked = tuple(_asked(view))
    for path in asked:
        yield from _measurable(view, path)
    if asked:
        yield from _columns_of_slices(view, asked[0])


def _asked(view: View) -> Iterator[Path]:
    """What asks the serving code for predictions."""
    if view.has(("evaluation", "transform")):
        yield ("evaluation", "transform")
    for name in view.keys(("environments",)):
        path = ("environments", name, "checks", "evaluation")
        if view.has(path):
            yield path


def every_checked_metric_is_computed(view: View) -> Iterator[Finding]:
    """A metric that is measured through an endpoint is one that predictions tell."""
    task, known = _task(view), computed(view)
    for name in view.keys(("environments",)):
        metrics = ("environments", name, "checks", "evaluation", "metrics")
        for metric in view.keys(metrics) if task else ():
            if metric not in known:
                path = (*metrics, metric)
                message = f"the check of `{name}` measures `{metric}`, which {task} predictions do not tell"
                related = Related(place=view.place((*_DECLARED, "task")), label="the task")
                hint = _instead(metric, known)
                yield view.broken_key("unknown-metric", path, message, hint, related)


def every_metric_of_a_transform_is_computed(view: View) -> Iterator[Finding]:
    """Without a script nobody writes a metric that predictions do not tell."""
    task, known = _task(view), computed(view)
    metrics = ("evaluation", "metrics")
    for metric in view.keys(metrics) if task and view.has(("evaluation", "transform")) else ():
        if metric not in known:
            message = f"nothing writes the metric `{metric}`, which {task} predictions do not tell"
            related = Related(place=view.key_place(("evaluation", "transform")), label="no script")
            hint = _instead(metric, known)
            yield view.broken_key("unknown-metric", (*metrics, metric), message, hint, related)


def every_limit_is_a_value_of_its_metric(view: View) -> Iterator[Finding]:
    """Beyond the values of a metric that is computed of predictions, a limit refuses every model, or none."""
    known = computed(view)
    for path, metric in _limited(view):
        least, most = range_of(metric)
        for key, limit in ((key, view.number((*path, key))) for key in ("min", "max")):
            if metric not in known or limit is None or least <= limit <= most:
                continue
            passes = "no model" if (key == "min") == (limit > most) else "every model"
            message = f"{passes} passes: `{metric}` is {_between(least, most)}"
            percentage = (least, most) == (0, 1) and 1 < limit <= 100
            hint = f"write a share: `{key}: {limit / 100:g}`" if percentage else "write one of its values"
            yield view.broken("limit-out-of-range", (*path, key), message, hint)


def _limited(view: View) -> Iterator[tuple[Path, str]]:
    """Where `min` and `max` of a metric stand, and the metric."""
    for name in view.keys(("gates",)):
        metric = view.text(("gates", name, "metric"))
        if metric and _kind(view, name) in {"threshold", "slices"}:
            yield ("gates", name), metric
    for name in view.keys(("environments",)):
        metrics = ("environments", name, "checks", "evaluation", "metrics")
        yield from (((*metrics, metric), metric) for metric in view.keys(metrics))


def _between(least: float, most: float) -> str:
    if math.isinf(most):
        return f"{least:g} or more"
    return f"at most {most:g}" if math.isinf(least) else f"between {least:g} and {most:g}"


def _instead(metric: str, known: Sequence[str]) -> str:
    return did_you_mean(metric, known) or f"they tell {in_list(known, 'and')}"


def _measurable(view: View, path: Path) -> Iterator[Finding]:
    """Predictions are declared, of a task whose rows stand alone."""
    name = ".".join(map(str, path))
    if not view.has(_DECLARED):
        message = f"`{name}` measures answers, and nothing says what the model is asked"
        hint = "add `evaluation.predictions` with its `task`"
        yield view.broken("asked-predictions", path, message, hint)
    elif _task(view) is Task.RANKING:
        message = f"`{name}` asks row by row, which does not tell the queries of a ranking"
        related = Related(place=view.place((*_DECLARED, "task")), label="the task")
        hint = "leave it out: let the evaluation script write the predictions"
        yield view.broken("asked-predictions", path, message, hint, related)


def _columns_of_slices(view: View, asked: Path) -> Iterator[Finding]:
    """A row that is asked holds its slices only in columns of the data."""
    known = set(view.keys((*_DECLARED, "columns")))
    for path, name in view.texts((*_DECLARED, "slices")):
        if name not in known:
            message = f"nothing says which column of the data is the slice `{name}`, where rows are asked"
            related = Related(place=view.key_place(asked), label="asks row by row")
            hint = f"add it to `evaluation.predictions.columns`: for example `{{{name}: column1}}`"
            yield view.broken("slice-column", path, message, hint, related)


def columns_are_of_slices(view: View) -> Iterator[Finding]:
    """A column of no slice would be measured by nobody."""
    slices = tuple(text for _, text in view.texts((*_DECLARED, "slices")))
    for name in view.keys((*_DECLARED, "columns")):
        if name not in slices:
            path = (*_DECLARED, "columns", name)
            message = f"`{name}` has a column, and is none of the slices that are measured apart"
            hint = did_you_mean(name, slices) or "add it to `evaluation.predictions.slices`, or leave it out"
            yield view.broken_key("unknown-slice", path, message, hint)


def _kind(view: View, name: str) -> str:
    return view.text(("gates", name, "kind")) or ""


def _task(view: View) -> Task | None:
    task = view.text((*_DECLARED, "task"))
    return Task(task) if task in list(Task) else None


def _k(view: View) -> int:
    k = view.number((*_DECLARED, "k"))
    return int(k) if k is not None else int(Predictions.model_fields["k"].default)
