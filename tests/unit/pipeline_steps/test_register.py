"""A version in the model registry says where it comes from, and one model is entered once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from agent.artifacts import CommitInfo, Metric
from agent.config.model import Registration
from agent.errors import InputMissingError, UsageError
from agent.ports.registry import Approval
from agent.runner import plan_step, run_step
from pipeline_steps import register
from tests.fakes import FakeAccount, MemoryRegistry
from tests.unit.pipeline_steps.surroundings import KEY, surroundings, told
from tests.unit.pipeline_steps.vouched import COMMIT, DATA, IMAGE, MODEL, PASSED, REFUSED, evaluation

PROPERTY = re.compile(r"[\w \u00a0.:/=+\-@]{1,256}")
TEXT = st.text(max_size=300)


def inputs(**changes: Any) -> register.Inputs:
    whole: dict[str, Any] = {
        "project": "tumour",
        "group": "tumour",
        "registration": Registration(),
        "model": MODEL,
        "evaluation": evaluation(),
        "verdicts": (PASSED,),
        "data": DATA,
        "hyperparameters": {"trees": "150"},
        "commit": COMMIT,
    }
    return register.Inputs(**{**whole, **changes})


def test_a_version_names_image_artifact_and_evaluation() -> None:
    request = register.package_request(inputs(), KEY)
    assert request["InferenceSpecification"] == {
        "Containers": [{"Image": IMAGE.uri, "ModelDataUrl": MODEL.artifact}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    statistics = request["ModelMetrics"]["ModelQuality"]["Statistics"]
    assert statistics == {"ContentType": "application/json", "S3Uri": evaluation().report}


def test_a_version_tells_its_lineage() -> None:
    assert register.properties(inputs(), KEY) == {
        "modelyard:key": KEY,
        "commit": "c" * 40,
        "branch": "main",
        "image": f"sha256:{'1' * 64}",
        "artifact": f"sha256:{'2' * 64}",
        "evaluated-on": f"sha256:{'4' * 64}",
        "data:evaluation": f"sha256:{'4' * 64}",
        "data:training": f"sha256:{'3' * 64}",
        "metric:auc": "0.98",
        "metric:recall": "0.95",
        "gate:separates": "passed",
        "hyperparameter:trees": "150",
    }


@given(
    branch=TEXT,
    hyperparameters=st.dictionaries(TEXT, TEXT, max_size=80),
    metrics=st.dictionaries(st.from_regex(r"[A-Za-z0-9._:-]{1,63}", fullmatch=True), st.floats(-1e9, 1e9), max_size=40),
)
def test_whatever_it_comes_from_a_version_keeps_to_the_limits_of_aws(
    branch: str, hyperparameters: dict[str, str], metrics: dict[str, float]
) -> None:
    commit = CommitInfo(sha="", branch=branch)
    measured = evaluation().model_copy(update={"metrics": {name: Metric(value=metrics[name]) for name in metrics}})
    given_ = inputs(commit=commit, hyperparameters=hyperparameters, evaluation=measured)
    properties = register.properties(given_, KEY)
    assert len(properties) <= 50
    assert all(PROPERTY.fullmatch(value) and PROPERTY.fullmatch(name) for name, value in properties.items())
    assert all(len(name) <= 128 for name in properties)
    assert properties[register.KEY] == KEY
    assert len(register.package_request(given_, KEY)["ModelPackageDescription"]) <= 1024


def test_the_request_has_the_shape_of_aws() -> None:
    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateModelPackage")
    report = ParamValidator().validate(register.package_request(inputs(), KEY), shape.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,36}", register.package_request(inputs(), KEY)["ClientToken"])


@pytest.mark.parametrize(("configured", "approval"), [("automatic", Approval.APPROVED), ("manual", Approval.PENDING)])
def test_approval_is_as_configured(configured: Any, approval: Approval) -> None:
    registry = MemoryRegistry()
    context = surroundings(FakeAccount(registry=registry))
    result = register.run(inputs(registration=Registration(approval=configured)), context)
    assert (result.package, result.version, result.approval) == (registry.groups["tumour"][0].arn, 1, approval)
    assert registry.groups["tumour"][0].approval is approval
    assert told(context, "fact") == [f"registered as version 1 of tumour ({approval})"]


def test_what_an_agent_entered_before_it_was_lost_is_adopted() -> None:
    registry = MemoryRegistry()
    context = surroundings(FakeAccount(registry=registry))
    first = register.run(inputs(), context)
    registry.create(register.package_request(inputs(), "b" * 64))
    registry._by_token.clear()  # SageMaker forgets tokens after a while
    again = register.run(inputs(commit=COMMIT.model_copy(update={"sha": "d" * 40})), context)
    assert again == first
    assert len(registry.groups["tumour"]) == 2


def test_a_decision_from_outside_is_seen_when_a_version_is_adopted() -> None:
    registry = MemoryRegistry()
    context = surroundings(FakeAccount(registry=registry))
    first = register.run(inputs(), context)
    registry.decide(first.package, Approval.REJECTED, by="arn:aws:iam::111111111111:user/ada")
    assert register.run(inputs(), context).approval is Approval.REJECTED


def test_the_same_model_is_the_same_version_whoever_commits_and_whatever_the_champion() -> None:
    verdict = PASSED.model_copy(update={"reason": "another champion"})
    other = inputs(commit=CommitInfo(sha="e" * 40), verdicts=(verdict,))
    assert register.STEP.key(other) == register.STEP.key(inputs())


def test_the_plan_is_the_request_and_is_empty_once_it_is_there() -> None:
    context = surroundings(FakeAccount(registry=MemoryRegistry()))
    (action,) = register.plan(inputs(), context)
    assert (action.operation, action.resource, action.account) == (
        "sagemaker:CreateModelPackage",
        "tumour",
        "111111111111",
    )
    assert action.request == register.package_request(inputs(), KEY)
    register.run(inputs(), context)
    assert register.plan(inputs(), context) == ()


def test_a_version_that_somebody_deleted_is_made_anew_once() -> None:
    registry = MemoryRegistry()
    context = surroundings(FakeAccount(registry=registry))
    first = run_step(register.STEP, inputs(), context).result
    assert run_step(register.STEP, inputs(), context).recalled
    registry.removed.add(first.package)
    (action,) = plan_step(register.STEP, inputs(), context)
    again = run_step(register.STEP, inputs(), context)
    assert (again.recalled, again.result.version) == (False, 2)
    assert registry.created[1] == action.request
    assert registry.created[0]["ClientToken"] != registry.created[1]["ClientToken"]
    assert told(context, "warn") == [f"somebody has deleted {first.package}; the model is registered anew"]
    third = run_step(register.STEP, inputs(), context)
    assert (third.recalled, third.result) == (True, again.result)


def test_of_two_that_register_anew_at_once_both_ask_for_the_same() -> None:
    """SageMaker answers both with one version, as they say one ``ClientToken``."""
    registry = MemoryRegistry()
    context = surroundings(FakeAccount(registry=registry))
    first = run_step(register.STEP, inputs(), context).result
    registry.removed.add(first.package)
    (ours,), (theirs,) = (plan_step(register.STEP, inputs(), context) for _ in range(2))
    assert registry.create(ours.request) == registry.create(theirs.request)


def test_a_missing_group_is_to_be_bootstrapped() -> None:
    context = surroundings(FakeAccount(registry=MemoryRegistry(groups={})))
    with pytest.raises(InputMissingError, match=r"no model package group tumour; .* modelyard bootstrap apply"):
        register.run(inputs(), context)


def test_a_refused_model_is_not_registered() -> None:
    registry = MemoryRegistry()
    with pytest.raises(UsageError, match=r"auc 0\.9 is below the least allowed 0\.96"):
        register.run(inputs(verdicts=(PASSED, REFUSED)), surroundings(FakeAccount(registry=registry)))
    assert registry.created == []


def test_a_version_of_the_same_description_but_another_key_is_not_adopted() -> None:
    registry = MemoryRegistry()
    context = surroundings(FakeAccount(registry=registry))
    register.run(inputs(), context)
    (version,) = registry.groups["tumour"]
    registry.groups["tumour"] = [replace(version, metadata={register.KEY: "forged"})]
    assert register.adopted(registry, "tumour", KEY) is None
