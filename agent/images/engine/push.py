"""An image on its way from an engine into a registry, and the digest that it has there."""

from __future__ import annotations

import re
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.errors import CloudFailedError
from agent.images.engine.failures import is_fixed_tag, push_failure
from agent.images.engine.normal import is_podman
from agent.images.manifest import check_single_image

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from agent.images.engine.api import Message
    from agent.images.engine.connection import Connection
    from agent.ports.images import PushTarget
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock

_THERE = ("Layer already exists", "Mounted from")
_TOLD = re.compile(r".*: digest: (sha256:[0-9a-f]{64}) size: \d+")
_MEGABYTE = 1_000_000


def engine_name(target: PushTarget) -> str:
    """The repository as an engine reaches it: its URI, behind the address where that is another one than it says.

    The registries of an embedded cloud have one address for all, and take the whole URI as the repository's name.
    """
    address = urlsplit(target.base_url).netloc
    return target.uri if target.uri.startswith(f"{address}/") else f"{address}/{target.uri}"


class PushLog:
    """Hears the messages of one push: how far it is, and how it ended."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._layers: dict[str, str] = {}
        self._sent: dict[str, tuple[int, int]] = {}
        self._said = ""
        self.digest: str | None = None

    def hear(self, message: Message) -> str | None:
        """Take one message; the engine's words where the push has failed."""
        told = _TOLD.fullmatch(str(message.get("status", "")))
        self.digest = (message.get("aux") or {}).get("Digest") or (told[1] if told else self.digest)
        if message.get("id") and message.get("status"):
            self._layer(message["id"], str(message["status"]), message.get("progressDetail") or {})
        failure = (message.get("errorDetail") or {}).get("message") or message.get("error")
        return None if failure is None else str(failure)

    def _layer(self, layer: str, status: str, detail: Message) -> None:
        self._layers[layer] = status
        if status == "Pushing" and detail.get("total"):
            self._sent[layer] = (detail.get("current", 0), detail["total"])
        if status == "Pushed" and layer in self._sent:
            self._sent[layer] = (self._sent[layer][1],) * 2
        text = self._text()
        if text != self._said:
            self._said = text
            self._report.doing(text)

    @property
    def summary(self) -> str:
        """How many layers travelled, as far as the engine tells."""
        if not self._layers:
            return "pushed; this engine does not tell which layers were there already"
        there = sum(status.startswith(_THERE) for status in self._layers.values())
        return f"layers pushed: {len(self._layers) - there}, already there: {there}"

    def _text(self) -> str:
        """It changes seldom, for in a build server's log every change is a line."""
        done = sum(status.startswith((*_THERE, "Pushed")) for status in self._layers.values())
        sent, total = (sum(sizes[part] for sizes in self._sent.values()) for part in (0, 1))
        tenths = min(10 * sent // total, 10) if total else 0
        much = f", {tenths}0 % of {total // _MEGABYTE} MB sent" if total >= _MEGABYTE else ""
        return f"pushing: {done} of {len(self._layers)} layers done{much}".replace(" 00 %", " 0 %")


class Push:
    """Pushes to one ``target`` under one ``tag``; the registry's password goes nowhere else."""

    def __init__(self, connection: Connection, target: PushTarget, tag: str, clock: Clock) -> None:
        self._connection = connection
        self._target = target
        self._tag = tag
        self._clock = clock
        self.name = engine_name(target)

    def run(self, give_name: Callable[[str, str], object], report: Reporter) -> str:
        """Push what ``give_name`` calls by the name and tag it is given, and answer the manifest's digest.

        The name goes again afterwards: it means something only to this registry. TemporaryError where it may be tried
        again, from the naming on.
        """
        whole = f"{self.name}:{self._tag}"
        with self._connection.asked(f"pushing {whole}"):
            give_name(self.name, self._tag)
            try:
                digest = self._push(whole, report)
            finally:
                self._forget(whole)
        return digest

    def _push(self, whole: str, report: Reporter) -> str:
        log = PushLog(report)
        with closing(self._messages()) as messages:
            failure = next(filter(None, map(log.hear, messages)), None)
        if failure is not None and is_fixed_tag(failure):
            report.fact("another build of the same sources has pushed its image meanwhile; that one is used")
            return self.held(self._tag)
        if failure is not None:
            raise push_failure(failure, whole, self._connection.host)
        report.fact(log.summary)
        if is_podman(self._connection.api):
            return self._told(log, whole)
        return self.held(self._told(log, whole))

    def _messages(self) -> Generator[Message]:
        push = partial(self._connection.api.push, self.name, tag=self._tag, auth_config=self._login)
        return self._connection.messages(partial(push, stream=True, decode=True), self._clock)

    @staticmethod
    def _told(log: PushLog, whole: str) -> str:
        if log.digest is None:
            raise CloudFailedError(f"pushing {whole}: the engine did not say which digest the image has; run again")
        return log.digest

    def held(self, locator: str) -> str:
        """The digest of what the registry has, which must be one image: newer engines may make an index of it."""
        name = f"{self.name}{'@' if locator.startswith('sha256:') else ':'}{locator}"
        found = self._connection.api.inspect_distribution(name, auth_config=self._login)["Descriptor"]
        check_single_image(found["mediaType"], name)
        return str(found["digest"])

    def _forget(self, whole: str) -> None:
        from docker.errors import APIError

        # Another build may have pushed the same image and been faster; what was built stays as the engine's cache.
        with suppress(APIError):
            self._connection.api.remove_image(whole, noprune=True)

    @property
    def _login(self) -> dict[str, str]:
        return {"username": "AWS", "password": self._target.token}
