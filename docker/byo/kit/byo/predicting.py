"""Calls the user's `predict`, so that one slow call neither stops the server nor keeps a client waiting for ever.

A call that has been quick so far is made at once: handing it to another thread would take longer than the call
itself. Anything else runs in a thread, and whoever waits for it is answered when the time is over. A thread cannot
be ended, so a call that hangs is left alone; the worker goes on with a fresh thread, and after a few of them asks to
be replaced.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from byo.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from byo.board import Row

QUICK_SECONDS = 0.005
"""A call that takes no longer may be made on the event loop."""
_SURE = 5
"""After so many quick calls with about as many rows, the next is taken to be quick, too."""
_ABANDONED_AT_MOST = 3
_WATCH_SECONDS = 0.05


class Predicting:
    """The calls of `predict` in one worker; belongs to its event loop."""

    def __init__(
        self,
        call: Callable[[Any], Any],
        *,
        timeout: float,
        waiting: int,
        counts: Row,
        replace: Callable[[], None],
    ) -> None:
        """``waiting``: so many calls may wait for a thread; ``replace`` ends the worker."""
        self._call = call
        self._timeout = timeout
        self._most_waiting = waiting
        self._counts = counts
        self._replace = replace
        self._quick: dict[int, int] = {}
        self._waiting = 0
        self._abandoned = 0
        self._thread: _Thread | None = None
        self._watch: _Watch | None = None

    async def __call__(self, rows: Any, height: int, late: Callable[[], None] | None = None) -> Any:
        """What `predict` answers for ``rows``; raises 503 and 504.

        ``late`` is called from another thread when a call on the event loop takes too long: it answers the client.
        Without it, no call is made there.
        """
        size = height.bit_length()
        if late is not None and self._quick.get(size, 0) >= _SURE:
            if self._watch is None:
                self._watch = _Watch(self._timeout, self._replace)
            with self._watch(late):
                return self._timed(rows, height)
        return await self._in_thread(rows, height)

    async def _in_thread(self, rows: Any, height: int) -> Any:
        if self._waiting >= self._most_waiting:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, f"{self._waiting} predictions are waiting already; try later")
        if self._thread is None:
            self._thread = _Thread()
        thread = self._thread
        job = _Job(lambda: self._timed(rows, height), asyncio.get_running_loop())
        self._waiting += 1
        thread.put(job)
        try:
            return await asyncio.wait_for(job.future, self._timeout)
        except TimeoutError:
            self._counts.add("timeouts")
            if thread is self._thread and thread.hangs_in(job, self._timeout):
                self._abandon()
            raise late_answer(self._timeout) from None
        finally:
            self._waiting -= 1

    def _abandon(self) -> None:
        """Leave a hanging call to itself; what waited behind it moves to a fresh thread."""
        hanging, self._thread = self._thread, _Thread()
        if hanging is not None:
            hanging.hand_over(self._thread)
        self._abandoned += 1
        if self._abandoned > _ABANDONED_AT_MOST:
            asyncio.get_running_loop().call_later(1.0, self._replace)

    def _timed(self, rows: Any, height: int) -> Any:
        begun = time.perf_counter()
        try:
            return self._call(rows)
        finally:
            taken, size = time.perf_counter() - begun, height.bit_length()
            self._quick[size] = self._quick.get(size, 0) + 1 if taken <= QUICK_SECONDS else 0
            self._counts.add("predictions")
            self._counts.add("predict_seconds", taken)


def late_answer(timeout: float) -> Refused:
    """504, as a sentence."""
    return Refused(HTTPStatus.GATEWAY_TIMEOUT, f"the prediction took longer than {timeout:g} s")


class _Job:
    """One call for a thread; its result goes back to the event loop."""

    def __init__(self, call: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._call = call
        self._loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()

    def run(self) -> None:
        if self.future.cancelled():
            return
        try:
            result = self._call()
        except BaseException as error:  # noqa: BLE001 - belongs to whoever waits for the result
            self._tell(None, error)
        else:
            self._tell(result, None)

    def _tell(self, result: Any, error: BaseException | None) -> None:
        if not self._loop.is_closed():  # a call that was left alone may end after everything else has
            self._loop.call_soon_threadsafe(self._settle, result, error)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class _Thread:
    """Runs jobs one after the other. A daemon: it must not keep a process alive."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._since: float | None = None
        self._present: _Job | None = None
        threading.Thread(target=self._work, name="predict", daemon=True).start()

    def put(self, job: _Job) -> None:
        self._jobs.put(job)

    def hangs_in(self, job: _Job, timeout: float) -> bool:
        """Whether it still runs ``job``, or another for longer than ``timeout``."""
        since = self._since
        return self._present is job or (since is not None and time.monotonic() - since >= timeout)

    def hand_over(self, other: _Thread) -> None:
        """Give what waits to another thread, and end with the present job."""
        try:
            while (job := self._jobs.get_nowait()) is not None:
                other.put(job)
        except queue.Empty:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._since, self._present = time.monotonic(), job
            job.run()
            self._since = self._present = None


class _Watch:
    """Looks, from a thread of its own, whether the event loop is held up by a call that was expected to be quick."""

    def __init__(self, timeout: float, replace: Callable[[], None]) -> None:
        self._timeout = timeout
        self._replace = replace
        self._since = 0.0
        self._late: Callable[[], None] | None = None
        threading.Thread(target=self._work, name="watch", daemon=True).start()

    def __call__(self, late: Callable[[], None]) -> _Watch:
        self._late = late
        return self

    def __enter__(self) -> None:
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._since = 0.0

    def _work(self) -> None:
        answered = 0.0
        while True:
            time.sleep(min(_WATCH_SECONDS, self._timeout))
            since, late = self._since, self._late
            if not since or time.monotonic() - since < self._timeout:
                continue
            if since != answered and late is not None:
                late()
                answered = since
            elif time.monotonic() - since > 2 * self._timeout:
                self._replace()
