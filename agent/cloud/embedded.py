"""The embedded cloud as a library: ``with EmbeddedCloud() as cloud`` starts one, and nothing of it remains after."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from agent.cloud.accounts import DEFAULT_ACCOUNTS, DEFAULT_REGION
from agent.cloud.advisories import Advisories, Vulnerability
from agent.cloud.calls import CallRecord
from agent.cloud.decisions import DecisionRecord
from agent.cloud.faults import Fault, FaultKind
from agent.cloud.holds import Held, Watch
from agent.cloud.place import Place, Running
from agent.errors import CloudFailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

_START_SECONDS = 30
_STOP_SECONDS = 30
_ABANDON_SECONDS = 5
_TOKEN_HEADER = "X-Modelyard-Token"  # noqa: S105 - a header's name, not a secret


def start(
    place: Place,
    accounts: Mapping[str, str],
    region: str,
    *,
    port: int = 0,
    runtime: str = "process",
    detached: bool = True,
    discard: bool = False,
) -> tuple[Running, subprocess.Popen[bytes]]:
    """Start the cloud of a state folder and wait until it answers; raises CloudFailedError with its last words.

    A ``detached`` cloud outlives this process; any other ends with it, however it ends. Its state goes too, with
    ``discard``, if this process is killed and cannot remove it. ``runtime`` is ``process``, ``docker`` or ``auto``
    (:mod:`agent.cloud.where_containers_run`).
    """
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if place.running():
        raise UsageError(f"a cloud already runs in {place.folder}; stop it with: modelyard cloud down")
    command = [sys.executable, "-m", "agent.cloud.server", "--state", str(place.folder), "--port", str(port)]
    command += ["--region", region, "--runtime", runtime]
    command += [word for name, account in accounts.items() for word in ("--account", f"{name}={account}")]
    command += [] if detached else ["--until-eof"]
    command += ["--discard"] if discard else []
    with place.log.open("ab") as log:
        said_before = log.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=_server_environment(),
        )
    try:
        return _await_start(place, process, said_before), process
    except BaseException:
        _abandon(process)
        raise


def _abandon(process: subprocess.Popen[bytes]) -> None:
    """End a server that is still starting, in order if it can."""
    process.terminate()
    try:
        process.wait(_ABANDON_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_start(place: Place, process: subprocess.Popen[bytes], said_before: int) -> Running:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        running = place.running()
        if running and running.pid == process.pid:
            return running
        if process.poll() is not None:
            break
        time.sleep(0.01)
    last_words = _tail(place.log, said_before)
    raise CloudFailedError(f"the embedded cloud did not start; the end of {place.log}:\n{last_words}")


def stop(place: Place) -> bool:
    """Stop the cloud of a state folder and wait until it is gone; whether one was running."""
    running = place.running()
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if not place.in_use():
            return True
        time.sleep(0.01)
    raise CloudFailedError(f"the embedded cloud (process {running.pid}) did not stop within {_STOP_SECONDS} s")


def control(running: Running, path: str, **members: Any) -> dict[str, Any]:
    """One request to the running cloud's own interface (see :mod:`agent.cloud.control`)."""
    request = urllib.request.Request(  # noqa: S310 - always http to loopback
        f"{running.endpoint}/_modelyard/{path}",
        data=json.dumps(members).encode(),
        headers={_TOKEN_HEADER: running.token, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace")
        if error.code == HTTPStatus.BAD_REQUEST:
            raise UsageError(f"the cloud refused {path}: {json.loads(said)['error']}") from None
        raise CloudFailedError(f"the cloud failed at {path} (HTTP {error.code}): {said}; its log says more") from None
    except urllib.error.URLError as error:
        raise CloudFailedError(f"the cloud at {running.endpoint} does not answer: {error.reason}") from None


def environment(running: Running, account: str) -> dict[str, str]:
    """What a shell or an SDK needs to work as the administrator of an account."""
    administrator = running.administrator(account)
    return {
        "AWS_ENDPOINT_URL": running.endpoint,
        "AWS_REGION": running.region,
        "AWS_DEFAULT_REGION": running.region,
        "AWS_ACCESS_KEY_ID": administrator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": administrator.secret_access_key,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class EmbeddedCloud:
    """A cloud of one's own, in a temporary folder unless ``state`` names one to continue from.

    It ends with this process, unless it is ``detached``: then only with the block, or not even then (:meth:`leave`).
    """

    def __init__(
        self,
        accounts: Mapping[str, str] = DEFAULT_ACCOUNTS,
        region: str = DEFAULT_REGION,
        state: Path | None = None,
        *,
        runtime: str = "process",
        detached: bool = False,
    ) -> None:
        self._runtime = runtime
        self._detached = detached
        self._left = False
        self._accounts = accounts
        self._region = region
        self._kept = state is not None
        self.place = Place(state or Path(tempfile.mkdtemp(prefix="modelyard-cloud-")))
        self._running: Running | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._left:
            return
        try:
            self.stop()
        finally:
            self._discard()

    def leave(self) -> None:
        """Let a detached cloud run on after the block."""
        assert self._detached
        self._left = True

    def _discard(self) -> None:
        if not self._kept:
            shutil.rmtree(self.place.folder, ignore_errors=True)

    def start(self, port: int = 0) -> None:
        """Start, or continue from what an earlier life left; at any free port, unless one is given."""
        self._running, self._process = start(
            self.place,
            self._accounts,
            self._region,
            port=port,
            runtime=self._runtime,
            detached=self._detached,
            discard=not self._kept,
        )

    def stop(self) -> None:
        """Stop; :meth:`start` continues from here."""
        try:
            stop(self.place)
        finally:
            self._let_go()

    def kill(self) -> None:
        """End the cloud as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._let_go()
        # What the server had started holds its lock for a moment longer.
        deadline = time.monotonic() + _STOP_SECONDS
        while self.place.in_use() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _let_go(self) -> None:
        process, self._process, self._running = self._process, None, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise CloudFailedError(f"the embedded cloud (process {process.pid}) did not stop and was killed") from None

    @property
    def running(self) -> Running:
        """Where the cloud is and who administers it."""
        if self._running is None:
            raise UsageError("this embedded cloud is not running")
        return self._running

    @property
    def endpoint(self) -> str:
        """The address of every service, such as ``http://127.0.0.1:41234``."""
        return self.running.endpoint

    @property
    def log(self) -> str:
        """What the cloud had to say so far."""
        return self.place.log.read_text(errors="replace")

    def environment(self, account: str = "tools") -> dict[str, str]:
        """Environment variables for a shell working as the administrator of ``account``."""
        return environment(self.running, account)

    def session(self, account: str = "tools") -> boto3.Session:
        """A boto3 session of the administrator; pass ``endpoint_url=cloud.endpoint`` to its clients."""
        import boto3

        administrator = self.running.administrator(account)
        return boto3.Session(
            aws_access_key_id=administrator.access_key_id,
            aws_secret_access_key=administrator.secret_access_key,
            region_name=self.running.region,
        )

    def client(self, service: str, account: str = "tools", **options: Any) -> Any:
        """A boto3 client of the administrator of ``account``."""
        return self.session(account).client(service, endpoint_url=self.endpoint, **options)

    def fault(self, kind: FaultKind | str, **options: Any) -> int:
        """Switch a fault on (see :class:`agent.cloud.faults.Fault`) and answer its number."""
        fault = Fault(kind=FaultKind(kind), **options)
        return int(control(self.running, "faults/add", **fault.model_dump(mode="json"))["number"])

    def clear_faults(self) -> None:
        """Switch every fault off."""
        control(self.running, "faults/clear")

    def advise(
        self, repository: str, *vulnerabilities: Vulnerability, account: str = "tools", seconds: float = 0.0
    ) -> None:
        """Let scans of a repository's images find this (see :mod:`agent.cloud.advisories`), in so many seconds."""
        advisories = Advisories(
            account=self.running.administrator(account).account,
            region=self.running.region,
            repository=repository,
            vulnerabilities=vulnerabilities,
            seconds=seconds,
        )
        control(self.running, "advisories", **advisories.model_dump(mode="json"))

    def hold(self, watch: Watch | None) -> None:
        """Hold such requests from now on (see :mod:`agent.cloud.holds`), or none any more."""
        if watch is None:
            control(self.running, "holds/end")
        else:
            control(self.running, "holds/watch", **watch.model_dump(mode="json"))

    def next_held(self, seconds: float, decided: Held | None = None, *, goes_on: bool = True) -> Held | None:
        """The next request that waits, after one was decided about; None when none comes within so many seconds."""
        decision = {} if decided is None else {"decided": decided.number, "goes_on": goes_on}
        held = control(self.running, "holds/next", seconds=seconds, **decision)["held"]
        return None if held is None else Held.model_validate(held)

    def advance(self, seconds: float) -> None:
        """Let time pass on the cloud's clock without waiting."""
        control(self.running, "clock/advance", seconds=seconds)

    def set_clock_rate(self, rate: float) -> None:
        """Let ``rate`` seconds pass on the cloud's clock in each second."""
        control(self.running, "clock/rate", rate=rate)

    def calls(self, since: int = 0) -> list[CallRecord]:
        """The calls answered after the one numbered ``since``."""
        answer = control(self.running, "calls", since=since)
        return [CallRecord.model_validate(call) for call in answer["calls"]]

    def decisions(self, since: int = 0) -> list[DecisionRecord]:
        """What the policy engine decided after the decision numbered ``since``."""
        answer = control(self.running, "decisions", since=since)
        return [DecisionRecord.model_validate(made) for made in answer["decisions"]]

    def status(self) -> dict[str, Any]:
        """What the cloud says about itself."""
        return control(self.running, "status")

    def reset(self) -> None:
        """Forget everything but the accounts and their administrators."""
        control(self.running, "reset")


def _server_environment() -> dict[str, str]:
    """The server runs without the caller's AWS identity, so that it can never act with it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _tail(log: Path, start: int, lines: int = 20) -> str:
    with log.open("rb") as file:
        file.seek(start)
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
