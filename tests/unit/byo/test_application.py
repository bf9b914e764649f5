"""A client gets predictions or a sentence, whatever it sends and whatever the model does."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from byo.negotiation import FORMATS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.unit.byo.requests import Answer, Request, answer, started

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from byo.application import Application

SUM = """
def load(folder): return 2.0
def predict(model, rows): return rows.sum(axis=1) * model
"""
SECRET = "the-secret-of-the-model"
FAILING = f"""
def load(folder): return None
def predict(model, rows): raise ValueError("{SECRET}")
"""
TYPES = [*(one.name for one in FORMATS), "", "text/plain", "text/csv; charset=latin-1"]


def asked(folder: Path, source: str, *requests: Request, parts: int = 1, **variables: str) -> list[Answer]:
    """What a fresh application of ``source`` answers to the requests, one after the other."""

    async def ask() -> list[Answer]:
        application = await started(folder, source, **variables)
        return [await answer(application, request, parts) for request in requests]

    return asyncio.run(ask())


def csv(body: bytes, **headers: str) -> Request:
    return Request(headers={"content-type": "text/csv", "content-length": str(len(body)), **headers}, body=body)


def test_rows_become_predictions_in_the_format_that_is_wanted(tmp_path: Path) -> None:
    plain, other = asked(tmp_path, SUM, csv(b"1,2\n3,4\n"), csv(b"1,2\n3,4\n", accept="application/json"))
    assert (plain.status, plain.headers["content-type"], plain.body) == (200, "text/csv", b"6.0\n14.0\n")
    assert (other.status, json.loads(other.body)) == (200, {"predictions": [6, 14]})


@pytest.mark.parametrize(
    ("request_", "status", "error"),
    [
        (Request(path="/"), 404, "there are /ping, /invocations and /metrics"),
        (Request(method="GET"), 405, "use POST"),
        (Request(path="/ping"), 405, "use GET"),
        (Request(path="/metrics", method="DELETE"), 405, "use GET"),
        (csv(b"1,x"), 400, "row 1, column 2: 'x' is not a number"),
        (csv(b"1,2", **{"content-type": "image/png"}), 415, "send text/csv"),
        (csv(b"1,2", accept="image/png"), 406, "accept text/csv"),
        (csv(b"1" * 101), 413, "the body is larger than 100 bytes"),
        (csv(b"1", **{"content-length": "9" * 5000}), 413, "the body is larger than 100 bytes"),
        (Request(body=b"1" * 101), 413, "the body is larger than 100 bytes"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_sentence(
    tmp_path: Path, request_: Request, status: int, error: str
) -> None:
    (found,) = asked(tmp_path, SUM, request_, parts=10, MODEL_SERVER_MAX_BYTES="100")
    assert found.status == status
    assert found.error.startswith(error)
    assert found.headers["content-type"] == "application/json"


def test_a_body_without_a_length_is_read_in_parts(tmp_path: Path) -> None:
    (found,) = asked(tmp_path, SUM, Request(headers={"content-type": "text/csv"}, body=b"1,2\n3,4\n"), parts=3)
    assert found.body == b"6.0\n14.0\n"


def test_the_models_own_failure_stays_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (found,) = asked(tmp_path, FAILING, csv(b"1,2", **{"x-request-id": "mine"}))
    assert (found.status, found.headers["x-request-id"]) == (500, "mine")
    assert SECRET.encode() not in found.body
    logged = next(line for line in capfd.readouterr().err.splitlines() if SECRET in line)
    assert json.loads(logged)["request"] == "mine"
    assert "Traceback" in json.loads(logged)["traceback"]


@pytest.mark.parametrize("batch", ["1", "2"])
def test_a_model_that_would_end_the_program_only_fails(tmp_path: Path, batch: str) -> None:
    source = (
        "import sys\ndef load(f): return 0\ndef predict(m, rows):\n if rows[0, 0]: sys.exit(3)\n return rows[:, 0]\n"
    )
    requests = [*[csv(b"0")] * 10, csv(b"1"), csv(b"0")]  # on the event loop, too
    found = asked(tmp_path, source, csv(b"1"), *requests, MODEL_SERVER_BATCH=batch)
    assert [one.status for one in found] == [500, *[200] * 10, 500, 200]


@pytest.mark.parametrize("given_id", ["", "x" * 65, "line\nbreak", "ü", "a b\x00"])
def test_an_id_that_could_do_harm_is_replaced(tmp_path: Path, given_id: str) -> None:
    (found,) = asked(tmp_path, SUM, csv(b"x", **{"x-request-id": given_id}))
    assert found.headers["x-request-id"] != given_id
    assert found.headers["x-request-id"].isascii()


@pytest.mark.parametrize("answered", ["[1.0]", "None", "'text'", "rows.sum(axis=1)[None, None]"])
def test_a_model_must_answer_one_prediction_for_each_row(tmp_path: Path, answered: str) -> None:
    source = f"def load(folder): return 0\ndef predict(model, rows): return {answered}\n"
    (found,) = asked(tmp_path, source, csv(b"1,2\n3,4\n"))
    assert found.status == 500


@pytest.mark.parametrize(
    ("source", "body"),
    [
        (
            "import pandas as pd\ndef load(f): return 0\ndef predict(m, rows: pd.DataFrame): return rows['a'] * 2",
            b"4.0\n",
        ),
        ("ROWS = 'polars'\ndef load(f): return 0\ndef predict(m, rows): return rows['a'] * 2", b"4.0\n"),
        (
            "import numpy as np\ndef load(f): return 0\ndef predict(m, rows: np.ndarray): return rows[:, 0] * 2",
            b"4.0\n",
        ),
    ],
)
def test_a_model_gets_the_rows_that_it_asks_for(tmp_path: Path, source: str, body: bytes) -> None:
    (found,) = asked(tmp_path, f"COLUMNS = ['a', 'b']\n{source}\n", csv(b"2,3\n"))
    assert found.body == body


def test_metrics_count_what_was_answered(tmp_path: Path) -> None:
    *_, metrics = asked(tmp_path, SUM, csv(b"1,2\n3,4\n"), csv(b"x"), Request(method="GET", path="/metrics"))
    lines = metrics.body.decode().splitlines()
    assert 'byo_requests_total{status="200"} 1' in lines
    assert 'byo_requests_total{status="400"} 1' in lines
    assert "byo_rows_total 2" in lines
    assert "byo_request_seconds_count 2" in lines
    assert "byo_workers_ready 1" in lines
    assert "byo_requests_in_flight 0" in lines


def test_a_model_that_is_slow_is_answered_for_in_time(tmp_path: Path) -> None:
    source = "import time\ndef load(f): return 0\ndef predict(m, rows):\n time.sleep(rows[0, 0])\n return rows[:, 0]\n"
    late, quick = asked(tmp_path, source, csv(b"2"), csv(b"0"), MODEL_SERVER_TIMEOUT="0.2")
    assert (late.status, late.error) == (504, "the prediction took longer than 0.2 s")
    assert quick.status == 200


def test_more_slow_predictions_than_may_wait_are_refused(tmp_path: Path) -> None:
    source = "import time\ndef load(f): return 0\ndef predict(m, rows):\n time.sleep(0.2)\n return rows[:, 0]\n"

    async def ask() -> list[int]:
        application = await started(tmp_path, source, MODEL_SERVER_QUEUE="2")
        answers = await asyncio.gather(*(answer(application, csv(b"1")) for _ in range(4)))
        return sorted(one.status for one in answers)

    assert asyncio.run(ask()) == [200, 200, 503, 503]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Asks one application of the module again and again."""
    loop = asyncio.new_event_loop()
    application: Application = loop.run_until_complete(started(tmp_path_factory.mktemp("fuzz"), SUM))

    def run(request: Request, parts: int) -> Answer:
        coroutine: Coroutine[Any, Any, Answer] = answer(application, request, parts)
        return loop.run_until_complete(coroutine)

    yield run
    loop.close()


