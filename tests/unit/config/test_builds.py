"""How far a build goes by itself follows from what it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.config.approval import ApprovalRule
from agent.config.builds import Build, destinations, gates_of, is_main
from agent.config.gate import CustomGate
from tests.unit.pipeline.configured import three_environments

if TYPE_CHECKING:
    from agent.config.judging_section import BuildKind

CONFIGURATION = three_environments()


@pytest.mark.parametrize(
    ("build", "goes"),
    [
        (Build(branch="better"), ("dev",)),
        (Build(branch="feature/deeper"), ("dev",)),
        (Build(branch="main"), ("dev", "qa")),
        (Build(branch="master"), ("dev", "qa")),
        (Build(), ("dev", "qa")),
        (Build(tag="v1.2"), ("dev", "qa")),
        (Build(tag="v1.2", branch="v1.2"), ("dev", "qa")),
        (Build(pull_request=7, branch="main"), ()),
    ],
    ids=str,
)
def test_without_a_word_branches_go_to_the_first_and_main_on_to_the_next(build: Build, goes: tuple[str, ...]) -> None:
    assert destinations(CONFIGURATION, build) == goes


def test_no_build_ever_goes_to_production() -> None:
    everything = three_environments(branches=dict.fromkeys(CONFIGURATION.environments, ("*",)))
    builds = (Build(), Build(branch="main"), Build(branch="x"), Build(tag="v1"), Build(pull_request=1))
    assert all("prod" not in destinations(everything, build) for build in builds)


def test_no_build_goes_where_somebody_has_to_say_yes() -> None:
    """It would end there every time, or find an approval by accident."""
    test = CONFIGURATION.environments["qa"].model_copy(update={"approval": ApprovalRule()})
    careful = CONFIGURATION.model_copy(update={"environments": {**CONFIGURATION.environments, "qa": test}})
    assert destinations(careful, Build(branch="main")) == ("dev",)


def test_an_environment_says_which_branches_it_takes() -> None:
    configuration = three_environments(branches={"dev": ("main", "feature/*"), "qa": ("main", "release/*")})
    assert destinations(configuration, Build(branch="feature/deeper")) == ("dev",)
    assert destinations(configuration, Build(branch="chore")) == ()
    assert destinations(configuration, Build(branch="main")) == ("dev", "qa")


def test_a_build_goes_no_further_than_the_first_environment_that_does_not_take_it() -> None:
    configuration = three_environments(branches={"dev": (), "qa": ("*",)})
    assert destinations(configuration, Build(branch="main")) == ()


def test_main_branches_are_named_by_patterns_too() -> None:
    configuration = three_environments(main_branches=("trunk", "release/*"))
    assert destinations(configuration, Build(branch="release/3")) == ("dev", "qa")
    assert destinations(configuration, Build(branch="main")) == ("dev",)
    assert destinations(configuration, Build(tag="v3")) == ("dev", "qa")


def test_a_tag_that_is_no_release_s_goes_nowhere() -> None:
    configuration = three_environments(release_tags=("v*",))
    assert destinations(configuration, Build(tag="nightly")) == ()
    assert not is_main(Build(tag="nightly"), configuration)
    assert destinations(configuration, Build(tag="v3")) == ("dev", "qa")


def test_a_pull_request_from_a_branch_called_main_is_not_the_main_branch() -> None:
    assert not is_main(Build(pull_request=7, branch="main"), CONFIGURATION)


@pytest.mark.parametrize(
    ("build", "judged"),
    [
        (Build(pull_request=7, branch="main"), {"always", "pr"}),
        (Build(branch="better"), {"always", "branch"}),
        (Build(branch="main"), {"always", "main", "main-or-tag"}),
        (Build(), {"always", "main", "main-or-tag"}),
        (Build(tag="v1.2"), {"always", "tag", "main-or-tag"}),
    ],
    ids=["pr", "branch", "main", "of no branch", "tag"],
)
def test_a_gate_judges_the_builds_that_it_names(build: Build, judged: set[str]) -> None:
    scopes: dict[str, tuple[BuildKind, ...]] = {
        "always": (), "pr": ("pr",), "branch": ("branch",), "main": ("main",), "tag": ("tag",),
        "main-or-tag": ("main", "tag"),
    }  # fmt: skip
    gates = {name: CustomGate(kind="custom", entry_point="a:b", builds=builds) for name, builds in scopes.items()}
    assert set(gates_of(three_environments(gates=gates), build)) == judged
