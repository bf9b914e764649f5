"""A configuration of dev, qa and prod, made of an example's, for what follows from configurations alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.config.loading import load
from agent.config.predictions import Predictions
from tests.sources import ROOT

if TYPE_CHECKING:
    from agent.config.model import Configuration

TEST, PRODUCTION = "qa", "prod"


def predicting(configuration: Configuration) -> Configuration:
    """The same, whose evaluation writes predictions."""
    evaluation = configuration.evaluation.model_copy(update={"predictions": Predictions(task="multiclass")})
    return configuration.model_copy(update={"evaluation": evaluation})


def three_environments(*, branches: dict[str, tuple[str, ...]] | None = None, **changes: Any) -> Configuration:
    """The iris example with an environment before its qa; ``branches`` by environment."""
    configuration = load(ROOT / "examples/iris-byo/modelyard.yaml").configuration
    test, production = configuration.environments[TEST], configuration.environments[PRODUCTION]
    endpoint = test.endpoint.model_copy(update={"name": "iris-dev"})
    environments = {"dev": test.model_copy(update={"endpoint": endpoint}), "qa": test, "prod": production}
    for name, patterns in (branches or {}).items():
        environments[name] = environments[name].model_copy(update={"branches": patterns})
    return configuration.model_copy(update={"environments": environments, **changes})
