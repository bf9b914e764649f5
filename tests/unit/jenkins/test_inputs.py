"""Approvals from the command line: listed, given with a reason and parameters, or refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.cli import main
from agent.errors import ExitCode
from tests.jenkins_controller import Controller, Plan, User

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("repository")


def text(name: str, default: str = "") -> dict[str, Any]:
    value = {"_class": "hudson.model.StringParameterValue", "name": name, "value": default}
    return {"_class": "x", "name": name, "type": "StringParameterDefinition", "defaultParameterValue": value}


def asked(id_: str, *parameters: dict[str, Any], submitter: str | None = None) -> dict[str, Any]:
    message = f"{id_}: promote 3f2a9c1d7b60 to prod?"
    return {"id": id_, "message": message, "ok": "Approve", "submitter": submitter, "parameters": list(parameters)}


@pytest.fixture
def waiting(url: str, controller: Controller, capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Lets a promotion wait for given inputs."""

    def wait(*inputs: dict[str, Any]) -> None:
        main(["jenkins", "setup"])
        controller.plans["tumour/promote"] = [Plan(log=[], inputs=list(inputs), whys=())]
        controller.schedule("tumour/promote", {})
        controller.items["tumour/promote"].builds[-1].go_on()
        capsys.readouterr()

    return wait


def answers(controller: Controller) -> list[dict[str, Any]]:
    return controller.items["tumour/promote"].builds[-1].answers


def test_an_approval_has_a_reason_and_the_defaults_of_its_parameters(
    waiting: Callable[..., None], controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting(asked("Approve", text("APPROVAL", "asked for"), text("WINDOW", "tonight")))
    assert main(["jenkins", "approve", "--reason", "recall is better"]) == ExitCode.DONE
    values = {"APPROVAL": "recall is better", "WINDOW": "tonight"}
    assert answers(controller) == [{"by": "alice", "how": "proceed", "values": values}]
    assert "approved: Approve: promote 3f2a9c1d7b60 to prod?" in capsys.readouterr().err


@pytest.mark.parametrize(("word", "told"), [("approve", "approved"), ("abort", "refused")])
def test_of_a_question_with_a_page_to_read_the_list_has_all_in_a_row_and_the_answer_only_the_question(
    word: str, told: str, waiting: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    waiting(asked("Approve") | {"message": "promote it?\nhttps://ci.example.com/page"})
    assert main(["jenkins", word, "--list"]) == ExitCode.DONE
    _, row = capsys.readouterr().out.splitlines()
    assert row.endswith("  promote it? https://ci.example.com/page")
    assert main(["jenkins", word]) == ExitCode.DONE
    assert f"{told}: promote it? (http" in capsys.readouterr().err


def test_an_input_without_parameters_is_approved_too(waiting: Callable[..., None], controller: Controller) -> None:
    waiting(asked("Approve"))
    assert main(["jenkins", "approve", "promote", "1"]) == ExitCode.DONE
    assert answers(controller) == [{"by": "alice", "how": "proceed", "values": {}}]


def test_what_is_pending_is_listed(waiting: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    waiting(asked("Approve", text("REASON"), submitter="alice,ml-leads"))
    assert main(["jenkins", "approve", "--list"]) == ExitCode.DONE
    titles, row = capsys.readouterr().out.splitlines()
    assert titles.split() == ["BUILD", "INPUT", "FOR", "PARAMETERS", "MESSAGE"]
    assert row.split("  ")[-1] == "Approve: promote 3f2a9c1d7b60 to prod?"
    assert "alice, ml-leads" in row
    assert main(["jenkins", "approve", "--list", "--json"]) == ExitCode.DONE
    (document,) = json.loads(capsys.readouterr().out)
    assert (document["number"], document["submitters"], document["parameters"]) == (
        1,
        ["alice", "ml-leads"],
        {"REASON": ""},
    )


def test_somebody_else_is_refused_in_the_words_of_the_controller(
    waiting: Callable[..., None], controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting(asked("Approve", submitter="bob"))
    assert main(["jenkins", "approve"]) == ExitCode.ACCESS_DENIED
    assert "You need to be bob to submit this." in capsys.readouterr().err
    assert answers(controller) == []


def test_of_several_inputs_one_is_named(
    waiting: Callable[..., None], controller: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting(asked("Security", text("REASON")), asked("Business", text("REASON")))
    assert main(["jenkins", "approve"]) == ExitCode.USAGE
    assert "say which: build 1, --input Security" in capsys.readouterr().err
    assert main(["jenkins", "approve", "--input", "Business", "--parameter", "REASON=a=b"]) == ExitCode.DONE
    assert answers(controller)[0]["values"] == {"REASON": "a=b"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--parameter", "WHEN=now"], "has no parameter WHEN; it has: REASON"),
        (["--parameter", "WHEN"], "--parameter WHEN: expected NAME=VALUE"),
    ],
)
def test_wrong_parameters_approve_nothing(
    waiting: Callable[..., None],
    controller: Controller,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    waiting(asked("Approve", text("REASON")))
    assert main(["jenkins", "approve", *words]) == ExitCode.USAGE
    assert told in capsys.readouterr().err
    assert answers(controller) == []


def test_a_refusal_ends_the_build(waiting: Callable[..., None], controller: Controller) -> None:
    waiting(asked("Approve", text("REASON")))
    assert main(["jenkins", "abort", "promote", "1"]) == ExitCode.DONE
    assert answers(controller)[0]["how"] == "abort"
    assert controller.items["tumour/promote"].builds[-1].result == "ABORTED"


def test_nothing_pending_is_said(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["jenkins", "setup"])
    assert main(["jenkins", "approve"]) == ExitCode.INPUT_MISSING
    assert "tumour/promote: no input is pending" in capsys.readouterr().err
    assert main(["jenkins", "approve", "--list"]) == ExitCode.DONE
    assert "Nothing is pending." in capsys.readouterr().err


def test_a_build_that_runs_can_be_stopped(url: str, controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    main(["jenkins", "setup"])
    assert main(["jenkins", "abort", "retrain", "--stop"]) == ExitCode.INPUT_MISSING
    controller.plans["tumour/retrain"] = [Plan(whys=(), endless=True)]
    controller.schedule("tumour/retrain", {})
    assert main(["jenkins", "abort", "retrain"]) == ExitCode.INPUT_MISSING
    assert "--stop ends a build that does not wait" in capsys.readouterr().err
    assert main(["jenkins", "abort", "retrain", "--stop"]) == ExitCode.DONE
    build = controller.items["tumour/retrain"].builds[-1]
    build.told = 9
    build.go_on()
    assert build.result == "ABORTED"


def test_who_may_not_cancel_is_told(url: str, controller: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    main(["jenkins", "setup"])
    controller.plans["tumour/retrain"] = [Plan(whys=(), endless=True)]
    controller.schedule("tumour/retrain", {})
    permissions = frozenset({"Overall/Read", "Job/Read"})
    controller.users["alice"] = User(token=controller.users["alice"].token, permissions=permissions)
    assert main(["jenkins", "abort", "retrain", "--stop"]) == ExitCode.ACCESS_DENIED
    assert "alice is missing the permission Job/Cancel" in capsys.readouterr().err
