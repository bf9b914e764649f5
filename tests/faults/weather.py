"""AWS is busy or away for a moment, for long, or has no machines: what is borne, and what ends a run as temporary."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.errors import ExitCode
from tests.faults.case import ONCE, TWICE, Case
from tests.faults.scene import BUCKET, QA, TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.case import Strike
    from tests.faults.scene import Scene

STRUCK = (
    "s3:GetObject", "s3:PutObject", "s3:ListBucket", "sts:AssumeRole", "ecr:BatchGetImage", "ecr:GetAuthorizationToken",
    "ecr:HEAD", "ecr:POST", "ecr:PATCH", "ecr:PUT", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob",
    "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:ListModelPackages",
    "sagemaker:CreateModelPackage", "sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:*Endpoint",
    "sagemaker:InvokeEndpoint", "logs:*", "application-autoscaling:*",
)  # fmt: skip
_EACH_ONCE = {**ONCE, "CreateModel": 1, "CreateEndpointConfig": 1}
_FOR_EVER = 100_000
_KINDS = {"throttling": "throttled", "internal": "met with an error of AWS's own", "cut": "cut off"}
_BUSY = {
    "sts:AssumeRole": ("preflight", "role/steered-pipeline"),
    "s3:PutObject": ("train", f"s3://{BUCKET}/ledger/"),
    "sagemaker:CreateModelPackage": ("register", "steered"),
    "sagemaker:UpdateEndpoint": ("deploy", "steered-qa"),
}
"""An operation, the step that finds it busy, and what the error names."""


def everything(kind: str) -> Strike:
    """Every operation fails for a moment; a push is tried again as a whole, and its requests share a budget."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        for operation in STRUCK:
            scene.world.cloud.fault(kind, operation=operation, count=1 if operation.startswith("ecr:") else 2)
        yield
        scene.world.cloud.clear_faults()

    return strike


def struck(kind: str, operation: str, count: int) -> Strike:
    """An operation fails so often; long waits are over at once."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        scene.world.cloud.fault(kind, operation=operation, count=count)
        scene.hurried = True
        yield
        scene.hurried = False
        scene.world.cloud.clear_faults()

    return strike


CASES = (
    *(
        Case(
            name=f"everything-{kind}",
            step="all",
            what=f"every operation is {how}, most of them twice",
            strike=everything(kind),
            asked=_EACH_ONCE,
            fresh=True,
            rerun="has nothing to do",
        )
        for kind, how in _KINDS.items()
    ),
    *(
        Case(
            name=f"busy-{operation.partition(':')[2]}",
            step=step,
            what=f"`{operation}` is throttled for long",
            strike=struck("throttling", operation, _FOR_EVER),
            exit_code=ExitCode.TEMPORARY,
            noted="failed" if step in {"register", "deploy"} else "",
            says=(operation, resource, QA if step == "deploy" else TOOLS, "try again later"),
        )
        for operation, (step, resource) in _BUSY.items()
    ),
    Case(
        name="machines-come-back",
        step="train",
        what="there are no machines for the training (`CapacityError`), a quarter of a minute later there are",
        strike=struck("capacity", "sagemaker:CreateTrainingJob", 1),
        asked=TWICE,
        rerun="has nothing to do",
    ),
    Case(
        name="no-machines",
        step="train",
        what="there are no machines for the training (`CapacityError`) in half an hour",
        strike=struck("capacity", "sagemaker:CreateTrainingJob", _FOR_EVER),
        exit_code=ExitCode.TEMPORARY,
        noted="failed",
        says=("AWS has no such machines free", "run again later"),
        asked={"CreateModelPackage": 1},
        rerun="starts another attempt",
    ),
    Case(
        name="quota-comes-back",
        step="train",
        what="the quota of machines is in use (`ResourceLimitExceeded`), a moment later it is not",
        strike=struck("limit", "sagemaker:CreateTrainingJob", 2),
        rerun="has nothing to do",
    ),
    Case(
        name="quota-stays-in-use",
        step="train",
        what="the quota of machines is in use (`ResourceLimitExceeded`) for half an hour",
        strike=struck("limit", "sagemaker:CreateTrainingJob", _FOR_EVER),
        exit_code=ExitCode.TEMPORARY,
        noted="failed",
        says=("ResourceLimitExceeded", TOOLS),
    ),
)
