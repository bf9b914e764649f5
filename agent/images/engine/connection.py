"""Reaching an engine as `docker` itself would, and letting go of it at any moment, which ends what it does for us.

Source: `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` of the Docker CLI's documentation.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

from agent.errors import TemporaryError, UsageError
from agent.images.engine.failures import api_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from agent.images.engine.api import EngineApi, Message
    from agent.ports.time import Clock

_DEFAULT_HOST = "unix:///var/run/docker.sock"
_ANSWER_SECONDS = 300
"""An engine that compresses a large layer says nothing for a while; a build may be silent for ever."""
_LOOK_SECONDS = 0.25


class Connection:
    """An engine at ``host`` and how to :meth:`cut` all streams that it is sending."""

    def __init__(self, api: EngineApi, host: str, cut: Callable[[], None]) -> None:
        self.api = api
        self.host = host
        self.cut = cut

    def messages(self, ask: Callable[[], Iterable[Message]], clock: Clock) -> Generator[Message]:
        """The messages of a stream; InterruptedRunError, and the stream is cut, as soon as the run is to end.

        A thread reads them, for a signal does not wake whoever waits for an engine.
        """
        heard: SimpleQueue[Message | BaseException | None] = SimpleQueue()
        Thread(target=_read, args=(ask, heard), name="engine", daemon=True).start()
        ended = False
        try:
            while True:
                clock.check()
                with suppress(Empty):
                    message = heard.get(timeout=_LOOK_SECONDS)
                    ended = message is None or isinstance(message, BaseException)
                    if message is None:
                        return
                    if isinstance(message, BaseException):
                        raise message
                    yield message
        finally:
            if not ended:
                self.cut()

    @contextmanager
    def asked(self, what: str) -> Iterator[None]:
        """Give failures of the SDK the classes of `agent.errors`; ``what`` was being done."""
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException  # noqa: TID251 - what the docker SDK lets through
        from urllib3.exceptions import HTTPError

        try:
            yield
        except APIError as error:
            raise api_failure(what, str(error.explanation or error), self.host) from error
        except (DockerException, RequestException, HTTPError) as error:
            raise TemporaryError(
                f"{what}: the engine at {self.host} went away: {error}; look at its log, and try again"
            ) from error


def connect() -> Connection:
    """The engine that the environment names; UsageError where none answers."""
    host = os.environ.get("DOCKER_HOST") or _DEFAULT_HOST
    try:
        from docker import APIClient
        from docker.errors import DockerException
        from docker.utils import kwargs_from_env
    except ImportError:
        raise UsageError(
            "the builder `engine` needs the docker SDK: python3 -m pip install 'modelyard[engine]'"
        ) from None
    try:
        settings: dict[str, Any] = {"base_url": host, **kwargs_from_env()}
        api = APIClient(**settings, version="auto", timeout=_ANSWER_SECONDS)
    except DockerException as error:
        raise unreachable(host, error) from error
    streams: list[Any] = []
    api.hooks["response"].append(lambda response, **_: streams.append(response))
    return Connection(cast("EngineApi", api), host, lambda: _cut(streams))


def unreachable(host: str, error: Exception) -> UsageError:
    """No engine answers: why, and what to do."""
    if "Permission denied" in str(error):
        return UsageError(
            f"this user may not use the container engine at {host}; add it to the group that owns the socket, or set "
            "DOCKER_HOST to an engine of its own, or `image.builder` to `layers`, which needs none"
        )
    return UsageError(
        f"no container engine answers at {host}: {error}; start one (dockerd, or `podman system service`), or set "
        "DOCKER_HOST to one that runs, or `image.builder` to `layers`, which needs none"
    )


def _read(ask: Callable[[], Iterable[Message]], heard: SimpleQueue[Message | BaseException | None]) -> None:
    try:
        for message in ask():
            heard.put(message)
    except BaseException as error:  # noqa: BLE001 - raised again by whoever listens
        heard.put(error)
    else:
        heard.put(None)


def _cut(streams: list[Any]) -> None:
    """Wake whoever reads, then close: to the engine we are gone, and it ends the build."""
    while streams:
        response = streams.pop()
        with suppress(OSError, ValueError, RuntimeError):  # one that has ended is no longer connected
            response.raw.shutdown()
        response.close()
