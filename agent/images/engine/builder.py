"""The builder `engine` itself: context, build, configuration and push in their order."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from agent.errors import CloudFailedError, InputMissingError
from agent.images.engine.build_log import BuildLog
from agent.images.engine.connection import connect
from agent.images.engine.context import DOCKERFILE, WHEELHOUSE, open_context, source_digest
from agent.images.engine.failures import build_failure, refused_build, without
from agent.images.engine.normal import archive, can_normalise, normalised
from agent.images.engine.push import Push
from agent.images.engine.wheels import ARGUMENT, NO_INDEX, wheels
from agent.images.layer import FIXED_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from agent.images.engine.api import Message
    from agent.images.engine.connection import Connection
    from agent.images.engine.context import BuildContext
    from agent.images.retries import Retries
    from agent.ports.images import BuildOrder, PushTarget
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock

_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|(?:^|_)(?:API_?|ACCESS_?|PRIVATE_?)?KEY$", re.IGNORECASE
)

_KEPT = "modelyard-cache"
_SHORTEST = 4
"""Stars for every `1` in a log would hide more than a secret."""


class EngineBuilder:
    """An :class:`agent.images.builders.Builder` that has a Dockerfile built by the engine of `DOCKER_HOST`."""

    def __init__(self, clock: Clock, retries: Retries, cache: Path, reach: Callable[[], Connection] = connect) -> None:
        self._clock = clock
        self._retries = retries
        self._wheels = cache / "wheels"
        self._reach = reach

    def source_digest(self, order: BuildOrder) -> str:
        """Needs no engine."""
        return source_digest(order)

    def build_and_push(self, order: BuildOrder, target: PushTarget, tag: str, report: Reporter) -> str:
        """Build, or find every step in the engine's cache; push the layers that the registry lacks."""
        _warn_of_secrets(order, report)
        connection = self._reach()
        with connection.asked(f"building {order.dockerfile}"):
            context = open_context(order)
            housed = wheels(order, context.dockerfile, connection, self._clock, report, cache=self._wheels)
            normal = can_normalise(connection.api)
            build = partial(self._build, order, context.with_wheels(housed), connection, report, label=not normal)
            image = self._retries.run(build)
            _check_platform(connection.api.inspect_image(image), order)
            # By a name of its own it survives the push's, and whoever tidies the engine up, as the next build's cache.
            connection.api.tag(image, f"{_KEPT}/{target.repository}", "latest")
            config = normalised(connection.api, image, order) if normal else None
        name = partial(connection.api.tag, image) if config is None else partial(_load, connection, config)
        return self._retries.run(partial(Push(connection, target, tag, self._clock).run, name, report))

    def _build(
        self, order: BuildOrder, context: BuildContext, connection: Connection, report: Reporter, *, label: bool
    ) -> str:
        """The built image's id."""
        from docker.errors import APIError

        secrets = [
            value for name, value in order.build_args.items() if _SECRET.search(name) and len(value) >= _SHORTEST
        ]
        base = context.dockerfile.base(build_arguments(order, context))
        log = BuildLog(report, partial(without, secrets=secrets))
        with TemporaryFile(prefix="modelyard-context-") as file:
            context.write(file)
            file.seek(0)
            ask = partial(_ask, connection, file, _request(order, context, label=label))
            try:
                with closing(connection.messages(ask, self._clock)) as messages:
                    failure = next(filter(None, map(log.hear, messages)), None)
            except APIError as error:
                words = without(str(error.explanation or error), secrets)
                raise refused_build(words, context.dockerfile, base, connection.host) from None
        log.finish()
        if failure is not None:
            raise build_failure(failure, log=log, dockerfile=context.dockerfile, base=base, host=connection.host)
        if log.image is None:
            raise CloudFailedError(f"{order.dockerfile}: the engine at {connection.host} named no image; run again")
        report.fact(f"{order.dockerfile} is built; steps from the engine's cache: {log.cached}")
        return log.image


def build_arguments(order: BuildOrder, context: BuildContext) -> Mapping[str, str]:
    """The order's own, and what the Dockerfile asks of us by `ARG`; an engine warns of what nobody takes."""
    offered = {"SOURCE_DATE_EPOCH": str(FIXED_TIME)}
    if order.base_image:
        offered["BASE_IMAGE"] = order.base_image
    if context.wheelhouse is not None:
        offered |= {ARGUMENT: WHEELHOUSE, NO_INDEX: "1"}
    asked_for = {name: value for name, value in offered.items() if context.dockerfile.declares(name)}
    return {**asked_for, **order.build_args}


def _request(order: BuildOrder, context: BuildContext, *, label: bool) -> dict[str, Any]:
    return {
        "custom_context": True,
        "dockerfile": DOCKERFILE,
        "buildargs": dict(build_arguments(order, context)),
        "target": order.target or "",
        "platform": order.platform,
        "labels": dict(order.labels) if label else None,
        "rm": True,
        "forcerm": True,
        "decode": True,
    }


def _ask(connection: Connection, file: IO[bytes], request: Mapping[str, Any]) -> Iterable[Message]:
    return connection.api.build(fileobj=file, **request)


def _load(connection: Connection, config: bytes, name: str, tag: str) -> bool:
    for message in connection.api.load_image(archive(config, f"{name}:{tag}")):
        if "error" in message:
            raise CloudFailedError(
                f"the engine at {connection.host} does not take the image's configuration: {message['error']}"
            )
    return True


def _check_platform(found: Mapping[str, Any], order: BuildOrder) -> None:
    made = f"{found['Os']}/{found['Architecture']}"
    if made != order.platform:
        raise InputMissingError(
            f"the image is for {made}, not for {order.platform}: its base image is; name one for {order.platform} in "
            "`image.base_image`, or set `image.platform`"
        )


def _warn_of_secrets(order: BuildOrder, report: Reporter) -> None:
    for name in order.build_args:
        if _SECRET.search(name):
            report.warn(
                f"the build argument {name} looks like a secret: an image keeps the values of its arguments, and "
                "whoever may pull it can read them"
            )
