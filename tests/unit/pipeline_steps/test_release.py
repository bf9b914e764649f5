"""A release is written once, whoever comes first, and is the same for the same model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.artifacts import CommitInfo
from agent.config.gate import ThresholdGate
from agent.errors import CloudFailedError, UsageError
from agent.release.origins import Origins
from agent.release.statement import release_digest
from agent.release.store import ReleaseStore
from agent.runner import run_step
from pipeline_steps import release as step
from tests.fakes import Call, MemoryObjects
from tests.unit.pipeline_steps.surroundings import surroundings
from tests.unit.pipeline_steps.vouched import BUCKET, REFUSED, evaluation, release


def inputs(**changes: Any) -> step.Inputs:
    document = {**release().model_dump(mode="json"), "bucket": BUCKET}
    return step.Inputs.model_validate_json(json.dumps({**document, **changes}))


def test_a_release_is_kept_under_its_own_digest() -> None:
    context = surroundings()
    result = step.run(inputs(), context)
    assert result.release == release_digest(release())
    assert result.uri == f"s3://{BUCKET}/ledger/releases/{result.release}.json"
    assert ReleaseStore(context.ledger).read(result.release) == release()


def test_a_readme_only_commit_gives_the_same_release() -> None:
    context = surroundings()
    first = run_step(step.STEP, inputs(), context).result
    later = inputs(commit={"sha": "d" * 40, "branch": "docs"}, run="run-8", who="grace", build_url="https://other/")
    outcome = run_step(step.STEP, later, context)
    assert (outcome.recalled, outcome.result) == (True, first)


def test_a_promotion_in_between_gives_the_same_release() -> None:
    """The champion is another one then, and so are the verdicts; the model and its gates are not."""
    promoted = inputs(champions={"prod": evaluation().model_dump(mode="json")})
    assert step.STEP.key(promoted) == step.STEP.key(inputs())


def test_another_branch_comes_to_the_same_release_and_is_remembered() -> None:
    context = surroundings()
    first = run_step(step.STEP, inputs(branch="better"), context).result
    outcome = run_step(step.STEP, inputs(branch="main"), context)
    assert (outcome.recalled, outcome.result) == (False, first)
    assert run_step(step.STEP, inputs(branch="main"), context).recalled
    names = [name for _, name in Origins(context.ledger).of(first.release, release())]
    assert names == ["better", "main"]


def test_a_tag_becomes_a_name_of_the_release() -> None:
    context = surroundings()
    first = run_step(step.STEP, inputs(branch="main"), context).result
    outcome = run_step(step.STEP, inputs(tag="v1.2"), context)
    assert (outcome.recalled, outcome.result) == (False, first)
    assert ReleaseStore(context.ledger).find("v1.2") == first.release


def test_another_gate_gives_another_release() -> None:
    gate = ThresholdGate(kind="threshold", metric="auc", min=0.97)
    stricter = inputs(gates={"separates": gate.model_dump(mode="json")})
    assert step.STEP.key(stricter) != step.STEP.key(inputs())


@pytest.mark.parametrize("changes", [{"refused": ["harmless"]}, {"answered": {"harmless": "s3://bucket/verdict.json"}}])
def test_what_another_verdict_or_another_answer_vouches_for_is_another_release(changes: dict[str, Any]) -> None:
    assert step.STEP.key(inputs(**changes)) != step.STEP.key(inputs())


def test_a_gate_that_guards_no_release_lets_one_be_made_that_says_so() -> None:
    context = surroundings()
    guarding = REFUSED.model_copy(update={"environments": ("prod",)}).model_dump(mode="json")
    made = step.run(inputs(verdicts=[guarding]), context)
    assert [verdict.state for verdict in ReleaseStore(context.ledger).read(made.release).verdicts] == ["refused"]


def test_an_agent_that_was_lost_before_the_ledger_knew_leaves_no_second_release() -> None:
    context = surroundings()
    first = step.run(inputs(), context)
    again = step.run(inputs(run="run-2", who="grace", commit={"sha": "d" * 40}), context)
    assert again == first
    assert ReleaseStore(context.ledger).all() == (first.release,)


def test_an_agent_that_was_lost_while_it_released_is_taken_up() -> None:
    """Killed between the draft and the release: the next one releases the draft."""

    def lose_the_agent(call: Call) -> None:
        if call.operation == "PutObject" and "/releases/" in call.key:
            raise CloudFailedError("lost")

    objects = MemoryObjects(buckets={BUCKET}, before=lose_the_agent)
    context = surroundings(objects=objects)
    with pytest.raises(CloudFailedError, match="lost"):
        step.run(inputs(), context)
    objects.before = lambda _: None
    result = step.run(inputs(run="run-2", who="grace"), replace(context))
    assert result.release == release_digest(release())


def test_a_refused_model_is_not_released() -> None:
    context = surroundings()
    with pytest.raises(UsageError, match=r"refuse is not released: auc 0\.9 is below"):
        step.run(inputs(verdicts=[REFUSED.model_dump(mode="json")]), context)
    assert ReleaseStore(context.ledger).all() == ()


def test_the_plan_names_the_document() -> None:
    (action,) = step.plan(inputs(), surroundings())
    assert action.operation == "s3:PutObject"
    assert action.resource == f"s3://{BUCKET}/ledger/releases/{release_digest(release())}.json"


def test_a_release_outside_a_git_repository_has_no_commit() -> None:
    context = surroundings()
    result = step.run(inputs(commit={"sha": ""}), context)
    assert ReleaseStore(context.ledger).read(result.release).commit == CommitInfo(sha="")
