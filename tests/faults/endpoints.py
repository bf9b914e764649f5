"""Endpoints and what belongs to them are unhealthy, or changed by others."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent.cloud.holds import Moment
from agent.errors import ExitCode
from tests.faults.case import NOTHING, Case
from tests.faults.scene import PROD, QA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.case import During, Strike
    from tests.faults.forge import Child
    from tests.faults.scene import Scene

_PROMOTE = ("promote", "RELEASE", "--to", "prod")


@contextmanager
def unhealthy(scene: Scene) -> Iterator[None]:
    """The endpoint's containers do not get healthy."""
    scene.world.cloud.fault("unhealthy", resource="steered-qa", count=100)
    yield
    scene.world.cloud.clear_faults()


def outside(change: Callable[[Any, Scene], object]) -> Strike:
    """Somebody changes what qa serves; nobody puts it back."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        change(scene.client("sagemaker", QA), scene)
        yield

    return strike


def delete_endpoint(sagemaker: Any, _scene: Scene) -> None:
    sagemaker.delete_endpoint(EndpointName="steered-qa")


@contextmanager
def without_config(scene: Scene) -> Iterator[None]:
    """The configuration that is live is deleted, without which SageMaker updates nothing; it is made again."""
    sagemaker = scene.client("sagemaker", QA)
    config = sagemaker.describe_endpoint(EndpointName="steered-qa")["EndpointConfigName"]
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    yield
    sagemaker.create_endpoint_config(
        **{name: described[name] for name in described if name in _members(sagemaker, "CreateEndpointConfig")}
    )


def _members(client: Any, operation: str) -> Any:
    return client.meta.service_model.operation_model(operation).input_shape.members


def delete_model(sagemaker: Any, _scene: Scene) -> None:
    config = sagemaker.describe_endpoint(EndpointName="steered-qa")["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    sagemaker.delete_model(ModelName=variant["ModelName"])


def newest_package(scene: Scene) -> str:
    """The last version of the project's model."""
    listed = scene.client("sagemaker").list_model_packages(
        ModelPackageGroupName="steered", SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )
    return str(listed["ModelPackageSummaryList"][0]["ModelPackageArn"])


@contextmanager
def rejected(scene: Scene) -> Iterator[None]:
    """The model package is rejected, and approved again."""
    sagemaker, package = scene.client("sagemaker"), newest_package(scene)
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
    yield
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")


@contextmanager
def deleted_before_it_is_released(scene: Scene) -> Iterator[During]:
    """The model package that a build has just registered is deleted, and nobody brings it back."""

    def during(agent: Child) -> None:
        scene.await_write(agent, "s3:PutObject", "/ledger/steps/release/", Moment.BEFORE)
        scene.client("sagemaker").delete_model_package(ModelPackageName=newest_package(scene))
        scene.world.cloud.hold(None)

    with scene.watching(Moment.BEFORE):
        yield during


@contextmanager
def away(scene: Scene) -> Iterator[None]:
    """SageMaker fails in production's account."""
    scene.world.cloud.fault("internal", operation="sagemaker:CreateEndpointConfig", account=PROD, count=1000)
    yield
    scene.world.cloud.clear_faults()


CASES = (
    Case(
        name="endpoint-unhealthy",
        step="deploy",
        what="the new endpoint's containers do not get healthy",
        strike=unhealthy,
        exit_code=ExitCode.USER_CODE_FAILED,
        noted="failed",
        says=("steered-qa", QA),
        fresh=True,
        rerun="makes the endpoint anew",
    ),
    Case(
        name="update-rolled-back",
        step="deploy",
        what="an update's containers do not get healthy, and SageMaker rolls it back",
        strike=unhealthy,
        exit_code=ExitCode.USER_CODE_FAILED,
        noted="failed",
        says=("steered-qa", QA),
        rerun="updates the endpoint again",
    ),
    *(
        Case(
            name=f"{what}-deleted",
            step="deploy",
            what=f"somebody deletes the {what.replace('-', ' ')} that is live",
            strike=outside(change),
            rerun="has nothing to do",
        )
        for what, change in {"endpoint": delete_endpoint, "model": delete_model}.items()
    ),
    Case(
        name="endpoint-configuration-deleted",
        step="deploy",
        what="somebody deletes the endpoint configuration that is live, without which SageMaker updates nothing",
        strike=without_config,
        exit_code=ExitCode.CLOUD_FAILED,
        noted="failed",
        says=("Could not find endpoint configuration", "steered-qa", QA),
        rerun="updates the endpoint, once the configuration is made again",
    ),
    Case(
        name="package-rejected",
        step="promote",
        what="the model package is rejected",
        strike=rejected,
        words=_PROMOTE,
        exit_code=ExitCode.INPUT_MISSING,
        noted="failed",
        says=("was rejected", "model-package/steered/"),
        asked=NOTHING,
    ),
    Case(
        name="package-deleted",
        step="deploy",
        what="somebody deletes the model package of a release that is about to be deployed",
        strike=deleted_before_it_is_released,
        exit_code=ExitCode.INPUT_MISSING,
        noted="failed",
        says=("is not in the model registry any more", "model-package/steered/", "run the pipeline again"),
        asked={"CreateTrainingJob": 1, "CreateModelPackage": 2},
        rerun="registers the model anew, and makes another release",
    ),
    Case(
        name="production-endpoint-busy",
        step="promote",
        what="production's endpoint cannot be made for the moment",
        strike=away,
        words=_PROMOTE,
        exit_code=ExitCode.TEMPORARY,
        noted="failed",
        says=(PROD, "try again later"),
        asked=NOTHING,
    ),
)
