"""The list of what needs each permission speaks of every statement of the templates, and of nothing else."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from agent.bootstrap.orders import orders
from agent.bootstrap.resolving import Resolved
from agent.bootstrap.template import Template
from agent.config.loading import load
from tests.contract.steps import test_networks
from tests.proof.declared import declared
from tests.proof.landscape import written
from tests.proof.removal import Permission, Statement, statements
from tests.proof.walk import NAMES
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADMINISTRATORS = "AdministratorsManage"
NETWORKS = {
    "PlaceInterfacesInSubnets": test_networks.test_every_permission_on_interfaces_is_needed,
    "LookAfterInterfaces": test_networks.test_every_permission_on_interfaces_is_needed,
    "SeeNetworks": test_networks.test_every_permission_on_interfaces_is_needed,
    "SeeTheNetwork": test_networks.test_every_permission_to_look_is_needed,
}
"""The walk's project has no network of its own: which test takes each action of these statements away instead."""
_NETWORK_POLICIES = ("NetworkAccess", "NetworkLook")


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Statement]]:
    """The statements of both templates where everything is configured, by the template's name."""
    configuration = load(written(tmp_path_factory.mktemp("files") / "source")).configuration
    found: dict[str, list[Statement]] = {}
    for order in orders(configuration):
        resolved = Resolved(
            template=order.template, parameters=order.parameters, account=order.account, region=order.region,
            partition="aws", attributes=dict.fromkeys(("Key.Arn", "SigningKeyA.Arn", "SigningKeyB.Arn"), ""),
        )  # fmt: skip
        found.setdefault(order.template.value.removesuffix(".yaml"), []).extend(statements(resolved))
    return found


def given(stacks: Mapping[str, list[Statement]]) -> set[Permission]:
    """What is allowed to others than administrators."""
    return {
        Permission(template, statement.holder, statement.sid, action)
        for template, found in stacks.items()
        for statement in found
        for action in statement.actions
        if statement.effect == "Allow" and statement.sid != ADMINISTRATORS
    }


def test_every_permission_is_needed_here_or_on_aws(stacks: Mapping[str, list[Statement]]) -> None:
    known = [*declared().needed, *declared().elsewhere]
    assert given(stacks) == set(known)
    assert len(known) == len(set(known))


def test_every_need_is_of_a_step_of_the_walk() -> None:
    assert set(declared().needed.values()) <= set(NAMES)
    assert set(declared().told) <= set(declared().needed)
    assert all(set(reason) == {"why", "source"} for reason in declared().elsewhere.values())


def test_no_statement_of_the_templates_is_left_out(stacks: Mapping[str, list[Statement]]) -> None:
    """A statement under a condition that the project of the proof does not meet would be proved by nobody."""
    for template in Template:
        found = {statement.sid for statement in stacks[template.value.removesuffix(".yaml")]}
        assert set(_sids(template.text)) - found == set(NETWORKS)


def _sids(text: str) -> list[str]:
    return [line.partition("Sid:")[2].strip() for line in text.splitlines() if "Sid:" in line]


def test_both_signing_keys_have_the_same_policy() -> None:
    """Only the first one's is proved."""
    first, second = (
        Template.TOOLS.text.split(f"\n  {key}:\n")[1].split("KeyPolicy:")[1].split("\n\n")[0]
        for key in ("SigningKeyA", "SigningKeyB")
    )
    assert first == second


def test_both_templates_have_the_same_statements_about_networks() -> None:
    """Those of the environments are not proved by themselves."""
    first, second = (
        [
            template.text.split(f"\n  {name}:\n")[1].split("PolicyDocument:")[1].split("\n\n")[0]
            for name in _NETWORK_POLICIES
        ]
        for template in Template
    )
    assert first == second


def test_the_page_is_what_the_templates_and_the_list_say() -> None:
    found = importlib.util.spec_from_file_location("permissions", ROOT / "docs/permissions.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    page: Path = module.PAGE
    assert page.read_text() == module.page()
