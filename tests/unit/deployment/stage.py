"""A release, an environment and a run in memory, for tests of deployments that care about one thing each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.artifacts import CommitInfo, Evaluation, Image, Model, Release
from agent.config.environment import Environment
from agent.context import Context, RunInfo
from agent.deployment.order import Order
from agent.ledger.environments import Deployment
from agent.ledger.ledger import Ledger
from agent.ports.images import StoredImage
from tests.fakes import (
    EPOCH,
    FakeAccount,
    FakeAccounts,
    FakeBuilder,
    FakeClock,
    KeptReport,
    MemoryEndpoints,
    MemoryImages,
    MemoryObjects,
)

QA = "222222222222"
ENDPOINT = "tumour-qa"
RESOURCE = f"endpoint/{ENDPOINT}/variant/main"
ARN = f"arn:aws:sagemaker:us-east-1:{QA}:endpoint/{ENDPOINT}"
_MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def release(number: int = 1, image: str = "1") -> Release:
    """A release whose artifact is its own."""
    served = Image(
        uri=f"111111111111.dkr.ecr.us-east-1.amazonaws.com/tumour@sha256:{image * 64}", media_type=_MEDIA_TYPE
    )
    model = Model(
        artifact=f"s3://bucket/models/job-{number}/output/model.tar.gz",
        sha256=f"{number:064x}",
        image=served,
        job=f"job-{number}",
    )
    return Release(
        project="tumour",
        commit=CommitInfo(sha="c" * 40),
        data={},
        image=served,
        model=model,
        hyperparameters={},
        evaluation=Evaluation(model=model.sha256, data="d" * 64, metrics={}, report="", job="job"),
        champions={},
        verdicts=(),
        package="arn:aws:sagemaker:us-east-1:111111111111:model-package/tumour/1",
    )


def digest(number: int) -> str:
    """The digest of the release of that number."""
    return f"{number:064x}"


def environment(**changes: Any) -> Environment:
    """An environment with one instance; ``endpoint`` members are laid over its endpoint's."""
    endpoint = {"name": ENDPOINT, "instance": {"type": "ml.m5.large"}, **changes.pop("endpoint", {})}
    document = {
        "account": QA,
        "region": "us-east-1",
        "deploy_role": f"arn:aws:iam::{QA}:role/tumour-deploy",
        "external_id": "tumour-7f3a9c",
        "execution_role": f"arn:aws:iam::{QA}:role/tumour-hosting",
        "endpoint": {name: value for name, value in endpoint.items() if value is not None},
        **changes,
    }
    return Environment.model_validate_json(json.dumps(document))


def order(number: int = 1, **changes: Any) -> Order:
    """The release of that number, to ``qa``."""
    return Order(
        release=release(number), digest=digest(number), name="qa", environment=environment(**changes), action="deploy"
    )


def context(endpoints: MemoryEndpoints, objects: MemoryObjects, *, run: str = "run-1", key: str = "k" * 64) -> Context:
    """A run that works in the tools account and in ``qa``."""
    accounts = FakeAccounts(tools=FakeAccount(objects=objects), others={QA: FakeAccount(id=QA, endpoints=endpoints)})
    image = StoredImage(digest="sha256:1", media_type=_MEDIA_TYPE, size=1)
    return Context(
        accounts=accounts,
        ledger=Ledger(objects, "bucket"),
        builder=FakeBuilder(images=MemoryImages(), image=image),
        clock=FakeClock(),
        report=KeptReport(),
        run=RunInfo(id=run, who="tester", build_url=f"https://ci.example.com/{run}"),
        folder=Path(),
        key=key,
    )


def entry(number: int, **changes: Any) -> Deployment:
    """An entry of a history: the release of that number, deployed as ``config-<number>``."""
    return Deployment.model_validate(
        {
            "number": number,
            "environment": "qa",
            "release": digest(number),
            "action": "deploy",
            "status": "done",
            "run": "run-1",
            "who": "tester",
            "endpoint": ARN,
            "config": f"config-{number}",
            "settings": "s",
            "started": EPOCH,
            "ended": EPOCH,
            **changes,
        }
    )
