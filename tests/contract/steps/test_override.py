"""Gates that guard an environment, and overrides of them, with the bootstrap's roles on a cloud that deploys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import Verdict
from agent.cloud.embedded import EmbeddedCloud
from agent.config.gate_overrides import GateOverrides
from agent.errors import AccessDeniedError, InputMissingError, UsageError
from agent.gates.overriding import found
from agent.ledger.overrides import KeptOverride, Overrides
from agent.ledger.runs import RunRecord, keep_run
from agent.release.store import ReleaseStore
from agent.runner import plan_step, run_step
from pipeline_steps import deploy, override, promote, review
from tests.contract.steps.deploy_world import PROD, QA, World, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator

REASON = "auc 0.9 is below the least allowed 0.95 (gate `separates`)"
GUARDING = Verdict(
    gate="separates",
    kind="threshold",
    metric="auc",
    value=0.9,
    limit=0.95,
    comparison="at least",
    passed=False,
    severity="block",
    environments=("prod",),
    reason=REASON,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.clear()


def guarded(world: World, *verdicts: Verdict) -> str:
    """A release that qa serves and has checked, with verdicts that keep it from somewhere."""
    release = world.release("one", who="alice", verdicts=verdicts or (GUARDING,))
    world.deploy(release)
    world.check()
    return release


def promoted(world: World, release: str, **changes: Any) -> promote.Result:
    inputs = world.promotion(release).model_copy(update=changes)
    return run_step(promote.STEP, inputs, world.context(run="promotion")).result


def reviewed(world: World, release: str) -> review.Result:
    inputs = review.Inputs(
        project=world.project,
        release=release,
        tools=world.configuration.tools,
        environment_name="prod",
        environment=world.environment("prod", approval={}),
        before=("qa",),
        main_branches=world.configuration.main_branches,
    )
    return run_step(review.STEP, inputs, world.context()).result


def asked(world: World, **changes: Any) -> override.Inputs:
    """Bob's wish that the gate be overridden, for a day."""
    given: dict[str, Any] = {
        "project": world.project,
        "gate": "separates",
        "by": "bob",
        "reason": "the clinic agreed",
        "until": world.context().clock.now() + timedelta(days=1),
    }
    return override.Inputs(**{**given, **changes})


def overridden(world: World, run: str = "override-1", **changes: Any) -> override.Result:
    return run_step(override.STEP, asked(world, **changes), world.context(run=run)).result


def kept(world: World) -> set[str]:
    """All overrides in the ledger, which nobody can remove."""
    return set(world.ledger.names("overrides/"))


def keep(world: World, release: str, **changes: Any) -> None:
    """An override as it would stand in the ledger, changed."""
    now = world.context().clock.now()
    fine = KeptOverride(
        gate="separates",
        model=ReleaseStore(world.ledger).read(release).model.sha256,
        found=found(GUARDING),
        by="bob",
        reason="the clinic agreed",
        at=now,
        until=now + timedelta(days=1),
        authors=("alice",),
        run="earlier",
    )
    Overrides(world.ledger).add(fine.model_copy(update=changes))


def test_what_a_gate_of_production_refuses_goes_everywhere_but_there(world: World) -> None:
    release = guarded(world)
    assert world.environments.current("qa") is not None
    began = world.last_call()
    refusal = promoted(world, release).refusal or ""
    assert refusal.startswith(f"release {release[:12]} may not go to prod: {REASON}; somebody else than its author")
    assert f"modelyard override separates --release {release[:12]}" in refusal
    assert world.writes(began, PROD) == []
    assert world.environments.history("prod") == ()
    assert plan_step(promote.STEP, world.promotion(release), world.context()) == ()


def test_a_review_shows_the_evidence_and_asks_nobody_to_approve_it(world: World) -> None:
    result = reviewed(world, guarded(world))
    assert result.refusal is not None
    assert not result.needs_approval
    assert result.lines[-1].startswith("refused: release")
    assert any("separates" in line and "for prod" in line for line in result.lines)


def test_a_deployment_is_kept_out_of_the_first_environment_as_well(world: World) -> None:
    release = world.release("one", verdicts=[GUARDING.model_copy(update={"environments": ("qa",)})])
    began = world.last_call()
    inputs = deploy.Inputs(
        project=world.project, release=release, environment_name="qa", environment=world.environment()
    )
    assert run_step(deploy.STEP, inputs, world.context()).result.refusal is not None
    assert world.writes(began, QA) == []


