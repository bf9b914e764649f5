"""Wheels for a Dockerfile that asks for them by `ARG WHEELHOUSE`, made for the Python of its base image."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from agent.errors import UsageError
from agent.images.engine.failures import base_failure
from agent.images.wheelhouse import wheelhouse

if TYPE_CHECKING:
    from pathlib import Path

    from agent.images.engine.api import Message
    from agent.images.engine.connection import Connection
    from agent.images.engine.dockerfile import Dockerfile
    from agent.ports.images import BuildOrder
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock

ARGUMENT = "WHEELHOUSE"
"""The build argument that names the folder with wheels in the build context."""
NO_INDEX = "PIP_NO_INDEX"
"""What pip itself reads: with wheels at hand it shall ask no index."""
_ASK = "import sys; print('%d.%d' % sys.version_info[:2])"
_VERSION = re.compile(r"(3\.\d+)(?:\.\w+)?")


def wheels(
    order: BuildOrder, dockerfile: Dockerfile, connection: Connection, clock: Clock, report: Reporter, *, cache: Path
) -> Path | None:
    """A folder in ``cache`` with the wheels of the order's requirements; None where the Dockerfile takes none."""
    if order.requirements is None or not dockerfile.declares(ARGUMENT):
        return None
    arguments = {**({"BASE_IMAGE": order.base_image} if order.base_image else {}), **order.build_args}
    base = dockerfile.base(arguments)
    python = order.python or python_of(base, order.platform, connection, clock, report, cache=cache)
    report.doing(f"wheels of {order.requirements} for Python {python} on {order.platform}")
    return wheelhouse(order.folder / order.requirements, python=python, platform=order.platform, cache=cache)


def python_of(base: str, platform: str, connection: Connection, clock: Clock, report: Reporter, *, cache: Path) -> str:
    """The Python of a base image, such as ``3.11``: what its environment says, else what it answered once itself."""
    with connection.asked(f"looking into the base image {base}"):
        image = _present(base, platform, connection, clock, report)
        told = dict(entry.partition("=")[::2] for entry in image["Config"].get("Env") or ())
        known = cache / f"python-of-{str(image['Id']).removeprefix('sha256:')}"
        found = _VERSION.fullmatch(told.get("PYTHON_VERSION", "")) or _VERSION.fullmatch(
            known.read_text() if known.is_file() else _answer(image["Id"], connection)
        )
    if found is None:
        raise UsageError(
            f"the base image {base} has no python3 that answers, so no wheels can be found for it; name its version in "
            "`image.python`, or begin with an image that has one"
        )
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text(found[1])
    return found[1]


def _present(base: str, platform: str, connection: Connection, clock: Clock, report: Reporter) -> Message:
    from docker.errors import APIError, ImageNotFound

    api = connection.api
    try:
        return api.inspect_image(base)
    except ImageNotFound:
        report.doing(f"pulling the base image {base}")
    pull = partial(api.pull, base, stream=True, decode=True, platform=platform)
    try:
        with closing(connection.messages(pull, clock)) as messages:
            failure = next((str(message["error"]) for message in messages if "error" in message), None)
    except APIError as error:
        raise base_failure(f"base image {base}", str(error.explanation), connection.host) from error
    if failure is not None:
        raise base_failure(f"base image {base}", failure, connection.host)
    return api.inspect_image(base)


def _answer(base: str, connection: Connection) -> str:
    """What the image's python3 says; nothing where it has none."""
    from docker.errors import APIError

    api = connection.api
    container = api.create_container(base, ["-c", _ASK], entrypoint=["python3"], network_disabled=True)["Id"]
    try:
        api.start(container)
        api.wait(container)
        return api.logs(container, stdout=True, stderr=False).decode().strip()
    except APIError:
        return ""
    finally:
        api.remove_container(container, force=True)
