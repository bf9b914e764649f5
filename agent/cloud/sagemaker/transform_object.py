"""Sends one input object through a model server, payload by payload, and writes what becomes of it."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

from agent.cloud.patience import within
from agent.cloud.sagemaker.jobs import JobFailedError
from agent.cloud.sagemaker.serving import ContainerGoneError
from agent.cloud.sagemaker.threads import in_thread
from agent.cloud.sagemaker.transform_records import Payload, RecordError, assembled, packed, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.cloud.clock import Clock
    from agent.cloud.sagemaker.job_logs import LogStream
    from agent.cloud.sagemaker.serving import ModelServer
    from agent.cloud.sagemaker.transform_plan import TransformPlan
    from agent.runtime.channels import Download

_WINDOW = 256
"""Payloads of one object that are prepared at once."""


class ObjectTransformer:
    """One model server at work; its failures are in the job's data log, as AWS has it."""

    def __init__(self, clock: Clock, server: ModelServer, plan: TransformPlan, log: LogStream) -> None:
        self._clock = clock
        self._server = server
        self._plan = plan
        self._log = log
        self._free = asyncio.Semaphore(plan.concurrent)
        self._objects = asyncio.Semaphore(plan.concurrent)

    async def transform(self, download: Download, source: Path, output: Path) -> None:
        """Write ``<output>/<name>.out`` for an object at ``source``; raises JobFailedError when a record fails."""
        async with self._objects:
            try:
                results = await self._results(source)
            except RecordError as error:
                self._log.write(f"{_place(download)}: ClientError: {error}")
                raise JobFailedError("ClientError: See job logs for more information") from error
            except _RefusedError as error:
                self._log.write(f"{_place(download)}: {error}")
                raise JobFailedError(f"{error.who}: See job logs for more information") from error
            body = assembled(results, by_line=self._plan.assemble_by_line)
            await in_thread(_write, output / f"{download.name}.out", body)

    async def _results(self, source: Path) -> list[bytes]:
        data = await in_thread(_read, source)
        payloads = self._payloads(data)
        results: list[bytes] = []
        while window := list(islice(payloads, _WINDOW)):
            answers = await asyncio.gather(*(self._ask(payload) for payload in window))
            for payload, answer in zip(window, answers, strict=True):
                results += self._plan.filters.results(payload, answer, split=self._plan.by_line)
        return results

    def _payloads(self, data: bytes) -> Iterator[Payload]:
        plan = self._plan
        limit = plan.payload_bytes
        if not plan.by_line:
            body = plan.filters.selected(data)
            if limit is not None and len(body) > limit:
                raise RecordError(f"the object's {len(body)} bytes are more than MaxPayloadInMB; set a SplitType")
            return iter([Payload(records=(data,), body=body)])
        records = split_lines(data)
        bodies = [plan.filters.selected(record) for record in records]
        return packed(records, bodies, limit or len(data) + len(records) + 1, single=plan.single)

    async def _ask(self, payload: Payload) -> bytes:
        """The model's answer; failures of the model are retried as often as ModelClientConfig says."""
        for attempt in range(self._plan.retries + 1):
            try:
                return await self._ask_once(payload)
            except _RefusedError as error:
                if error.who == "ClientError" or attempt == self._plan.retries:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _ask_once(self, payload: Payload) -> bytes:
        async with self._free:
            try:
                answer = await within(
                    self._clock,
                    self._plan.timeout_seconds,
                    self._server.invoke(payload.body, self._plan.headers),
                )
            except TimeoutError:
                seconds = self._plan.timeout_seconds
                raise _RefusedError(
                    "AlgorithmError", f"Model server did not respond to /invocations request within {seconds:g} seconds"
                ) from None
            except ContainerGoneError as error:
                raise _RefusedError("AlgorithmError", f"Model server closed the connection: {error}") from error
        if answer.status != 200:
            who = "ClientError" if 400 <= answer.status < 500 else "AlgorithmError"
            text = answer.body.decode(errors="replace")
            raise _RefusedError(who, f"Bad HTTP status received from algorithm: {answer.status}\n{text}")
        return answer.body


class _RefusedError(Exception):
    """The model gave no answer; ``who`` is to blame, in the words of a failure reason."""

    def __init__(self, who: str, message: str) -> None:
        super().__init__(f"{who}: {message}")
        self.who = who


def _place(download: Download) -> str:
    return f"{download.location.bucket}/{download.location.key}"


def _read(source: Path) -> bytes:
    """An object's content; one that came compressed lies there without its ``.gz``."""
    return (source if source.exists() else source.with_name(source.name.removesuffix(".gz"))).read_bytes()


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
