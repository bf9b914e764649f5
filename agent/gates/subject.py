"""What gates judge: one candidate with all that is known of it, and the models that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agent.errors import InputMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.artifacts import Evaluation, Judgement
    from agent.gates.findings import Finding

Better = Literal["higher", "lower"]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A candidate's ``evaluation`` and those of ``champions`` on the same rows, by environment.

    ``better`` is the direction of improvement of each metric, ``releases`` the digest of the release that each champion
    is deployed by, ``training`` what the training job reported, ``answers`` what custom gates answered and ``findings``
    what predictions answer, both by the names of gates.
    """

    evaluation: Evaluation
    champions: Mapping[str, Evaluation] = field(default_factory=dict)
    better: Mapping[str, Better] = field(default_factory=dict)
    releases: Mapping[str, str] = field(default_factory=dict)
    training: Mapping[str, float] = field(default_factory=dict)
    answers: Mapping[str, Judgement] = field(default_factory=dict)
    findings: Mapping[str, Finding] = field(default_factory=dict)

    def finding(self, gate: str) -> Finding:
        """What predictions answer to a gate; InputMissingError where it has not been asked."""
        if gate not in self.findings:
            raise InputMissingError(
                f"gate `{gate}` looks at predictions, and they have not been examined for it; begin there: "
                "modelyard run --from examine"
            )
        return self.findings[gate]

    def missing(self, gate: str, metric: str) -> InputMissingError:
        """The error for a metric that was not measured."""
        measured = ", ".join(sorted(self.evaluation.metrics)) or "nothing"
        return InputMissingError(
            f"gate `{gate}` judges the metric {metric}, but {self.evaluation.report} (job {self.evaluation.job}) "
            f"holds only: {measured}"
        )
