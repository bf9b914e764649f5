"""What must hold between gates, the metrics they judge, and the environments they compare with and guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config.finding import Related
from agent.config.gate import module_of
from agent.config.prediction_rules import computed
from agent.config.wording import did_you_mean, in_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.finding import Finding
    from agent.config.tree import Path
    from agent.config.view import View

_EVALUATED = ("evaluation", "metrics")
_LOGGED = ("training", "metric_definitions")


def modules(view: View) -> Iterator[tuple[Path, str]]:
    """The file of each custom gate's module, with the place where it is named."""
    for name in view.keys(("gates",)):
        path = ("gates", name, "entry_point")
        entry_point = view.text(path)
        if entry_point is not None and ":" in entry_point:
            yield path, module_of(entry_point)


def every_gate_judges_a_metric_that_exists(view: View) -> Iterator[Finding]:
    """A gate on a metric that nothing produces could never pass."""
    evaluated, logged = (*view.keys(_EVALUATED), *computed(view)), view.keys(_LOGGED)
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
    """What compares with an environment's model compares with one of this file."""
    known = view.keys(("environments",))
    for name in view.keys(("gates",)):
        yield from _unknown_environment(view, ("gates", name), f"gate `{name}`", known)
    for name in view.keys(("data_summaries",)):
        yield from _unknown_environment(view, ("data_summaries", name), f"the summary of `{name}`", known)


def _unknown_environment(view: View, section: Path, what: str, known: tuple[str, ...]) -> Iterator[Finding]:
    path = (*section, "environment")
    environment = view.text(path)
    if environment is not None and known and environment not in known:
        hint = did_you_mean(environment, known) or f"the environments are {in_list(known, 'and')}"
        related = Related(place=view.key_place(("environments",)), label="environments are declared here")
        message = f"{what} compares with the environment `{environment}`, which does not exist"
        yield view.broken("unknown-environment", path, message, hint, related)


def every_guarded_environment_exists(view: View) -> Iterator[Finding]:
    """A gate guards environments of this file."""
    known = view.keys(("environments",))
    for name in view.keys(("gates",)):
        for path, environment in view.texts(("gates", name, "environments")):
            if known and environment not in known:
                hint = did_you_mean(environment, known) or f"the environments are {in_list(known, 'and')}"
                related = Related(place=view.key_place(("environments",)), label="environments are declared here")
                message = f"gate `{name}` guards the environment `{environment}`, which does not exist"
                yield view.broken("unknown-environment", path, message, hint, related)


def guarded_environments_have_builds(view: View) -> Iterator[Finding]:
    """Builds of pull requests make no release that could be kept from an environment."""
    for name in view.keys(("gates",)):
        path = ("gates", name, "builds")
        judged = {text for _, text in view.texts(path)}
        if judged == {"pr"} and view.texts(("gates", name, "environments")):
            related = Related(place=view.place(("gates", name, "environments")), label="these it guards")
            message = f"gate `{name}` judges only builds of pull requests, which release nothing"
            yield view.broken("gate-builds", path, message, "add `main`, or leave `environments` out", related)
