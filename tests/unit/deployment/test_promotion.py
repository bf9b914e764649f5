"""What a release must have behind it, and where a rollback goes, decided from the ledger alone."""

from __future__ import annotations

import pytest

from agent.deployment.promotion import brought_back, release_before, require_known, require_proved
from agent.errors import UsageError
from agent.ledger.environments import Checked, Deployment, Environments
from agent.ledger.ledger import Ledger
from tests.fakes import EPOCH, MemoryObjects
from tests.unit.deployment.stage import digest, entry


@pytest.fixture
def environments() -> Environments:
    return Environments(Ledger(MemoryObjects(), "bucket"))


def check(environment: str, *, passed: bool = True) -> Checked:
    return Checked(
        environment=environment, release=digest(1), deployment=1, key="k", passed=passed, run="run-1", ended=EPOCH
    )


def history(*steps: str) -> list[Deployment]:
    """``A`` deploys release A, ``<A`` rolls back to it, ``!A`` fails to deploy it."""
    entries = []
    for number, step in enumerate(steps, start=1):
        action = "rollback" if step.startswith("<") else "deploy"
        status = "failed" if step.startswith("!") else "done"
        entries.append(entry(number, release=step[-1], action=action, status=status))
    return entries


def test_a_release_that_was_deployed_and_checked_everywhere_before_may_go_on(environments: Environments) -> None:
    for name in ("dev", "qa"):
        environments.add(entry(0, environment=name, release=digest(1)))
        environments.keep_check(check(name))
    require_proved(digest(1), ("dev", "qa"), environments)


def test_the_first_environment_that_is_missing_is_named(environments: Environments) -> None:
    with pytest.raises(UsageError, match=f"not been in dev.*modelyard promote {digest(1)} --to dev"):
        require_proved(digest(1), ("dev", "qa"), environments)
    environments.add(entry(0, environment="dev", release=digest(1)))
    environments.keep_check(check("dev"))
    with pytest.raises(UsageError, match="not been in qa"):
        require_proved(digest(1), ("dev", "qa"), environments)


def test_a_deployment_that_failed_proves_nothing(environments: Environments) -> None:
    environments.add(entry(0, environment="qa", release=digest(1), status="failed"))
    with pytest.raises(UsageError, match="not been in qa"):
        require_proved(digest(1), ("qa",), environments)


def test_a_check_that_failed_proves_nothing(environments: Environments) -> None:
    environments.add(entry(0, environment="qa", release=digest(1)))
    with pytest.raises(UsageError, match="has not been checked"):
        require_proved(digest(1), ("qa",), environments)
    environments.keep_check(check("qa", passed=False))
    with pytest.raises(UsageError, match="did not pass"):
        require_proved(digest(1), ("qa",), environments)


@pytest.mark.parametrize(
    ("steps", "before"),
    [
        (("A", "B"), "A"),
        (("A", "B", "B"), "A"),
        (("A", "B", "!C"), "A"),
        (("A", "B", "C", "<B"), "A"),
        (("A", "B", "<A", "C"), "A"),
        (("A", "B", "A", "C", "<A"), "B"),
        (("A", "B", "<A", "<B"), "A"),
    ],
)
def test_a_rollback_goes_to_the_release_before(steps: tuple[str, ...], before: str) -> None:
    assert release_before(history(*steps), "qa") == before


@pytest.mark.parametrize("steps", [(), ("A",), ("A", "A"), ("!B", "A"), ("A", "B", "<A")])
def test_where_nothing_came_before_there_is_no_rollback(steps: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="no release before the current one in qa"):
        release_before(history(*steps), "qa")


def test_only_what_was_live_can_be_gone_back_to() -> None:
    require_known("A", history("A", "B"), "qa")
    with pytest.raises(UsageError, match="never live in qa; these were, the newest first: A"):
        require_known("B", history("A", "!B"), "qa")


def test_only_the_run_that_has_just_rolled_back_has_brought_something_back() -> None:
    assert brought_back(history("A", "B", "<A"), "run-1") == history("A")[0].release
    assert brought_back(history("A", "B", "<A"), "run-2") is None
    assert brought_back(history("A", "B", "<A", "C"), "run-1") is None
    assert brought_back([], "run-1") is None
