"""The real server: ready when the model is, gentle at its end, whole when a worker dies, and never talkative."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.contract.byo.served import Served, serving, started
from tests.contract.processes import descendants, survivors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUM = """
def load(folder): return 2.0
def predict(model, rows): return rows.sum(axis=1) * model
"""
WAITS_FOR_FILE = """
import time
def load(folder):
    while not (folder / "go").exists():
        time.sleep(0.01)
def predict(model, rows): return rows[:, 0]
"""
OBEYS = """
import os, time
def load(folder): return None
def predict(model, rows):
    what = rows[0, 0]
    if what == -1: os.kill(os.getpid(), 9)
    if what == -2: raise RuntimeError("a secret")
    if what < -2: time.sleep(-what / 1000)
    return rows[:, 0]
"""


@pytest.fixture(scope="module")
def summing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sum"), SUM, MODEL_SERVER_MAX_BYTES="100000") as server:
        yield server


def test_ping_says_503_until_the_model_is_loaded(tmp_path: Path) -> None:
    with started(tmp_path, WAITS_FOR_FILE) as server:
        server.await_ping(503)
        early = server.predict(b"1")
        assert (early.status, early.error) == (503, "the model is still being loaded")
        (tmp_path / "model/go").touch()
        server.await_ping(200)
        assert server.predict(b"1").body == b"1.0\n"


def test_a_model_that_cannot_be_loaded_ends_the_server_with_its_traceback_in_the_log(tmp_path: Path) -> None:
    source = "def load(folder): raise OSError('no such weights')\ndef predict(model, rows): return rows\n"
    with started(tmp_path, source) as server:
        assert server.process.wait(60) == 1
        told = next(line for line in server.logged() if line["message"] == "the model cannot be loaded")
        assert "no such weights" in str(told["traceback"])


def test_a_wrong_setting_ends_it_at_once(tmp_path: Path) -> None:
    with started(tmp_path, SUM, MODEL_SERVER_TIMEOUT="soon") as server:
        assert server.process.wait(60) == 2
        assert "MODEL_SERVER_TIMEOUT is 'soon'" in str(server.logged()[0]["message"])


def test_rows_are_predicted_in_every_format(summing: Served) -> None:
    assert summing.predict(b"1,2\n3,4\n").body == b"6.0\n14.0\n"
    assert summing.predict(b"[[1,2]]", content_type="application/json", accept="text/csv").body == b"6.0\n"
    assert summing.predict(b"[1,2]\n", content_type="application/jsonlines").body == b"6.0\n"


def test_ten_thousand_rows_keep_their_order(summing: Served) -> None:
    body = "".join(f"{number},0\n" for number in range(10_000)).encode()
    assert summing.predict(body).body.splitlines() == [f"{2.0 * number}".encode() for number in range(10_000)]


def test_too_large_a_body_is_413_with_and_without_a_length(summing: Served) -> None:
    assert summing.predict(b"1" * 100_001).status == 413
    with socket.create_connection(("127.0.0.1", summing.port), timeout=60) as client:
        client.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"186a1\r\n" + b"1" * 100_001 + b"\r\n0\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_metrics_are_those_of_all_workers(tmp_path: Path) -> None:
    with serving(tmp_path, SUM) as server:
        for _ in range(40):
            server.predict(b"1,2\n3,4\n")
        assert server.metric('byo_requests_total{status="200"}') == 40
        assert server.metric("byo_rows_total") == 80
        assert server.metric("byo_workers_ready") == 2


def test_a_slow_prediction_is_504_and_the_server_stays_well(tmp_path: Path) -> None:
    with serving(tmp_path, OBEYS, MODEL_SERVER_TIMEOUT="0.5") as server:
        late = server.predict(b"-1500")
        assert (late.status, late.error) == (504, "the prediction took longer than 0.5 s")
        assert server.ask("GET", "/ping").status == 200
        assert server.predict(b"1").status == 200


def test_a_slow_prediction_among_quick_ones_is_504_too(tmp_path: Path) -> None:
    with serving(tmp_path, OBEYS, MODEL_SERVER_TIMEOUT="0.5", MODEL_SERVER_WORKERS="1") as server:
        for _ in range(10):
            assert server.predict(b"1").status == 200
        assert server.predict(b"-900").status == 504
        assert server.predict(b"1").status == 200


def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, OBEYS, MODEL_SERVER_TIMEOUT="0.3", MODEL_SERVER_WORKERS="1") as server:
        starts = 1.0
        while starts < 2:
            with contextlib.suppress(OSError):  # the only worker may be being replaced
                assert server.predict(b"-600000").status == 504
                starts = server.metric("byo_worker_starts_total")
        assert server.predict(b"1").status == 200


def await_metric(server: Served, name: str, value: float) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # the only worker may be being replaced
            if server.metric(name) >= value:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{name} is still below {value}: {server.log.read_text()}")


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, OBEYS) as server:
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            server.predict(b"-1")
        await_metric(server, "byo_worker_starts_total", 3)
        assert {server.predict(b"7").body for _ in range(20)} == {b"7.0\n"}
        assert server.metric("byo_workers") == 2


def test_workers_that_cannot_live_end_the_server(tmp_path: Path) -> None:
    with started(tmp_path, "import os\ndef load(folder): os._exit(3)\ndef predict(m, rows): ...\n") as server:
        assert server.process.wait(60) == 1


def test_a_failing_model_shows_nothing_to_the_client(tmp_path: Path) -> None:
    with serving(tmp_path, OBEYS) as server:
        found = server.predict(b"-2", x_request_id="mine")
        assert (found.status, found.headers["x-request-id"]) == (500, "mine")
        assert b"secret" not in found.body
        assert any(line.get("request") == "mine" and "a secret" in str(line) for line in server.logged())


def test_requests_are_logged_when_that_is_wanted(tmp_path: Path) -> None:
    with serving(tmp_path, SUM, MODEL_SERVER_LOG="requests") as server:
        server.predict(b"1,2", x_request_id="this-one")
        server.process.terminate()
        server.process.wait()
        (line,) = (line for line in server.logged() if line.get("request") == "this-one")
    assert (line["status"], line["level"]) == (200, "info")


def test_batches_answer_what_single_rows_answer(tmp_path: Path, summing: Served) -> None:
    rows = [f"{number},{number / 7!r}\n".encode() for number in range(300)]
    with (
        serving(tmp_path, SUM, MODEL_SERVER_BATCH="32", MODEL_SERVER_BATCH_WAIT="0.01") as server,
        ThreadPoolExecutor(32) as clients,
    ):
        together = [answer.body for answer in clients.map(server.predict, rows)]
        assert server.metric("byo_predictions_total") < 300
    assert together == [summing.predict(row).body for row in rows]


def test_a_slow_batch_is_504_for_all_in_it(tmp_path: Path) -> None:
    variables = {"MODEL_SERVER_BATCH": "2", "MODEL_SERVER_BATCH_WAIT": "5", "MODEL_SERVER_TIMEOUT": "0.5"}
    with (
        serving(tmp_path, OBEYS, MODEL_SERVER_WORKERS="1", **variables) as server,
        ThreadPoolExecutor(2) as clients,
    ):
        for _ in range(10):
            assert {one.status for one in clients.map(server.predict, (b"1", b"2"))} == {200}
        assert {one.status for one in clients.map(server.predict, (b"-900", b"-900"))} == {504}


def test_a_body_of_megabytes_is_read_whole(tmp_path: Path) -> None:
    row = ",".join(["1"] * 50) + "\n"
    with serving(tmp_path, SUM) as server:
        body = (row * 30_000).encode()
        assert server.predict(body).body == b"100.0\n" * 30_000
        assert server.predict(body.replace(b"1\n", b"x\n", 1)).error == "row 1, column 50: 'x' is not a number"


class Client(threading.Thread):
    """Sends rows until the port is closed, on one connection for as long as the server keeps it, or on new ones."""

    def __init__(self, port: int, *, keeps: bool) -> None:
        super().__init__()
        self._port = port
        self._keeps = keeps
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        connection: socket.socket | None = None
        while True:
            try:
                connection = connection or socket.create_connection(("127.0.0.1", self._port), timeout=60)
            except ConnectionRefusedError:
                return
            try:
                connection.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n5")
                answer = connection.recv(4096)
            except OSError:
                answer = b""
            self.seen["answered" if answer.startswith(b"HTTP/1.1 200 ") else f"lost {answer!r}"] += 1
            if not self._keeps or b"connection: close" in answer:
                connection.close()
                connection = None


def test_sigterm_under_load_loses_no_request_and_leaves_no_process(tmp_path: Path) -> None:
    source = "import time\ndef load(f): pass\ndef predict(m, rows):\n    time.sleep(0.002)\n    return rows[:, 0]\n"
    with serving(tmp_path, source) as server:
        clients = [Client(server.port, keeps=number % 2 == 0) for number in range(8)]
        for client in clients:
            client.start()
        while sum(client.seen["answered"] for client in clients) < 200:
            time.sleep(0.01)
        workers = descendants(server.process.pid)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
        for client in clients:
            client.join()
        seen = sum((client.seen for client in clients), Counter[str]())
        assert set(seen) == {"answered"}
        assert survivors(workers) == frozenset()


def test_a_request_that_is_being_predicted_at_sigterm_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, OBEYS) as server, ThreadPoolExecutor(1) as client:
        waiting = client.submit(server.predict, b"-2000")
        await_metric(server, "byo_requests_in_flight", 1)
        server.process.send_signal(signal.SIGTERM)
        assert waiting.result().body == b"-2000.0\n"
        assert server.process.wait(60) == 0


COUNTS_ITSELF = """
import pathlib
def note(what):
    with pathlib.Path(__file__).with_name(what).open("a") as file: file.write("x")
