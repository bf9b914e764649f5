"""SageMaker's hosting with one identity's permissions: what steps read of endpoints and change about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError

from agent.aws.refusals import code, refusals
from agent.errors import InputMissingError, ModelyardError, TemporaryError, UserCodeFailedError
from agent.ports.endpoints import Answer, EndpointState, ScalingState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from agent.aws.sessions import Clients
    from agent.ports.endpoints import Request

_PAGE = 100
_ANSWERS = 3
"""How often an endpoint is asked whose answers are cut off."""
_LOGS = "/aws/sagemaker/Endpoints/"
_STREAMS = 3
"""How many log streams are read for a failure: one instance's are enough to see why."""
_ALARMS_AT_ONCE = 100
"""DescribeAlarms and DeleteAlarms take so many names."""
_SCALING = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


class SageMakerEndpoints:
    """An :class:`agent.ports.endpoints.Endpoints` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def describe(self, name: str) -> EndpointState | None:
        """``DescribeEndpoint``."""
        answer = self._describe("DescribeEndpoint", name, self._sagemaker.describe_endpoint, EndpointName=name)
        return None if answer is None else _state(answer)

    def create_model(self, request: Request) -> bool:
        """``CreateModel``."""
        return self._create("CreateModel", request["ModelName"], self._sagemaker.create_model, request)

    def describe_model(self, name: str) -> Request | None:
        """``DescribeModel``."""
        answer: Request | None = self._describe("DescribeModel", name, self._sagemaker.describe_model, ModelName=name)
        return answer

    def create_config(self, request: Request) -> bool:
        """``CreateEndpointConfig``."""
        name = request["EndpointConfigName"]
        return self._create("CreateEndpointConfig", name, self._sagemaker.create_endpoint_config, request)

    def describe_config(self, name: str) -> Request | None:
        """``DescribeEndpointConfig``."""
        ask = self._sagemaker.describe_endpoint_config
        answer: Request | None = self._describe("DescribeEndpointConfig", name, ask, EndpointConfigName=name)
        return answer

    def create(self, request: Request) -> bool:
        """``CreateEndpoint``."""
        return self._create("CreateEndpoint", request["EndpointName"], self._sagemaker.create_endpoint, request)

    def update(self, request: Request) -> bool:
        """``UpdateEndpoint``."""
        with self._refusals("sagemaker:UpdateEndpoint", request["EndpointName"]):
            try:
                self._sagemaker.update_endpoint(**request)
            except ClientError as error:
                if not _says(error, "in-progress"):
                    raise
                return False
        return True

    def delete_model(self, name: str) -> None:
        """``DeleteModel``."""
        self._describe("DeleteModel", name, self._sagemaker.delete_model, ModelName=name)

    def delete_config(self, name: str) -> None:
        """``DeleteEndpointConfig``."""
        remove = self._sagemaker.delete_endpoint_config
        self._describe("DeleteEndpointConfig", name, remove, EndpointConfigName=name)

    def delete(self, name: str) -> None:
        """``DeleteEndpoint``; one that somebody else is deleting is left to go."""
        with self._refusals("sagemaker:DeleteEndpoint", name):
            try:
                self._sagemaker.delete_endpoint(EndpointName=name)
            except ClientError as error:
                if not (_says(error, "Could not find") or (_says(error, "in-progress") and self._goes(name))):
                    raise

    def names(self, prefix: str) -> Iterator[str]:
        """``ListEndpoints``."""
        return self._list("list_endpoints", "Endpoints", "EndpointName", prefix)

    def tags(self, arn: str) -> Mapping[str, str]:
        """``ListTags``."""
        with self._refusals("sagemaker:ListTags", arn):
            try:
                pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
                return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
            except ClientError as error:
                if not _says(error, "Could not find"):
                    raise
                return {}

    def add_tags(self, request: Request) -> None:
        """``AddTags``."""
        with self._refusals("sagemaker:AddTags", request["ResourceArn"]):
            self._sagemaker.add_tags(**request)

    def configs(self, prefix: str) -> Iterator[str]:
        """``ListEndpointConfigs``."""
        return self._list("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", prefix)

    def models(self, prefix: str) -> Iterator[str]:
        """``ListModels``."""
        return self._list("list_models", "Models", "ModelName", prefix)

    def invoke(self, name: str, body: bytes, *, content_type: str, accept: str | None = None) -> Answer:
        """``InvokeEndpoint``."""
        request = {"EndpointName": name, "Body": body, "ContentType": content_type}
        if accept is not None:
            request["Accept"] = accept
        with self._refusals("sagemaker:InvokeEndpoint", name):
            try:
                return self._whole_answer(request)
            except ClientError as error:
                told = self._not_answered(name, error)
                if told is None:
                    raise
                raise told from error

    def _whole_answer(self, request: Request) -> Answer:
        """An answer to its end; the endpoint is asked again if it is cut off, which boto3 does only for its head."""
        for further in reversed(range(_ANSWERS)):
            answer = self._clients.client("sagemaker-runtime").invoke_endpoint(**request)
            try:
                return Answer(
                    body=answer["Body"].read(),
                    content_type=answer.get("ContentType", ""),
                    variant=answer.get("InvokedProductionVariant", ""),
                )
            except (ResponseStreamingError, IncompleteReadError):
                if not further:
                    raise
        raise AssertionError("the last answer is returned or raised")

    def last_lines(self, name: str, count: int, *, since: datetime | None = None) -> Sequence[str]:
        """``DescribeLogStreams`` and ``GetLogEvents`` of ``/aws/sagemaker/Endpoints/NAME``."""
        logs, group = self._clients.client("logs"), f"{_LOGS}{name}"
        with self._refusals("logs:GetLogEvents", group):
            try:
                found = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)
            except ClientError as error:
                if code(error) != "ResourceNotFoundException":
                    raise
                return ()
            streams = [stream for stream in found["logStreams"] if _began(stream, since)][:_STREAMS]
            events = [
                event
                for stream in streams
                for event in logs.get_log_events(
                    logGroupName=group, logStreamName=stream["logStreamName"], limit=count, startFromHead=False
                )["events"]
            ]
        ordered = sorted(events, key=lambda event: int(event["timestamp"]))
        return tuple(str(event["message"]).rstrip("\n") for event in ordered[-count:])

    def put_alarm(self, request: Request) -> None:
        """``PutMetricAlarm``."""
        with self._refusals("cloudwatch:PutMetricAlarm", request["AlarmName"]):
            self._clients.client("cloudwatch").put_metric_alarm(**request)

    def firing(self, names: Sequence[str]) -> Sequence[str]:
        """``DescribeAlarms``."""
        if not names:
            return ()
        with self._refusals("cloudwatch:DescribeAlarms", ", ".join(names)):
            answer = self._clients.client("cloudwatch").describe_alarms(
                AlarmNames=list(names)[:_ALARMS_AT_ONCE], StateValue="ALARM"
            )
        return tuple(str(alarm["AlarmName"]) for alarm in answer["MetricAlarms"])

    def delete_alarms(self, names: Sequence[str]) -> None:
        """``DeleteAlarms``."""
        with self._refusals("cloudwatch:DeleteAlarms", ", ".join(names)):
            self._clients.client("cloudwatch").delete_alarms(AlarmNames=list(names)[:_ALARMS_AT_ONCE])

    def scaling(self, resource: str) -> ScalingState | None:
        """``DescribeScalableTargets`` and ``DescribeScalingPolicies``."""
        with self._refusals("application-autoscaling:DescribeScalableTargets", resource):
            found = self._autoscaling.describe_scalable_targets(**_SCALING, ResourceIds=[resource])["ScalableTargets"]
        if not found:
            return None
        with self._refusals("application-autoscaling:DescribeScalingPolicies", resource):
            policies = self._autoscaling.describe_scaling_policies(**_SCALING, ResourceId=resource)["ScalingPolicies"]
        return ScalingState(
            min_count=found[0]["MinCapacity"],
            max_count=found[0]["MaxCapacity"],
            policies={
                policy["PolicyName"]: policy.get("TargetTrackingScalingPolicyConfiguration", {}) for policy in policies
            },
        )

    def register_scaling(self, request: Request) -> None:
        """``RegisterScalableTarget``."""
        with self._refusals("application-autoscaling:RegisterScalableTarget", request["ResourceId"]):
            self._autoscaling.register_scalable_target(**request)

    def put_scaling_policy(self, request: Request) -> None:
        """``PutScalingPolicy``."""
        with self._refusals("application-autoscaling:PutScalingPolicy", request["ResourceId"]):
            self._autoscaling.put_scaling_policy(**request)

    def deregister_scaling(self, request: Request) -> None:
        """``DeregisterScalableTarget``."""
        with self._refusals("application-autoscaling:DeregisterScalableTarget", request["ResourceId"]):
            try:
                self._autoscaling.deregister_scalable_target(**request)
            except ClientError as error:
                if code(error) != "ObjectNotFoundException":
                    raise

    def _goes(self, name: str) -> bool:
        state = self.describe(name)
        return state is None or state.status == "Deleting"

    # --- how requests are made ---------------------------------------------------------------------------------

    @property
    def _sagemaker(self) -> Any:
        return self._clients.client("sagemaker")

    @property
    def _autoscaling(self) -> Any:
        return self._clients.client("application-autoscaling")

    def _describe(self, operation: str, name: str, ask: Callable[..., Any], **request: str) -> Any:
        """What an operation on something answers; None where there is no such thing."""
        with self._refusals(f"sagemaker:{operation}", name):
            try:
                return ask(**request)
            except ClientError as error:
                if not _says(error, "Could not find"):
                    raise
                return None

    def _create(self, operation: str, name: str, create: Callable[..., Any], request: Request) -> bool:
        with self._refusals(f"sagemaker:{operation}", name):
            try:
                create(**request)
            except ClientError as error:
                if not _says(error, "already existing"):
                    raise
                return False
        return True

    def _list(self, operation: str, member: str, name: str, prefix: str) -> Iterator[str]:
        action = f"sagemaker:{''.join(word.title() for word in operation.split('_'))}"
        with self._refusals(action, f"{prefix}*"):
            pages = self._sagemaker.get_paginator(operation).paginate(
                NameContains=prefix, PaginationConfig={"PageSize": _PAGE}
            )
            for page in pages:
                yield from (entry[name] for entry in page[member] if entry[name].startswith(prefix))

    def _refusals(self, action: str, resource: str) -> AbstractContextManager[None]:
        return refusals(action, resource, account=self._account, region=self._clients.region)

    def _not_answered(self, name: str, error: ClientError) -> ModelyardError | None:
        """What a failed invocation stands for, where the service's code alone does not tell."""
        where = f"endpoint {name} in account {self._account}, {self._clients.region}"
        response: Mapping[str, Any] = error.response
        if code(error) == "ModelError":
            status, said = response.get("OriginalStatusCode"), response.get("OriginalMessage", "")
            told = f"its model answered {status}: {said}" if status else response["Error"].get("Message", "")
            return UserCodeFailedError(f"{where}: {told}")
        if code(error) == "ModelNotReadyException":
            return TemporaryError(f"{where} is not ready yet; try again in a minute")
        if _says(error, "not found", "ValidationError"):
            return InputMissingError(f"there is no {where}: deploy to it first")
        return None


