"""Builds that are over, as Jenkins tells of them: outcomes made of the steps' own results, so that both fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from agent.artifacts import (
    CommitInfo,
    DataSet,
    Evaluation,
    Image,
    JobUse,
    Metric,
    Model,
    Override,
    Release,
    Sbom,
    Verdict,
)
from agent.ledger.environments import Deployment
from agent.report.build import BuildFacts, Worked
from agent.report.building import build_report
from agent.report.outcome import StageOutcome
from agent.report.past import Past, PastRelease
from pipeline_steps import (
    build_image,
    check_endpoint,
    deploy,
    evaluate,
    gate,
    prepare,
    promote,
    release,
    snapshot_data,
    train,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.report.build import BuildReport
    from agent.step import StepModel

RELEASE, BEFORE = "5a" * 32, "4b" * 32
BETTER: Mapping[str, Any] = {"recall": "higher", "auc": "higher", "log_loss": "lower"}
IMAGE = Image(uri="111111111111.dkr.ecr.us-east-1.amazonaws.com/tumour@sha256:" + "ab" * 32, media_type="v2")
SBOM = Sbom(uri=f"s3://bucket/ledger/sboms/1/{'ab' * 32}/{'5b' * 32}.cdx.json", sha256="5b" * 32, packages=137)
MODEL = Model(
    artifact="s3://tumour-111111111111-us-east-1/models/tumour-train-3f2a1b9c8d7e/output/model.tar.gz",
    sha256="9c" * 32,
    image=IMAGE,
    job="tumour-train-3f2a1b9c8d7e",
)
CHECKED = check_endpoint.Result(
    requests=2, rows=100, metric="auc", value=0.99,
    load=200, error_rate=0.005, p50_ms=22.61, p99_ms=80.9, first_ms=312.4, cost=0.01234,
)  # fmt: skip

RATED: dict[str, Any] = {
    "requests": 0, "rows": 0, "evaluated": 1200, "measurements": "s3://bucket/evaluations/x/measurements.json",
    "metrics": {
        "auc": {"value": 0.95, "interval": {"low": 0.93, "high": 0.97, "level": 0.95}, "own": 0.99},
        "f1": {"value": 0.8, "interval": None, "own": None},
    },
}  # fmt: skip
"""What a check of an endpoint came to that evaluated the model through it."""


BEGAN, YESTERDAY = datetime(2026, 11, 27, 9, 1, tzinfo=UTC), datetime(2026, 11, 26, 9, tzinfo=UTC)
PRICES = {"ml.m5.2xlarge": 0.461, "ml.m5.large": 0.115}
WORKED = {"prepare": Worked(seconds=195, run="jenkins-tumour-build-PR-12-6", url="https://jenkins.example/6/")}


def use(job: str, subject: str = "", **changes: Any) -> JobUse:
    """What a job took of one small instance, or as ``changes`` have it."""
    given = {"instance_type": "ml.m5.large", "instance_count": 1, "started": BEGAN, **changes}
    return JobUse(job=job, subject=subject, **given)


def data(name: str, digit: str) -> DataSet:
    """A data set whose digest is one digit, repeated."""
    return DataSet(name=name, digest=digit * 64, manifest=f"s3://bucket/data/{name}", files=3, size=124_000)


PREPARED = prepare.Result(
    data={"evaluation": data("evaluation", "e")},
    job="tumour-prepare-1",
    jobs=(use("tumour-prepare-1", started=YESTERDAY, seconds=180),),
)


def evaluation(model: str = "9c" * 32, **metrics: float) -> Evaluation:
    """What a model achieves on the data set `evaluation`."""
    return Evaluation(
        model=model,
        data="e" * 64,
        metrics={name: Metric(value=value) for name, value in metrics.items()},
        report="s3://tumour-111111111111-us-east-1/evaluations/tumour-evaluate-0a1b2c3d4e5f/evaluation.json",
        job="tumour-evaluate-0a1b2c3d4e5f",
    )


def verdict(name: str, metric: str, value: float, limit: float, **changes: Any) -> Verdict:
    """What a gate says that passes, or as ``changes`` have it."""
    passed = changes.get("passed", True)
    reason = f"{metric} {value:g} is {'at least' if passed else 'below'} {limit:g} (gate `{name}`)"
    given = {"comparison": "at least", "passed": True, "severity": "block", "reason": reason, **changes}
    return Verdict(gate=name, metric=metric, value=value, limit=limit, **given)


def override() -> Override:
    """Grace's word, which counts until the end of the year."""
    until = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    return Override(by="grace", reason="seen with the clinic", at=datetime(2026, 11, 27, tzinfo=UTC), until=until)