bodies = some.one_of(
    some.binary(max_size=300),
    some.text(alphabet='0123456789.,-+eE\n\r"[]{}: \t_xnulNaN', max_size=200).map(str.encode),
    some.recursive(
        some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=5),
        lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=9), inner, max_size=4),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode()),
)
texts = some.one_of(some.sampled_from(TYPES), some.text(max_size=40))


requests = some.builds(
    Request,
    method=some.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "PUT", "OPTIONS", "x"]),
    path=some.one_of(
        some.just("/invocations"), some.sampled_from(["/ping", "/metrics", "/", ""]), some.text(max_size=9)
    ),
    headers=some.fixed_dictionaries(
        {"content-type": texts, "accept": texts},
        optional={"content-length": some.text(max_size=30), "x-request-id": some.text(max_size=80)},
    ),
    body=bodies,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request_=requests, parts=some.integers(1, 4))
def test_nothing_that_is_sent_breaks_it_or_shows_a_traceback(
    ask: Callable[[Request, int], Answer], request_: Request, parts: int
) -> None:
    found = ask(request_, parts)
    assert found.status in (200, 400, 404, 405, 406, 413, 415)
    assert b"Traceback" not in found.body
    assert b'File "' not in found.body
    if found.status != 200:
        assert set(json.loads(found.body)) <= {"error", "request"}
