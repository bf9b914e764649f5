"""What a check finds wrong with an endpoint's answers."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config.environment import CheckRequest, CheckSample
from agent.deployment.checks import ask, judged, measured, wrong
from agent.deployment.sample import Row
from agent.errors import UserCodeFailedError
from tests.fakes import MemoryEndpoints


def request(answer: str | None, body: str = "5.1,3.5") -> CheckRequest:
    return CheckRequest(body=body, answer=answer)


def sample(**limits: Any) -> CheckSample:
    return CheckSample(**{"metric": "accuracy", **limits})


ROWS = [Row(label=str(number % 2), features=str(number % 2).encode()) for number in range(1200)]


@pytest.mark.parametrize(
    ("expected", "answer"),
    [("setosa", " setosa\n"), ("setosa|versicolor", "versicolor"), ("[0-9.]+", "0.97\n"), (None, "anything")],
)
def test_the_whole_answer_matches_without_white_space_around_it(expected: str | None, answer: str) -> None:
    assert wrong(request(expected), answer) == ""


@pytest.mark.parametrize(("expected", "answer"), [("setosa", "setosa2"), ("a|b", "ab"), ("1", ""), ("1", "0\n1")])
def test_a_part_of_the_answer_is_not_enough(expected: str, answer: str) -> None:
    told = wrong(request(expected), answer)
    assert "'5.1,3.5'" in told
    assert f"/{expected}/" in told


def test_long_requests_and_answers_are_shortened() -> None:
    assert len(wrong(request("1", "x" * 5000), "y" * 5000)) < 1000


def test_every_request_that_goes_wrong_is_told() -> None:
    def answers(body: bytes) -> bytes:
        if body == b"bad":
            raise UserCodeFailedError("its model answered 500: boom")
        return body

    requests = (request("a", "a"), request("b", "c"), request("d", "bad"), request("e", "e"))
    first, second = ask(MemoryEndpoints(answers=answers), "tumour-qa", requests)
    assert first.startswith("request 2: 'c' was answered 'c', expected /b/")
    assert "boom" in second


def test_rows_go_in_batches_and_come_back_in_order() -> None:
    endpoints = MemoryEndpoints()
    found = measured(endpoints, "tumour-qa", ROWS, sample(min=1.0))
    assert (found.value, found.failures) == (1.0, ())
    assert [sent.count(b"\n") for sent in endpoints.invoked] == [500, 500, 200]


def test_a_prediction_too_few_is_told() -> None:
    found = measured(MemoryEndpoints(answers=lambda body: body[2:]), "tumour-qa", ROWS[:10], sample(min=0.5))
    assert found.value is None
    assert "10 held-out rows were answered with 9 predictions" in found.failures[0]


def test_a_model_that_refuses_the_rows_is_told() -> None:
    def refuse(_: bytes) -> bytes:
        raise UserCodeFailedError("its model answered 415: what is this?")

    found = measured(MemoryEndpoints(answers=refuse), "tumour-qa", ROWS[:2], sample(min=0.5))
    assert "what is this?" in found.failures[0]


@pytest.mark.parametrize(
    ("limits", "failures"),
    [
        ({"min": 0.5}, ()),
        ({"min": 0.75}, ()),
        ({"min": 0.8}, ("accuracy of 4 held-out rows is 0.75, expected at least 0.8",)),
        ({"max": 0.7}, ("accuracy of 4 held-out rows is 0.75, expected at most 0.7",)),
        ({"min": 0.8, "max": 0.7}, ("…at least 0.8", "…at most 0.7")),
    ],
)
def test_both_limits_hold(limits: dict[str, float], failures: tuple[str, ...]) -> None:
    found = judged(sample(**limits), ["1", "1", "0", "0"], ["1", "1", "0", "1"])
    assert found.value == 0.75
    assert len(found.failures) == len(failures)
    for told, expected in zip(found.failures, failures, strict=True):
        assert told.endswith(expected.removeprefix("…"))


def test_answers_that_cannot_be_measured_are_told() -> None:
    found = judged(sample(metric="mse", max=1.0), ["1"], ["a lot"])
    assert "the answer of row 1 is no number" in found.failures[0]
