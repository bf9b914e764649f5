"""What the build is made of, by ids to copy: commit, data, image, model, jobs, release, and where it is live."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.artifacts import DataSet, Image, Model, Sbom
from agent.report.build import Fact, Live
from agent.report.load import load_of
from agent.report.outcome import read, text
from agent.report.rated import rated_of
from agent.report.wording import number, size
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from agent.artifacts import Evaluation
    from agent.report.build import BuildFacts
    from agent.report.outcome import StageOutcome

_CHECKED = frozenset({"done", "failed"})
"""How a check ends that came to something."""


def data_of(outcomes: Sequence[StageOutcome]) -> dict[str, DataSet]:
    """All data sets by name, sources first."""
    found: dict[str, DataSet] = {}
    for outcome in outcomes:
        found |= read(outcome.result, "data", dict[str, DataSet]) or {}
    return found


def release_of(outcomes: Sequence[StageOutcome]) -> str:
    """Digest of the release that was made, or that a promotion is about; empty without one."""
    found = (text(outcome.result, "release") for outcome in outcomes)
    return next((release for release in found if release), "")


def lineage_facts(
    outcomes: Sequence[StageOutcome], facts: BuildFacts, evaluation: Evaluation | None, release: str
) -> tuple[Fact, ...]:
    """The ids, from the sources to the release."""
    return tuple(
        fact
        for part in (
            _commit(facts),
            (_data(name, data) for name, data in data_of(outcomes).items()),
            _image(outcomes),
            _model(outcomes),
            _evaluation(evaluation),
            _registered(outcomes),
            (Fact(label="Release", value=release),) if release else (),
            (Fact(label="Run", value=facts.id),),
        )
        for fact in part
    )


def live_of(outcomes: Sequence[StageOutcome]) -> tuple[Live, ...]:
    """Every deployment, with what its endpoint answered when it was asked right after."""
    found: list[Live] = []
    for outcome in outcomes:
        result = outcome.result
        if text(result, "endpoint") and text(result, "environment_name"):
            found.append(
                Live(
                    environment=text(result, "environment_name"),
                    release=text(result, "release"),
                    endpoint=text(result, "endpoint"),
                    replaced=text(result, "replaced"),
                    until=text(result, "expires"),
                )
            )
        elif outcome.step_name in {"check_endpoint", "check_preview"} and found and outcome.status in _CHECKED:
            found[-1] = _with_check(found[-1], outcome)
    return tuple(found)


def _with_check(live: Live, outcome: StageOutcome) -> Live:
    """The deployment with what its check came to; of one that failed, as far as it came."""
    result = outcome.result
    if outcome.status == "failed" and not result:
        return live
    missed = read(result, "missed", tuple[str, ...]) or ()
    checked = "it does not do what it must" if missed else _checked(result)
    return replace(
        live,
        checked=checked,
        load=load_of(result),
        rated=rated_of(result),
        measurements=text(result, "measurements"),
        missed=missed,
    )


def _checked(result: Mapping[str, Any]) -> str:
    requests, rows = read(result, "requests", int) or 0, read(result, "rows", int) or 0
    told = [f"{counted(requests, 'request')} answered as expected"] if requests else []
    metric, value = text(result, "metric"), read(result, "value", float)
    if metric and value is not None:
        told.append(f"{metric} {number(value)} on {counted(rows, 'held-out row')}")
    return ", ".join(told) or "it answers"


def _commit(facts: BuildFacts) -> Iterator[Fact]:
    if facts.commit:
        told = [
            facts.subject,
            f"by {facts.author}" if facts.author else "",
            "with local changes" if facts.dirty else "",
        ]
        yield Fact(label="Commit", value=facts.commit, note=", ".join(part for part in told if part))


def _data(name: str, data: DataSet) -> Fact:
    return Fact(label=f"Data: {name}", value=data.digest, note=f"{counted(data.files, 'file')}, {size(data.size)}")


def _image(outcomes: Sequence[StageOutcome]) -> Iterator[Fact]:
    for outcome in outcomes:
        image = read(outcome.result, "image", Image)
        if image is not None:
            yield Fact(label="Image", value=image.uri)
            sbom = read(outcome.result, "sbom", Sbom)
            if sbom is not None:
                yield Fact(label="SBOM", value=sbom.uri, note=f"CycloneDX, {counted(sbom.packages, 'package')}")
            return


def _model(outcomes: Sequence[StageOutcome]) -> Iterator[Fact]:
    for outcome in outcomes:
        model = read(outcome.result, "model", Model)
        if model is not None:
            yield Fact(label="Model", value=model.sha256, note="sha256 of model.tar.gz")
            yield Fact(label="Artifact", value=model.artifact)
            yield Fact(label="Training job", value=model.job)
            return


def _evaluation(evaluation: Evaluation | None) -> Iterator[Fact]:
    if evaluation is not None:
        yield Fact(label="Evaluation job", value=evaluation.job)
        yield Fact(label="Evaluation", value=evaluation.report)


def _registered(outcomes: Sequence[StageOutcome]) -> Iterator[Fact]:
    for outcome in outcomes:
        package = text(outcome.result, "package")
        if package:
            approval = text(outcome.result, "approval")
            yield Fact(label="Model package", value=package, note=approval)
            return
