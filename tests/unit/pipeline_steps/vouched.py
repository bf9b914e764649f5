"""A tumour model with everything that vouches for it, for tests that need one and care about one part of it."""

from __future__ import annotations

from typing import Any

from agent.artifacts import CommitInfo, DataSet, Evaluation, Image, Metric, Model, Release, Verdict

TOOLS = "111111111111"
BUCKET = f"tumour-{TOOLS}-us-east-1"
MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
IMAGE = Image(
    uri=f"{TOOLS}.dkr.ecr.us-east-1.amazonaws.com/tumour@sha256:{'1' * 64}",
    media_type=MEDIA_TYPE,
)
MODEL = Model(
    artifact=f"s3://{BUCKET}/models/tumour-train-0123456789ab/output/model.tar.gz",
    sha256="2" * 64,
    image=IMAGE,
    job="tumour-train-0123456789ab",
)
COMMIT = CommitInfo(sha="c" * 40, branch="main", author="Ada", subject="Grow more trees (#7)")
DATA = {
    name: DataSet(
        name=name,
        digest=digit * 64,
        manifest=f"s3://{BUCKET}/data/manifests/{digit * 64}.json",
        files=1,
        size=1000,
        content_type="text/csv",
    )
    for name, digit in (("training", "3"), ("evaluation", "4"))
}
PACKAGE = f"arn:aws:sagemaker:us-east-1:{TOOLS}:model-package/tumour/1"
PASSED = Verdict(
    gate="separates",
    metric="auc",
    value=0.98,
    limit=0.96,
    comparison="at least",
    passed=True,
    severity="block",
    reason="auc 0.98 is at least 0.96 (gate `separates`)",
)
REFUSED = PASSED.model_copy(
    update={"value": 0.9, "passed": False, "reason": "auc 0.9 is below the least allowed 0.96 (gate `separates`)"}
)


def evaluation(**metrics: float) -> Evaluation:
    """What the model achieves on the evaluation data."""
    return Evaluation(
        model=MODEL.sha256,
        data=DATA["evaluation"].digest,
        metrics={name: Metric(value=value) for name, value in (metrics or {"auc": 0.98, "recall": 0.95}).items()},
        report=f"s3://{BUCKET}/evaluations/tumour-evaluate-0123456789ab/evaluation.json",
        job="tumour-evaluate-0123456789ab",
    )


def release(**changes: Any) -> Release:
    """A release of that model."""
    whole: dict[str, Any] = {
        "project": "tumour",
        "commit": COMMIT,
        "data": DATA,
        "image": IMAGE,
        "model": MODEL,
        "hyperparameters": {"trees": "150"},
        "evaluation": evaluation(),
        "champions": {},
        "verdicts": (PASSED,),
        "package": PACKAGE,
        "build_url": "https://jenkins.example/job/tumour/7/",
        "run": "tumour-7",
        "who": "tumour #7",
    }
    return Release(**{**whole, **changes})
