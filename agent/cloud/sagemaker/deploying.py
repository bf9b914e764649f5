"""Carries out deployments, scaling and removal of endpoints, and takes them up again after a restart of the cloud."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from agent.cloud.faults import FaultKind
from agent.cloud.sagemaker import deployments
from agent.cloud.sagemaker.deployments import Progress, Sight, Stage
from agent.cloud.sagemaker.endpoint_records import Endpoint, EndpointStatus, Generation, Pending
from agent.cloud.sagemaker.fleet import NO_CAPACITY, Fleet
from agent.cloud.sagemaker.serving import ServingError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.hosting import Hosted, Hosting, Key
    from agent.cloud.store import Collection

_ALARM_SECONDS = 10.0
"""How often alarms are looked at while a deployment bakes."""
_RETRY_SECONDS = 10.0
_OUR_FAULT = "Request to service failed. If failure persists after retry, contact customer support."
logger = logging.getLogger(__name__)


class Deployer:
    """The only one who changes an endpoint's record and fleets once it has been created."""

    def __init__(self, platform: Platform, records: Collection[Endpoint], hosting: Hosting) -> None:
        self._platform = platform
        self._records = records
        self._hosting = hosting
        self._workers: dict[Key, asyncio.Task[None]] = {}

    def start(self, endpoint: Endpoint) -> None:
        """Work on an endpoint until it is in a steady state, from wherever its record says that it stands."""
        key = _key(endpoint)
        self._spawn(endpoint, self._follow(self._workers.get(key), key))

    def resume(self) -> None:
        """Give every endpoint its containers back, and go on with what was under way."""
        for endpoint in self._records.every():
            self._spawn(endpoint, self._restore(_key(endpoint)))

    def _spawn(self, endpoint: Endpoint, work: Coroutine[object, object, None]) -> None:
        worker = self._platform.spawn(work, f"endpoint {endpoint.account} {endpoint.name}")
        self._workers[_key(endpoint)] = worker

    async def _follow(self, previous: asyncio.Task[None] | None, key: Key) -> None:
        """Wait for earlier work, such as restoring the endpoint after a restart; deletion does not wait for that."""
        if previous is not None and not previous.done():
            if self._endpoint(key).status is EndpointStatus.DELETING:
                previous.cancel()
            await asyncio.wait({previous})
        await self._work(key)

    async def _work(self, key: Key) -> None:
        endpoint = self._endpoint(key)
        if endpoint.status is EndpointStatus.DELETING:
            await self._remove(endpoint)
        elif endpoint.pending is not None:
            await self._deploy(key)
        elif endpoint.status in {EndpointStatus.UPDATING, EndpointStatus.ROLLING_BACK}:
            await self._rescale(key)

    async def _restore(self, key: Key) -> None:
        endpoint = self._endpoint(key)
        live = endpoint.live
        if live is not None and endpoint.status is not EndpointStatus.DELETING:
            hosted = self._hosting.of(endpoint)
            while failure := await self._start_fleets(endpoint, live, hosted):
                logger.warning("%s cannot serve again yet: %s", endpoint.arn, failure)
                await self._platform.clock.sleep(_RETRY_SECONDS)
            hosted.route([(live, 1.0)])
        await self._work(key)

    # --- deployments -------------------------------------------------------------------------------------------

    async def _deploy(self, key: Key) -> None:
        """Bring the endpoint's pending deployment to its end."""
        endpoint, pending = self._with_pending(key)
        provisioning = asyncio.ensure_future(self._provision(endpoint, pending))
        try:
            if pending.progress.stage in {Stage.BAKING, Stage.TERMINATING} and not await provisioning:
                await self._enter(key, pending.progress)  # taken up after a restart
            while not (progress := self._with_pending(key)[1].progress).over:
                moved = deployments.advance(pending.plan, progress, self._look(endpoint, progress, provisioning))
                if moved is progress:
                    await self._pause(pending, progress, provisioning)
                    continue
                if moved.stage is Stage.ROLLING_BACK:
                    await _give_up(provisioning)
                await self._enter(key, moved)
        finally:
            await _give_up(provisioning)
        await self._conclude(key)

    async def _provision(self, endpoint: Endpoint, pending: Pending) -> str:
        """Start the new fleets; why that failed, or nothing."""
        if pending.progress.stage is Stage.ROLLING_BACK:
            return ""
        action = "sagemaker:UpdateEndpoint" if endpoint.live else "sagemaker:CreateEndpoint"
        if self._strikes(FaultKind.CAPACITY, action, endpoint):
            return NO_CAPACITY
        healthy = not self._strikes(FaultKind.UNHEALTHY, action, endpoint)
        return await self._start_fleets(endpoint, pending.generation, self._hosting.of(endpoint), healthy=healthy)

    async def _start_fleets(
        self, endpoint: Endpoint, generation: Generation, hosted: Hosted, *, healthy: bool = True
    ) -> str:
        for variant in generation.variants:
            fleet = Fleet(self._platform, endpoint.name, variant, healthy=healthy)
            hosted.fleets[generation.number, variant.name] = fleet
        fleets = hosted.fleets_of(generation)
        failures = [e for e in await asyncio.gather(*(f.start() for f in fleets), return_exceptions=True) if e]
        for failure in failures:
            if not isinstance(failure, ServingError):
                logger.error("%s could not be deployed", endpoint.arn, exc_info=failure)
        return next((_reason(failure) for failure in failures), "")

    def _look(self, endpoint: Endpoint, progress: Progress, provisioning: asyncio.Future[str]) -> Sight:
        ended = provisioning.done() and not provisioning.cancelled()
        failure = provisioning.result() if ended else ""
        return Sight(
            now=self._platform.clock.time(),
            healthy=ended and not failure,
            failure=failure,
            tripped=self._tripped(endpoint, progress),
            reverted=progress.stage is Stage.ROLLING_BACK,
        )

    def _tripped(self, endpoint: Endpoint, progress: Progress) -> tuple[str, ...]:
        names = endpoint.pending.plan.alarms if endpoint.pending else ()
        if not names or progress.stage not in {Stage.BAKING, Stage.TERMINATING}:
            return ()
        states = self._platform.telemetry.alarm_states(endpoint.account, endpoint.region, names)
        return tuple(name for name in names if states.get(name) == "ALARM")

    async def _pause(self, pending: Pending, progress: Progress, provisioning: asyncio.Future[str]) -> None:
        """Until time, an alarm or the new fleet may have changed something."""
        until = deployments.due(pending.plan, progress)
        if pending.plan.alarms and progress.stage is not Stage.PROVISIONING:
            until = min(until, self._platform.clock.time() + _ALARM_SECONDS)
        timer = asyncio.ensure_future(self._platform.clock.sleep_until(until))
        events: set[asyncio.Future[None] | asyncio.Future[str]] = {timer}
        if not provisioning.done():
            events.add(provisioning)
        try:
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()

    async def _enter(self, key: Key, progress: Progress) -> None:
        """Make the world as the deployment's new state says."""
        endpoint, pending = self._with_pending(key)
        hosted = self._hosting.of(endpoint)
        generation = pending.generation
        if progress.stage in {Stage.BAKING, Stage.TERMINATING}:
            generation = _as_deployed(generation, hosted)
        pending = pending.model_copy(update={"progress": progress, "generation": generation})
        rolling_back = progress.stage is Stage.ROLLING_BACK and endpoint.live is not None
        status = EndpointStatus.ROLLING_BACK if rolling_back else endpoint.status
        self._save(endpoint, pending=pending, status=status)
        part = deployments.share(pending.plan, progress)
        if endpoint.live is not None or part:
            old = [(endpoint.live, 1.0 - part)] if endpoint.live is not None else []
            hosted.route([*old, (generation, part)])
        if progress.stage is Stage.ROLLING_BACK:
            await _stop(hosted.forget(generation))

    async def _conclude(self, key: Key) -> None:
        """Make the deployment's end the endpoint's state; the fleets that are not needed any more end."""
        endpoint, pending = self._with_pending(key)
        if pending.progress.stage is Stage.ROLLED_BACK:
            status = EndpointStatus.FAILED if endpoint.live is None else EndpointStatus.IN_SERVICE
            self._save(
                endpoint,
                status=status,
                pending=None,
                failure_reason=pending.progress.reason[:1024],
                last_deployment=pending.deployment,
            )
            return
        self._save(
            endpoint,
            status=EndpointStatus.IN_SERVICE,
            live=pending.generation,
            pending=None,
            config_name=pending.generation.config_name,
            failure_reason=None,
            last_deployment=pending.deployment,
        )
        if endpoint.live is not None:
            old = self._hosting.of(endpoint).forget(endpoint.live)
            self._platform.spawn(_stop(old), f"old fleet of endpoint {endpoint.account} {endpoint.name}")

    # --- scaling and removal -----------------------------------------------------------------------------------

    async def _rescale(self, key: Key) -> None:
        """Give every variant the instances and the weight that are desired, or go back to what it had."""
        endpoint = self._endpoint(key)
        live, hosted = endpoint.live, self._hosting.of(endpoint)
        if live is None:
            raise RuntimeError(f"{endpoint.arn} has nothing to scale")
        action = "sagemaker:UpdateEndpointWeightsAndCapacities"
        failure = NO_CAPACITY if self._strikes(FaultKind.CAPACITY, action, endpoint) else ""
        if not failure:
            failure = await self._apply(live, hosted)
        if failure:
            endpoint = self._save(endpoint, status=EndpointStatus.ROLLING_BACK)
            live = _reverted(live)
            await self._apply(live, hosted)
        live = _as_deployed(live, hosted)
        hosted.route([(live, 1.0)])
        self._save(endpoint, status=EndpointStatus.IN_SERVICE, live=live, failure_reason=failure or None)

    async def _apply(self, live: Generation, hosted: Hosted) -> str:
        try:
            for variant in live.variants:
                await hosted.fleets[live.number, variant.name].become(variant)
        except ServingError as error:
            return str(error)
        return ""

    async def _remove(self, endpoint: Endpoint) -> None:
        hosted = self._hosting.of(endpoint)
        await _stop(list(hosted.fleets.values()))
        self._hosting.drop(endpoint)
        self._records.delete(endpoint)

    # --- records -----------------------------------------------------------------------------------------------

    def _strikes(self, kind: FaultKind, action: str, endpoint: Endpoint) -> bool:
        return self._platform.faults.take([kind], action, endpoint.account, endpoint.name) is not None

    def _endpoint(self, key: Key) -> Endpoint:
        endpoint = self._records.get(*key)
        if endpoint is None:
            raise RuntimeError(f"endpoint {key} disappeared while it was worked on")
        return endpoint

    def _with_pending(self, key: Key) -> tuple[Endpoint, Pending]:
        endpoint = self._endpoint(key)
        if endpoint.pending is None:
            raise RuntimeError(f"{endpoint.arn} has no deployment under way")
        return endpoint, endpoint.pending

    def _save(self, endpoint: Endpoint, **changes: object) -> Endpoint:
        """The endpoint's record with changes, kept; ``LastModifiedTime`` moves with it."""
        return self._records.save(endpoint.model_copy(update={**changes, "modified": self._platform.clock.now()}))


def _key(endpoint: Endpoint) -> Key:
    return endpoint.account, endpoint.region, endpoint.name


def _reason(failure: BaseException) -> str:
    return str(failure) if isinstance(failure, ServingError) else _OUR_FAULT


def _as_deployed(generation: Generation, hosted: Hosted) -> Generation:
    """The generation with what is desired as what is current, and the images that its fleets run."""
    for variant in generation.variants:
        images = hosted.fleets[generation.number, variant.name].images or variant.images
        change = {"count": variant.desired_count, "weight": variant.desired_weight, "images": images}
        generation = generation.with_variant(variant.model_copy(update=change))
    return generation


def _reverted(generation: Generation) -> Generation:
    for variant in generation.variants:
        change = {"desired_count": variant.count, "desired_weight": variant.weight}
        generation = generation.with_variant(variant.model_copy(update=change))
    return generation


async def _give_up(work: asyncio.Future[str]) -> None:
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def _stop(fleets: list[Fleet]) -> None:
    await asyncio.gather(*(fleet.stop() for fleet in fleets))