def _says(error: ClientError, words: str, expected: str = "ValidationException") -> bool:
    """SageMaker has one code for every refusal of a request; only its words tell which."""
    return code(error) == expected and words in str(error)


def _state(answer: Mapping[str, Any]) -> EndpointState:
    pending = answer.get("PendingDeploymentSummary") or {}
    variants = answer.get("ProductionVariants") or []
    return EndpointState(
        name=answer["EndpointName"],
        arn=answer["EndpointArn"],
        status=answer["EndpointStatus"],
        config=answer["EndpointConfigName"],
        pending_config=pending.get("EndpointConfigName"),
        failure_reason=answer.get("FailureReason", ""),
        images={
            variant["VariantName"]: image.get("ResolvedImage") or image.get("SpecifiedImage", "")
            for variant in variants
            for image in variant.get("DeployedImages", [])[:1]
        },
        desired_instances={variant["VariantName"]: variant.get("DesiredInstanceCount") for variant in variants},
        changing_since=pending.get("StartTime") or answer.get("LastModifiedTime"),
    )


def _began(stream: Mapping[str, Any], since: datetime | None) -> bool:
    """Whether a stream's first line was written since then; one without lines has nothing to tell."""
    first = stream.get("firstEventTimestamp")
    if first is None:
        return False
    return since is None or datetime.fromtimestamp(first / 1000, UTC).replace(microsecond=0) >= since.replace(
        microsecond=0
    )