def outcome(stage: str, result: StepModel | dict[str, Any] | None = None, **changes: Any) -> StageOutcome:
    """What a stage answered: done, or as ``changes`` have it."""
    document = {
        "contract": 1,
        "step": stage,
        "stage": stage,
        "title": stage.replace("_", " ").capitalize(),
        "status": "done",
        "key": "c" * 64,
        "seconds": 2.5,
        "result": result if isinstance(result, dict) else result.model_dump(mode="json") if result else {},
    }
    return StageOutcome.model_validate({**document, **changes})


def trained() -> list[StageOutcome]:
    """The stages up to the evaluation: recall 0.92 against 0.95 of the model in qa."""
    return [
        outcome(
            "snapshot_data",
            snapshot_data.Result(data={"tumour": data("tumour", "c")}, copied_files=1, copied_bytes=42_000),
        ),
        outcome("build_image", build_image.Result(image=IMAGE, sbom=SBOM), recalled=True),
        outcome("prepare", PREPARED, recalled=True, seconds=0.2),
        outcome(
            "train",
            train.Result(
                model=MODEL,
                metrics={"accuracy": 0.99},
                billable_seconds=201,
                jobs=(use(MODEL.job, seconds=240, billable_seconds=201, instance_type="ml.m5.2xlarge"),),
            ),
            seconds=262,
        ),
        outcome(
            "evaluate",
            evaluate.Result(
                evaluation=evaluation(recall=0.92, auc=0.9871, log_loss=0.13),
                champions={"qa": evaluation("8b" * 32, recall=0.95, auc=0.9853, log_loss=0.13)},
                jobs=(
                    use("tumour-evaluate-0a1b2c3d4e5f", "the candidate", seconds=95),
                    use("tumour-evaluate-9f8e7d6c5b4a", "the champion in qa", started=YESTERDAY, seconds=101),
                ),
            ),
        ),
    ]


def refused() -> list[StageOutcome]:
    """A build whose model loses to the deployed one, and only just warns about another metric."""
    verdicts = (
        verdict("misses-few", "recall", 0.92, 0.9),
        verdict("not-worse", "recall", 0.92, 0.94, passed=False),
        verdict("calibrated", "log_loss", 0.13, 0.12, passed=False, severity="warn", comparison="at most"),
    )
    result = gate.Result(verdicts=verdicts)
    return [*trained(), outcome("gate", result, status="refused", error=result.refusal)]


def passed() -> list[StageOutcome]:
    """A build of a pull request whose model is as good as it must be."""
    return [*trained(), outcome("gate", gate.Result(verdicts=(verdict("misses-few", "recall", 0.92, 0.9),)))]


def released() -> list[StageOutcome]:
    """A build of the main branch that came to its end."""
    live = deploy.Result(
        environment_name="qa",
        release=RELEASE,
        endpoint="arn:aws:sagemaker:us-east-1:222222222222:endpoint/tumour-qa",
        config="tumour-5a5a5a5a5a5a",
        replaced=BEFORE,
    )
    return [
        *passed(),
        outcome("release", release.Result(release=RELEASE, uri="s3://bucket/ledger/releases/5a")),
        outcome("deploy", live),
        outcome("check_endpoint", CHECKED),
    ]


def overridden() -> list[StageOutcome]:
    """A release of a model that somebody let pass one gate, and that another one keeps from production."""
    verdicts = (
        verdict("misses-few", "recall", 0.88, 0.9, passed=False, override=override()),
        verdict("not-worse", "auc", 0.9871, 0.99, passed=False, environments=("prod",)),
    )
    return [*trained(), outcome("gate", gate.Result(verdicts=verdicts)), *released()[-3:]]


def kept_out() -> list[StageOutcome]:
    """A promotion that a gate of the environment does not let pass."""
    why = "release 5a5a5a5a5a5a may not go to prod: auc 0.9871 is below 0.99 (gate `not-worse`)"
    refused = promote.Result.kept_out("prod", RELEASE, why)
    return [outcome("promote", refused, status="refused", error=why)]


def unfit() -> list[StageOutcome]:
    """A release whose endpoint is too slow, and answers otherwise than it was evaluated."""
    load = {"load": 20, "error_rate": 0.0, "p50_ms": 91.2, "p99_ms": 120.0}
    missed = ["50% of 20 requests, 4 at once, were answered within 91 ms, expected at most 40 ms"]
    found = RATED | load | {"missed": missed}
    return [*released()[:-1], outcome("check_endpoint", found, status="failed", error="too slow", exit_code=7)]


def failed() -> list[StageOutcome]:
    """A build whose training failed in the user's code, with the last lines of its log; the rest was not reached."""
    words = "the training job tumour-train-1 failed: ValueError: <missing>\nlast lines of its log:\n  in fit\n  in load"
    train_failed = outcome("train", status="failed", exit_code=7, error=words)
    return [*trained()[:3], train_failed, outcome("evaluate", status="not_run", seconds=None)]