note("imports")
def load(folder):
    note("loads")
    return 2.0
def predict(model, rows): return rows.sum(axis=1) * model
"""


@pytest.mark.parametrize(("preload", "imports", "loads"), [("nothing", 2, 2), ("module", 1, 2), ("model", 1, 1)])
def test_what_is_done_once_for_all_workers(tmp_path: Path, preload: str, imports: int, loads: int) -> None:
    with serving(tmp_path, COUNTS_ITSELF, MODEL_SERVER_PRELOAD=preload) as server:
        assert {server.predict(b"1,2").body for _ in range(20)} == {b"6.0\n"}
        assert server.metric("byo_workers_ready") == 2
        assert len((tmp_path / "imports").read_text()) == imports
        assert len((tmp_path / "loads").read_text()) == loads


@pytest.mark.parametrize("preload", ["module", "model"])
def test_a_module_that_cannot_be_imported_for_all_ends_the_server(tmp_path: Path, preload: str) -> None:
    with started(tmp_path, "import surely_absent\n", MODEL_SERVER_PRELOAD=preload) as server:
        assert server.process.wait(60) == 1
        assert "surely_absent" in str(server.logged()[-1]["traceback"])


def test_ping_tells_routers_to_leave_at_sigterm(tmp_path: Path) -> None:
    with serving(tmp_path, SUM) as server:
        server.process.send_signal(signal.SIGTERM)
        server.await_ping(503)


def test_the_threads_of_all_workers_are_as_many_as_processors(tmp_path: Path) -> None:
    source = "import os\ndef load(f): return float(os.environ['OMP_NUM_THREADS'])\ndef predict(m, rows): return [m]\n"
    with serving(tmp_path, source, MODEL_SERVER_WORKERS="1") as server:
        assert float(server.predict(b"1").body) == len(os.sched_getaffinity(0))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    head=some.one_of(
        some.binary(max_size=100),
        some.builds(
            lambda method, path, headers: (
                b" ".join((method, path, b"HTTP/1.1\r\n")) + b"\r\n".join((*headers, b"\r\n"))
            ),
            some.sampled_from([b"POST", b"GET", b"PUT", b"\xff"]),
            some.sampled_from([b"/invocations", b"/ping", b"/metrics", b"/%ff\xfe", b"*"]),
            some.lists(
                some.one_of(
                    some.sampled_from(
                        [b"Host: x", b"Content-Length: 5", b"Content-Length: -1", b"Expect: 100-continue"]
                    ),
                    some.sampled_from(
                        [b"Transfer-Encoding: chunked", b"Content-Type: application/x-npy", b"Accept: \xff"]
                    ),
                    some.binary(max_size=30),
                ),
                max_size=4,
            ),
        ),
    ),
    body=some.binary(max_size=100),
)
def test_no_bytes_kill_a_worker_or_bring_a_traceback(summing: Served, head: bytes, body: bytes) -> None:
    with socket.create_connection(("127.0.0.1", summing.port), timeout=60) as client:
        client.sendall(head + body)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert b"Traceback" not in answer
    assert b'File "' not in answer
    assert b" 500 " not in answer
    assert summing.metric("byo_worker_starts_total") == 2
