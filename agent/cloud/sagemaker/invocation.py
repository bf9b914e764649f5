"""SageMaker Runtime: invocations, routed to the fleets of an endpoint (``InvokeEndpoint`` and its kin).

Source: the API reference of SageMaker Runtime. This is the cloud's hot path.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from agent.cloud.deadlines import Deadlines
from agent.cloud.errors import AwsError
from agent.cloud.sagemaker import runtime_wire
from agent.cloud.sagemaker.async_inference import AsyncInference, config_of, wrong_type
from agent.cloud.sagemaker.capture import Capture, CaptureSource, Exchange
from agent.cloud.sagemaker.endpoint_metrics import Meter, Source
from agent.cloud.sagemaker.endpoint_records import Endpoint, EndpointStatus
from agent.cloud.sagemaker.fleet import BusyError
from agent.cloud.sagemaker.runtime_request import PREFIX, Invocation, invalid, read
from agent.cloud.sagemaker.serving import ContainerGoneError, ModelAnswer, ServingError

if TYPE_CHECKING:
    from agent.cloud.identity import Caller
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.endpoints import Endpoints
    from agent.cloud.sagemaker.hosting import Target
    from agent.cloud.sagemaker.tags import Tags
    from agent.cloud.wire import Request, Response

MODEL_SECONDS = 60.0
"""How long a container may take for an answer."""
_MOST_BYTES = 6_291_456
_MOST_BYTES_SERVERLESS = 4_194_304
_SERVING = frozenset({EndpointStatus.IN_SERVICE, EndpointStatus.UPDATING, EndpointStatus.ROLLING_BACK})
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container {0}. Review the latency metrics for each "
    "container in Amazon CloudWatch, resolve the issue, and try again."
)
_ACTIONS = {
    "invocations": "sagemaker:InvokeEndpoint",
    "invocations-response-stream": "sagemaker:InvokeEndpoint",
    "async-invocations": "sagemaker:InvokeEndpointAsync",
}
"""The action that each operation is authorised as; the API page of response streams names InvokeEndpoint."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A model's good answer and the variant that gave it."""

    answer: ModelAnswer
    variant: str


