"""Finds what an override is to be of: the verdict by which a gate refused one model, in a release or in a build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from agent.artifacts import Evaluation, Verdict
from agent.errors import InputMissingError, UsageError
from agent.ledger.runs import last_runs
from agent.naming import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.artifacts import Release
    from agent.ledger.ledger import Ledger
    from agent.ledger.runs import RunRecord

_GATE, _EVALUATE = "gate", "evaluate"
_FEWEST_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A gate's verdict of a ``model``, by the sha256 of its artifact, and who is behind that."""

    verdict: Verdict
    model: str
    authors: tuple[str, ...]
    commit: str
    release: str = ""

    @property
    def subject(self) -> str:
        """What was refused, as people call it."""
        return f"release {short(self.release)}" if self.release else f"commit {self.commit[:12]}"


def in_release(gate: str, digest: str, release: Release) -> Refusal:
    """What a gate said of a release; UsageError where it stands in nobody's way."""
    return Refusal(
        verdict=_blocking(gate, release.verdicts, f"release {short(digest)}"),
        model=release.model.sha256,
        authors=tuple(name for name in (release.who, release.commit.author) if name),
        commit=release.commit.sha,
        release=digest,
    )


def in_build(gate: str, commit: str, ledger: Ledger) -> Refusal:
    """What a gate said in the last build of a commit that has come to the gates.

    InputMissingError where there is none, UsageError where the gate stands in nobody's way.
    """
    if len(commit) < _FEWEST_DIGITS:
        raise UsageError(f"{commit!r} does not name a commit; give at least {_FEWEST_DIGITS} digits")
    for record in last_runs(ledger):
        if not record.commit.startswith(commit):
            continue
        judged = _judged(record)
        if judged is not None:
            verdicts, model = judged
            verdict = _blocking(gate, verdicts, f"commit {record.commit[:12]} (run {record.id})")
            return Refusal(verdict=verdict, model=model, authors=(record.who,), commit=record.commit)
    raise InputMissingError(
        f"no branch, tag or pull request has a last build of commit {commit} that came to its gates; start its build, "
        "and override what that says"
    )


def _judged(record: RunRecord) -> tuple[Sequence[Verdict], str] | None:
    """The verdicts of a run and the model that they are of, if it came so far and this version understands them."""
    try:
        verdicts = TypeAdapter(tuple[Verdict, ...]).validate_json(json.dumps(record.results[_GATE]["verdicts"]))
        evaluation = Evaluation.model_validate_json(json.dumps(record.results[_EVALUATE]["evaluation"]))
    except (KeyError, ValidationError):
        return None
    return verdicts, evaluation.model


def _blocking(gate: str, verdicts: Sequence[Verdict], where: str) -> Verdict:
    verdict = next((one for one in verdicts if one.gate == gate), None)
    if verdict is None:
        known = ", ".join(one.gate for one in verdicts) or "none"
        raise UsageError(f"{where} was judged by no gate {gate}; its gates are: {known}")
    if not verdict.blocks:
        what = "passed it" if verdict.passed else "was only warned by it"
        raise UsageError(f"there is nothing to override: {where} {what}: {verdict.reason}")
    return verdict
