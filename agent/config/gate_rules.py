"""What must hold between gates, the metrics they judge and the environments they compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config.finding import Related
from agent.config.wording import did_you_mean, in_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.finding import Finding
    from agent.config.view import View

_EVALUATED = ("evaluation", "metrics")
_LOGGED = ("training", "metric_definitions")


def every_gate_judges_a_metric_that_exists(view: View) -> Iterator[Finding]:
    """A gate on a metric that nothing produces could never pass."""
    evaluated, logged = view.keys(_EVALUATED), view.keys(_LOGGED)
    for name in view.keys(("gates",)):
        path = ("gates", name, "metric")
        metric = view.text(path)
        if metric is None or metric in evaluated or not (evaluated or logged):
            continue
        if metric not in logged:
            known = (*evaluated, *logged)
            hint = did_you_mean(metric, known) or f"the metrics are {in_list(known, 'and')}"
            related = Related(place=view.key_place(_EVALUATED), label="metrics are declared here")
            message = f"gate `{name}` judges the metric `{metric}`, which nothing produces"
            yield view.broken("unknown-metric", path, message, hint, related)
        elif view.value(("gates", name, "kind")) == "champion":
            related = Related(place=view.key_place((*_LOGGED, metric)), label="comes from the training log")
            message = f"gate `{name}` compares the metric `{metric}`, which is only known of the model in training"
            hint = "compare a metric of `evaluation.metrics`: both models are measured on the same rows"
            yield view.broken("unknown-metric", path, message, hint, related)


def every_champion_has_an_environment(view: View) -> Iterator[Finding]:
    """A champion gate compares with an environment of this file."""
    known = view.keys(("environments",))
    for name in view.keys(("gates",)):
        path = ("gates", name, "environment")
        environment = view.text(path)
        if environment is not None and known and environment not in known:
            hint = did_you_mean(environment, known) or f"the environments are {in_list(known, 'and')}"
            related = Related(place=view.key_place(("environments",)), label="environments are declared here")
            message = f"gate `{name}` compares with the environment `{environment}`, which does not exist"
            yield view.broken("unknown-environment", path, message, hint, related)