class Runtime:
    """The service behind ``/endpoints/…``; authenticates and authorises by itself."""

    def __init__(self, platform: Platform, endpoints: Endpoints, tags: Tags) -> None:
        self._platform = platform
        self._endpoints = endpoints
        self._tags = tags
        self._meter = Meter(platform)
        self._capture = Capture(platform)
        self._deadlines = Deadlines(platform)
        self._async = AsyncInference(platform, self._infer)

    async def respond(self, request: Request) -> Response:
        """The answer to one request."""
        try:
            return await self._respond(request)
        except AwsError as error:
            return runtime_wire.refuse(error, request.request_id)
        except Exception:
            logger.exception("%s failed", request.path)
            failure = AwsError("InternalFailure", "The embedded cloud failed; its log has the traceback.", 500)
            return runtime_wire.refuse(failure, request.request_id)

    async def _respond(self, request: Request) -> Response:
        started = time.perf_counter()
        caller = self._platform.identity.authenticate(request, "sagemaker")
        _, _, name, operation = (*request.path.split("/", 3), "")[:4]
        action = _ACTIONS.get(operation)
        if request.method != "POST" or action is None:
            raise AwsError("UnknownOperationException", f"{request.method} {request.path} is not served here.", 404)
        endpoint = self._find(caller, name, request, action)
        invocation = read(request, operation)
        if operation == "async-invocations":
            accepted = self._async.accept(endpoint, request.headers, invocation)
            return runtime_wire.accepted(accepted, request.request_id)
        if config_of(endpoint):
            raise wrong_type(endpoint)
        result = await self._invoke(endpoint, invocation, started=started)
        if operation == "invocations":
            return runtime_wire.answer(result.answer, result.variant, request.request_id)
        return runtime_wire.stream(result.answer, result.variant, request.request_id)

    def _find(self, caller: Caller, name: str, request: Request, action: str) -> Endpoint:
        """The endpoint, if the caller may invoke it and it is up."""
        arn = f"arn:aws:sagemaker:{caller.region}:{caller.account}:endpoint/{name.lower()}"
        conditions = {f"aws:ResourceTag/{key}": value for key, value in self._tags.of(arn).items()}
        if target := request.headers.get(f"{PREFIX}target-model"):
            conditions["sagemaker:TargetModel"] = target
        self._platform.identity.authorize(caller, action, arn, conditions)
        endpoint = self._endpoints.records.get(caller.account, caller.region, name)
        if endpoint is None or endpoint.status not in _SERVING:
            raise invalid(f"Endpoint {name} of account {caller.account} not found.")
        if target:
            raise invalid(f"Endpoint {name} is not a multi-model endpoint and does not support target model header.")
        return endpoint

    async def _infer(self, endpoint: Endpoint, invocation: Invocation, seconds: float) -> ModelAnswer:
        """One invocation out of an asynchronous endpoint's queue."""
        result = await self._invoke(endpoint, invocation, started=time.perf_counter(), seconds=seconds)
        return result.answer

    async def _invoke(
        self, endpoint: Endpoint, invocation: Invocation, *, started: float, seconds: float = MODEL_SECONDS
    ) -> Result:
        """The answer of the variant whose turn it is, metered and captured; raises ``ModelError`` for a bad one."""
        target = await self._target(endpoint, invocation)
        asked = time.perf_counter()
        answer = await self._ask(target, invocation, seconds)
        answered = time.perf_counter()
        self._meter.record(
            _source(endpoint, target),
            status=answer.status,
            instances=target.variant.count,
            model=(answered - asked) * 1e6,
            overhead=(asked - started + time.perf_counter() - answered) * 1e6,
        )
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise _model_error(endpoint, target, answer)
        self._capture_exchange(endpoint, target, invocation, answer)
        return Result(answer=answer, variant=target.variant.name)

    async def _target(self, endpoint: Endpoint, invocation: Invocation) -> Target:
        """Where the request goes; waits for an endpoint whose containers are still starting again."""
        hosted = self._endpoints.hosting.of(endpoint)
        if not hosted.routed.is_set():
            try:
                async with self._deadlines.within(MODEL_SECONDS):
                    await hosted.routed.wait()
            except TimeoutError:
                raise AwsError("ServiceUnavailable", "The endpoint's containers are still starting.", 503) from None
        target = hosted.next(invocation.target_variant)
        if target is None:
            raise invalid(f"Could not find variant {invocation.target_variant} of endpoint {endpoint.name}.")
        _refuse_size(invocation, target)
        _refuse_container(endpoint, target, invocation)
        for shadow in hosted.shadows:
            if shadow.take():
                self._platform.spawn(self._mirror(endpoint, shadow.target, invocation), f"shadow {endpoint.name}")
        return target

    async def _ask(self, target: Target, invocation: Invocation, seconds: float) -> ModelAnswer:
        """What the model answers; status 0 where it does not."""
        container = invocation.target_container
        try:
            await target.fleet.wake()
            async with self._deadlines.within(seconds):
                return await target.fleet.invoke(invocation.body, invocation.headers(), container)
        except TimeoutError:
            hostname = container or target.variant.model.containers[-1].hostname
            return _silence(_TIMED_OUT.format(hostname), hostname)
        except ContainerGoneError:
            hostname = container or target.variant.model.containers[-1].hostname
            return _silence("The container closed the connection before it had answered.", hostname)
        except BusyError:
            raise AwsError("ThrottlingException", "Rate exceeded") from None
        except ServingError as error:
            raise AwsError("InternalFailure", str(error), 500) from error

    async def _mirror(self, endpoint: Endpoint, shadow: Target, invocation: Invocation) -> None:
        """Send a copy to a shadow variant; its answer is metered and captured, and reaches nobody."""
        asked = time.perf_counter()
        try:
            answer = await self._ask(shadow, invocation, MODEL_SECONDS)
        except AwsError as error:
            logger.warning("shadow variant %s of %s: %s", shadow.variant.name, endpoint.arn, error)
            return
        self._meter.record(
            _source(endpoint, shadow),
            status=answer.status,
            instances=shadow.variant.count,
            model=(time.perf_counter() - asked) * 1e6,
            overhead=0.0,
        )
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            self._capture_exchange(endpoint, shadow, invocation, answer)

    def _capture_exchange(
        self, endpoint: Endpoint, target: Target, invocation: Invocation, answer: ModelAnswer
    ) -> None:
        config = target.generation.config.get("DataCaptureConfig")
        if not config or not config.get("EnableCapture", True):
            return
        source = CaptureSource(
            account=endpoint.account,
            region=endpoint.region,
            endpoint=endpoint.name,
            variant=target.variant.name,
            role_arn=target.variant.model.role_arn,
            destination=config["DestinationS3Uri"],
            kms_key_id=config.get("KmsKeyId"),
        )
        exchange = Exchange(
            inference_id=invocation.inference_id,
            custom_attributes=invocation.custom_attributes,
            time=self._platform.clock.now(),
            input=invocation.body,
            input_type=invocation.content_type,
            output=answer.body,
            output_type=answer.content_type,
        )
        self._capture.add(source, config, exchange)


def _refuse_size(invocation: Invocation, target: Target) -> None:
    most = _MOST_BYTES_SERVERLESS if target.variant.serverless else _MOST_BYTES
    if len(invocation.body) > most:
        raise invalid(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less "
            f"than or equal to {most}"
        )


def _refuse_container(endpoint: Endpoint, target: Target, invocation: Invocation) -> None:
    """A container is named if, and only if, the model's containers are invoked directly."""
    model, named = target.variant.model, invocation.target_container
    if not model.direct and named:
        raise invalid(
            f"Endpoint {endpoint.name} is not a multi-container endpoint with direct invocation and does not support "
            "target container hostname header."
        )
    hostnames = [container.hostname for container in model.containers]
    if model.direct and named not in hostnames:
        raise invalid(
            f"TargetContainerHostname must name a container of endpoint {endpoint.name}: {', '.join(hostnames)}."
        )


def _source(endpoint: Endpoint, target: Target) -> Source:
    return Source(
        account=endpoint.account,
        region=endpoint.region,
        endpoint=endpoint.name,
        variant=target.variant.name,
        config=target.generation.config_name,
    )


def _silence(message: str, hostname: str) -> ModelAnswer:
    return ModelAnswer(status=0, content_type="", custom_attributes=None, body=message.encode(), hostname=hostname)


def _model_error(endpoint: Endpoint, target: Target, answer: ModelAnswer) -> AwsError:
    """A bad answer, in SageMaker's words."""
    side = "client" if 400 <= answer.status < 500 else "server"
    original = answer.body.decode("utf-8", "replace")
    region, group = endpoint.region, target.fleet.log_group
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
    return AwsError(
        "ModelError",
        f'Received {side} error ({answer.status}) from {answer.hostname} with message "{original}". See {console} in '
        f"account {endpoint.account} for more information.",
        424,
        {
            "OriginalStatusCode": answer.status,
            "OriginalMessage": original,
            "LogStreamArn": f"arn:aws:logs:{region}:{endpoint.account}:log-group:{group}",
        },
    )
