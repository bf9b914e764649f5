"""SageMaker's front door: finds the operation, authorises, validates, runs it; unknown operations are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.cloud import validation
from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.endpoint_configs import EndpointConfigs
from agent.cloud.sagemaker.endpoints import Endpoints
from agent.cloud.sagemaker.invocation import Runtime
from agent.cloud.sagemaker.model_package_groups import ModelPackageGroups
from agent.cloud.sagemaker.model_packages import ModelPackages
from agent.cloud.sagemaker.models import Models
from agent.cloud.sagemaker.processing import ProcessingJobs
from agent.cloud.sagemaker.search import Search
from agent.cloud.sagemaker.serving import clear_leftovers
from agent.cloud.sagemaker.slots import Slots
from agent.cloud.sagemaker.tags import Tags
from agent.cloud.sagemaker.training import TrainingJobs
from agent.cloud.sagemaker.transform import TransformJobs
from agent.cloud.sagemaker.tuning import TuningJobs
from agent.cloud.service_models import service_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.identity import Call
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.endpoints import ScaledVariants
    from agent.cloud.sagemaker.operation import Members, Operation, Room


class SageMaker:
    """The control plane (``X-Amz-Target: SageMaker.…``)."""

    def __init__(self, platform: Platform, scaling: ScaledVariants) -> None:
        self._model = service_model("sagemaker")
        self._platform = platform
        self._tags = Tags(platform)
        groups = ModelPackageGroups(platform, self._tags)
        packages = ModelPackages(platform, self._tags, groups)
        models = Models(platform, self._tags, packages)
        configs = EndpointConfigs(platform, self._tags, models)
        self.endpoints = Endpoints(platform, self._tags, configs, models, scaling)
        self.runtime = Runtime(platform, self.endpoints, self._tags)
        slots = Slots()
        training = TrainingJobs(platform, self._tags, slots)
        tuning = TuningJobs(platform, self._tags, training)
        processing = ProcessingJobs(platform, self._tags, slots)
        transform = TransformJobs(platform, self._tags, slots, models)
        found_by_search = {
            "TrainingJob": training.documents,
            "HyperParameterTuningJob": tuning.documents,
            "Endpoint": self.endpoints.documents,
            "ModelPackageGroup": groups.documents,
            "ModelPackage": packages.documents,
            "Model": models.documents,
        }
        search = Search(self._model, self._tags, found_by_search)
        self._rooms: list[Room] = [
            self._tags,
            groups,
            packages,
            models,
            search,
            training,
            tuning,
            processing,
            transform,
            configs,
            self.endpoints,
        ]
        self.operations: Mapping[str, Operation] = {
            name: operation for room in self._rooms for name, operation in room.operations().items()
        }

    async def handle(self, call: Call, request: Members) -> Members:
        """The answer to one request; raises :class:`AwsError`."""
        operation = self.operations.get(call.operation)
        if operation is None:
            raise AwsError("UnknownOperationException", f"The operation {call.operation} is not served here.")
        shape = self._model.operation_model(call.operation).input_shape
        read = validation.read(shape, request) if shape is not None else {}
        self._authorize(call, operation, read)
        if shape is not None:
            validation.check(shape, read)
        return await operation.run(call, read)

    def _authorize(self, call: Call, operation: Operation, request: Members) -> None:
        resource = operation.resource(call, request)
        conditions = {f"aws:ResourceTag/{key}": value for key, value in self._tags.of_if_arn(resource).items()}
        conditions |= operation.conditions(request) if operation.conditions else {}
        policy = operation.policy(resource) if operation.policy else None
        call.require(f"sagemaker:{call.operation}", resource, conditions, policy)
        if request.get("Tags") and call.operation.startswith("Create"):
            # A dependent action, by the service authorization reference.
            call.require("sagemaker:AddTags", resource, conditions, policy)

    async def resume(self) -> None:
        """Take up what was running when the cloud last went down."""
        clear_leftovers(self._platform)
        for room in self._rooms:
            await room.resume()
