"""Where a release comes from decides where it may go, and tags are its names."""

from __future__ import annotations

from typing import Any

import pytest

from agent.artifacts import CommitInfo
from agent.errors import UsageError
from agent.ledger.ledger import Ledger
from agent.release.origins import Origin, Origins, branches_of_candidate, require_admitted
from agent.release.store import ReleaseStore
from tests.fakes import EPOCH, MemoryObjects
from tests.unit.pipeline.configured import three_environments
from tests.unit.pipeline_steps.vouched import release

MAIN = ("main", "release/*")
DIGEST, OTHER = "a" * 64, "b" * 64
ENVIRONMENTS = three_environments().environments


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryObjects(), "bucket")


@pytest.fixture
def origins(ledger: Ledger) -> Origins:
    return Origins(ledger)


def origin(kind: Any, name: str, digest: str = DIGEST) -> Origin:
    return Origin(release=digest, kind=kind, name=name, at=EPOCH)


def test_every_branch_and_tag_that_came_to_a_release_is_remembered(origins: Origins) -> None:
    for each in (origin("tag", "v1.2"), origin("branch", "feature/a"), origin("branch", "feature-a")):
        origins.keep(each)
    found = sorted(origins.of(DIGEST, release()))
    assert found == [("branch", "feature-a"), ("branch", "feature/a"), ("tag", "v1.2")]


def test_only_what_was_kept_is_known(origins: Origins) -> None:
    origins.keep(origin("branch", "better"))
    assert origins.knows(DIGEST, branch="better", tag="")
    assert not origins.knows(DIGEST, branch="main", tag="")
    assert not origins.knows(DIGEST, branch="better", tag="better")
    assert not origins.knows(DIGEST, branch="", tag="")


def test_a_tag_names_one_release_for_good(origins: Origins) -> None:
    origins.keep(origin("tag", "v1"))
    origins.keep(origin("tag", "v1"))
    with pytest.raises(UsageError, match=r"tag v1 names release a{12} already, but its build now comes to b{12}"):
        origins.keep(origin("tag", "v1", OTHER))
    assert origins.named("v1") == DIGEST
    assert not origins.knows(OTHER, branch="", tag="v1")


def test_a_release_is_found_by_its_tag(ledger: Ledger) -> None:
    store = ReleaseStore(ledger)
    digest = store.write(release())
    Origins(ledger).keep(origin("tag", "v1.2", digest))
    assert store.find("v1.2") == digest == store.find(digest[:6])


def test_a_tag_that_looks_like_digits_counts_more_than_they_do(ledger: Ledger) -> None:
    store = ReleaseStore(ledger)
    digest = store.write(release())
    Origins(ledger).keep(origin("tag", digest[:6], OTHER))
    assert store.find(digest[:6]) == OTHER
    assert store.find(digest[:7]) == digest


def test_a_tag_that_names_nothing_says_what_does(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="'v9' does not name a release; give at least 6 hexadecimal digits, or a tag"):
        ReleaseStore(ledger).find("v9")


@pytest.mark.parametrize(
    ("found", "candidate_of"),
    [
        ([("branch", "better")], ("better",)),
        ([("branch", "better"), ("branch", "main")], ()),
        ([("branch", "better"), ("branch", "release/3")], ()),
        ([("branch", "better"), ("tag", "v1")], ()),
        ([("branch", "")], ()),
    ],
)
def test_a_release_is_a_candidate_until_a_main_branch_or_a_tag_comes_to_it(
    found: list[tuple[str, str]], candidate_of: tuple[str, ...]
) -> None:
    assert branches_of_candidate(found, MAIN) == candidate_of


def test_an_older_release_has_the_branch_that_it_was_made_of(origins: Origins) -> None:
    older = release().model_copy(update={"commit": CommitInfo(sha="c" * 40, branch="better")})
    assert branches_of_candidate(origins.of(DIGEST, older), MAIN) == ("better",)


@pytest.mark.parametrize(("name", "first", "told"), [("prod", True, "production takes none"), ("qa", False, "qa does")])
def test_a_candidate_goes_only_where_its_branch_is_taken(name: str, told: str, *, first: bool) -> None:
    with pytest.raises(UsageError, match=f"release a{{12}} is a candidate of branch better, and {told}.*merge it"):
        require_admitted(DIGEST, ("better",), ENVIRONMENTS[name], name=name, first=first, main=MAIN)


def test_what_takes_its_branch_takes_a_candidate() -> None:
    require_admitted(DIGEST, ("better",), ENVIRONMENTS["dev"], name="dev", first=True, main=MAIN)
    taking = ENVIRONMENTS["qa"].model_copy(update={"branches": ("better",)})
    require_admitted(DIGEST, ("other", "better"), taking, name="qa", first=False, main=MAIN)


def test_what_is_no_candidate_goes_anywhere() -> None:
    require_admitted(DIGEST, (), ENVIRONMENTS["prod"], name="prod", first=False, main=MAIN)
