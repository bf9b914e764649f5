"""How long a stage may take before a build server gives it up: generous, so that only what hangs is ended by it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.config.gate import CustomGate
from agent.config.supply_gates import VulnerabilityGate
from agent.jobs.patience import CAPACITY_BUDGET_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.config.model import Configuration
    from agent.pipeline.stages import Stage

_STARTING = 15 * 60 + CAPACITY_BUDGET_SECONDS
"""What a job needs beside its own time, in seconds: machines to be free, to start, and to take their data."""
_LOOKING = 20 * 60
"""What reading takes at most beside a wait, in seconds."""
_WAITING = 90 * 60
"""What a deployment may wait for, in seconds: another one's lease, and a change that someone else began."""


def _prepare(configuration: Configuration) -> float:
    return _STARTING + (configuration.prepare.max_runtime if configuration.prepare else 0)


def _train(configuration: Configuration) -> float:
    training = configuration.training
    return _STARTING + (training.spot.max_wait if training.spot else training.max_runtime)


def _evaluate(configuration: Configuration) -> float:
    return _STARTING + configuration.evaluation.max_runtime


def _perturb(configuration: Configuration) -> float:
    """All copies are made first, and evaluated at once."""
    return _evaluate(configuration) + 2 * _LOOKING


def _ask_gates(configuration: Configuration) -> float:
    """All gates are asked at once."""
    gates = configuration.gates.values()
    return _STARTING + max((gate.max_runtime for gate in gates if isinstance(gate, CustomGate)), default=0)


def _audit_image(configuration: Configuration) -> float:
    gates = configuration.gates.values()
    return _LOOKING + max((gate.patience for gate in gates if isinstance(gate, VulnerabilityGate)), default=0)


_OF_CONFIGURATION: Mapping[str, Callable[[Configuration], float]] = {
    "prepare": _prepare,
    "train": _train,
    "evaluate": _evaluate,
    "perturb": _perturb,
    "ask_gates": _ask_gates,
    "audit_image": _audit_image,
}
_DEPLOYING = frozenset({"deploy", "promote", "rollback"})
_FIXED: Mapping[str, int] = {
    "validate": 10,
    "preflight": 20,
    "snapshot_data": 240,
    "build_image": 120,
    "check_data": 120,
    "examine": 120,
    "weigh_model": 10,
    "gate": 10,
    "register": 20,
    "release": 20,
    "check_endpoint": 30,
    "preview": 150,
    "check_preview": 30,
}
"""Minutes of stages that nobody configures; data and images may be large and lines slow."""


def minutes(stage: Stage, configuration: Configuration) -> int:
    """The time limit of a stage in whole minutes."""
    step = stage.step.name
    if step in _DEPLOYING:
        return math.ceil((_WAITING + configuration.environments[stage.environment].endpoint.strategy.timeout) / 60)
    if step in _OF_CONFIGURATION:
        return math.ceil(_OF_CONFIGURATION[step](configuration) / 60)
    return _FIXED[step]