def test_a_warning_keeps_nothing_out(world: World) -> None:
    release = guarded(world, GUARDING.model_copy(update={"severity": "warn"}))
    assert promoted(world, release).refusal is None


def test_an_override_lets_the_release_pass_and_is_told(world: World) -> None:
    release = guarded(world)
    given = overridden(world, release=release[:10])
    assert (given.release, given.verdict, given.override.by) == (release, REASON, "bob")
    assert f"overrides/{given.model}/separates/override-1.json" in kept(world)
    shown = reviewed(world, release)
    assert (shown.refusal, shown.needs_approval) == (None, True)
    assert shown.overrides == (given.override.told("separates"),)
    assert shown.overrides[0] in shown.lines
    result = promoted(world, release)
    assert (result.refusal, result.release, result.overrides) == (None, release, shown.overrides)
    current = world.environments.current("prod")
    assert current is not None
    assert current.release == release


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"until": "now"}, "that of bob expired at"),
        ({"by": "Alice"}, "Alice is an author of the model"),
        ({"model": "9" * 64}, ""),
        ({"gate": "another"}, ""),
    ],
    ids=["expired", "by the author", "of another model", "of another gate"],
)
def test_one_that_does_not_count_leaves_the_release_where_it_is(
    world: World, changes: dict[str, Any], fault: str
) -> None:
    release = guarded(world)
    given = {name: world.context().clock.now() if value == "now" else value for name, value in changes.items()}
    keep(world, release, **given)
    refusal = promoted(world, release).refusal or ""
    assert "may not go to prod" in refusal
    assert ("no override counts" in refusal) == bool(fault)
    assert fault in refusal


def test_the_rule_of_the_moment_of_the_promotion_counts(world: World) -> None:
    release = guarded(world)
    overridden(world, release=release)
    assert promoted(world, release, gate_overrides=GateOverrides(people=("carol",))).refusal is not None


def test_its_author_may_not_override_and_nothing_is_kept(world: World) -> None:
    release, before = guarded(world), kept(world)
    with pytest.raises(AccessDeniedError, match=r"alice is an author of the model \(alice.*four eyes are demanded"):
        overridden(world, release=release, by="alice")
    with pytest.raises(AccessDeniedError, match=r"bob is none of those who may \(carol\)"):
        overridden(world, release=release, rule=GateOverrides(people=("carol",)))
    assert kept(world) == before


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"reason": " "}, "`by` or `reason` is empty"),
        ({"until": timedelta(hours=-1)}, "ends in the future"),
        ({"until": timedelta(days=31)}, "counts for at most 30 days"),
        ({"gate": "nothing"}, "was judged by no gate nothing; its gates are: separates"),
        ({"commit": "c" * 40}, "either its release, or the commit"),
    ],
)
def test_a_wish_without_sense_is_refused(world: World, changes: dict[str, Any], says: str) -> None:
    release, now = world.release("one", verdicts=[GUARDING]), world.context().clock.now()
    given: dict[str, Any] = {
        name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()
    }
    with pytest.raises(UsageError, match=says):
        overridden(world, release=release, **given)


def test_a_commit_is_overridden_by_what_its_last_build_came_to(world: World) -> None:
    release = ReleaseStore(world.ledger).read(world.release("one", who="alice"))
    everywhere = GUARDING.model_copy(update={"environments": ()})
    with pytest.raises(InputMissingError, match="start its build"):
        overridden(world, commit="c" * 12)
    now = world.context().clock.now()
    results: dict[str, dict[str, Any]] = {
        "evaluate": {"evaluation": release.evaluation.model_dump(mode="json")},
        "gate": {"verdicts": [everywhere.model_dump(mode="json")]},
    }
    record = RunRecord(
        id="run-7", who="alice", branch="main", commit="c" * 40, result="refused", started=now, ended=now, stages=(),
        results=results,
    )  # fmt: skip
    keep_run(world.ledger, record)
    with pytest.raises(AccessDeniedError):
        overridden(world, commit="c" * 12, by="alice")
    (action,) = plan_step(override.STEP, asked(world, commit="c" * 12), world.context(run="override-2"))
    given = overridden(world, "override-2", commit="c" * 12)
    assert given.model == release.model.sha256
    assert action.resource.endswith(f"ledger/overrides/{given.model}/separates/override-2.json")