def interrupted() -> list[StageOutcome]:
    """A build that was aborted while it trained."""
    told = "interrupted by SIGTERM; the training job tumour-train-1 goes on"
    return [*trained()[:3], outcome("train", status="interrupted", exit_code=130, error=told)]


def promotion() -> list[StageOutcome]:
    """A promotion that somebody approved; results of the steps of the promotion as the contract has them."""
    changes = [
        {
            "topic": "metrics",
            "name": "recall",
            "live": "0.95",
            "wanted": "0.97",
            "judgement": "better",
            "note": "+0.02",
        },
        {"topic": "data", "name": "training", "live": "c1c1", "wanted": "d4d4", "judgement": "changed", "note": ""},
    ]
    review = {
        "release": RELEASE,
        "environment_name": "prod",
        "action": "promote",
        "title": "Promote release 5a5a5a5a5a5a to prod, in place of 4b4b4b4b4b4b",
        "lines": ["recall  0.95  0.97  better"],
        "changes": changes,
        "proved": [
            {
                "environment_name": "qa",
                "since": "2026-11-26T09:30:00Z",
                "who": "ada",
                "checked": "2026-11-26T09:31:00Z",
                "passed": True,
                "found": "auc 0.99 on 100 rows; half of 200 requests answered within 23 ms, 99 of 100 within 81 ms",
            }
        ],
        "needs_approval": True,
        "author": "ada",
    }
    approve = {"by": "grace", "reason": "seen with the clinic, ticket 42", "at": "2026-11-27T09:30:00Z"}
    live = {**released()[-2].result, "environment_name": "prod"}
    return [outcome("review", review), outcome("approve", approve), outcome("promote", live)]


def past() -> Past:
    """What production had: a release, a better one, one on other rows, and the second again, which is live."""
    measured = ((0.91, 0.97, "e"), (0.95, 0.9853, "e"), (0.96, 0.981, "f"))
    releases = [
        _past_release(evaluation(recall=recall, auc=auc).model_copy(update={"data": rows * 64}))
        for recall, auc, rows in measured
    ]
    entries = [
        PastRelease(
            deployment=_deployment(number, digest * 32, "rollback" if number == 4 else "promote"),
            release=releases[index],
            live=number == 4,
        )
        for number, index, digest in ((1, 0, "3c"), (2, 1, "4b"), (3, 2, "6d"), (4, 1, "4b"))
    ]
    return Past(environment="prod", entries=tuple(entries))


def _past_release(measured: Evaluation) -> Release:
    return Release(
        project="tumour",
        commit=CommitInfo(sha="f" * 40, subject="more trees"),
        data={},
        image=IMAGE,
        model=MODEL,
        hyperparameters={},
        evaluation=measured,
        champions={},
        verdicts=(verdict("misses-few", "recall", 0.95, 0.9),),
        package="arn:aws:sagemaker:us-east-1:111111111111:model-package/tumour/1",
    )


def _deployment(number: int, digest: str, action: Literal["promote", "rollback"]) -> Deployment:
    ended = datetime(2026, 11, 20 + number, 9, tzinfo=UTC)
    return Deployment(
        number=number,
        environment="prod",
        release=digest,
        action=action,
        status="done",
        run=f"promote-{number}",
        who="ada",
        endpoint="arn:aws:sagemaker:us-east-1:333333333333:endpoint/tumour-prod",
        config=f"tumour-{digest[:12]}",
        settings="s",
        started=ended,
        ended=ended,
    )


def facts(**changes: Any) -> BuildFacts:
    """Build 7 of a pull request, or as ``changes`` have it."""
    given: dict[str, Any] = {
        "project": "tumour",
        "kind": "run",
        "id": "jenkins-tumour-build-PR-12-7",
        "who": "ada",
        "url": "https://jenkins.example/job/tumour/job/build/job/PR-12/7/",
        "branch": "better-trees",
        "pull_request": 12,
        "commit": "f" * 40,
        "author": "Ada",
        "subject": "more trees",
        "started": datetime(2026, 11, 27, 9, 0, tzinfo=UTC),
        "ended": datetime(2026, 11, 27, 9, 7, 30, tzinfo=UTC),
    }
    return BuildFacts(**{**given, **changes})


def report(outcomes: Sequence[StageOutcome], result: str = "", past: Past | None = None, **changes: Any) -> BuildReport:
    """The report of a build."""
    made = build_report(facts(**changes), outcomes, result=result, better=BETTER, prices=PRICES)
    return replace(made, past=past)
