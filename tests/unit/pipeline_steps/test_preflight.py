"""Everything that a run needs is looked at before it spends anything, and all that is wrong is told in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.model import Configuration
from agent.errors import AccessDeniedError, InputMissingError, ModelyardError, TemporaryError, UsageError
from agent.ports.images import StoredImage
from agent.ports.policies import Encryption
from pipeline_steps import preflight
from tests.fakes import (
    FakeAccess,
    FakeAccount,
    FakeAccounts,
    FakePolicies,
    MemoryImages,
    MemoryKeys,
    MemoryRegistry,
)
from tests.unit.pipeline_steps.surroundings import surroundings, told
from tests.unit.pipeline_steps.vouched import BUCKET, MEDIA_TYPE, TOOLS

if TYPE_CHECKING:
    from agent.context import Context

PROD = "333333333333"
SOURCES = "5" * 64
DIGEST = f"sha256:{'1' * 64}"
TOOLS_ROLE, PROD_ROLE = (f"arn:aws:iam::{account}:role/tumour-execution" for account in (TOOLS, PROD))
DEPLOY_ROLE = f"arn:aws:iam::{PROD}:role/tumour-deploy"
PIPELINE_ROLE = f"arn:aws:iam::{TOOLS}:role/tumour-pipeline"
METRICS = {"auc": {"better": "higher"}}
KEY = f"arn:aws:kms:us-east-1:{TOOLS}:key/1"
PROD_KEY = f"arn:aws:kms:us-east-1:{PROD}:key/1"


@dataclass
class Accounts:
    """A tools and a production account in which all is well, until a test spoils something."""

    tools: FakeAccount = field(
        default_factory=lambda: FakeAccount(
            access=FakeAccess(
                buckets={BUCKET: "us-east-1"},
                repositories={"tumour": f"{TOOLS}.dkr.ecr.us-east-1.amazonaws.com/tumour"},
                roles={TOOLS_ROLE: True},
            ),
            policies=FakePolicies(keys={KEY: "Enabled"}, encrypted=Encryption(algorithm="aws:kms", key=KEY)),
            registry=MemoryRegistry(),
            images=MemoryImages(),
        )
    )
    prod: FakeAccount = field(
        default_factory=lambda: FakeAccount(
            id=PROD,
            access=FakeAccess(
                arn=f"arn:aws:sts::{PROD}:assumed-role/tumour-deploy/run",
                roles={PROD_ROLE: True},
            ),
            policies=FakePolicies(keys={PROD_KEY: "Enabled"}),
            images=MemoryImages(),
        )
    )
    region: str = "us-east-1"
    releases: dict[str, Any] = field(default_factory=dict)
    assumed: list[Any] = field(default_factory=list)
    context: Context | None = None

    def run(self) -> dict[tuple[str, str], str]:
        """What was found, by place and question."""
        self.context = surroundings(self.tools, others={PROD: self.prod})
        result = preflight.run(self.inputs(), self.context)
        accounts = self.context.accounts
        assert isinstance(accounts, FakeAccounts)
        self.assumed = accounts.assumed
        return {(found.place, found.what): found.why for found in result.findings}

    def refused(self, kind: type[ModelyardError]) -> str:
        with pytest.raises(kind) as caught:
            self.run()
        return str(caught.value)

    def inputs(self) -> preflight.Inputs:
        resources = {"instance_type": "ml.m5.large"}
        prod = {
            "account": PROD,
            "region": self.region,
            "deploy_role": DEPLOY_ROLE,
            "external_id": "tumour-prod",
            "execution_role": PROD_ROLE,
            "kms_key": PROD_KEY,
            "endpoint": {"name": "tumour-prod", "instance": {"type": "ml.m5.large"}},
        }
        document = {
            "project": "tumour",
            "tools": {
                "account": TOOLS,
                "region": "us-east-1",
                "role": PIPELINE_ROLE,
                "execution_role": TOOLS_ROLE,
                "kms_key": KEY,
            },
            "data": {"training": {"path": "data"}},
            "training": {"resources": resources},
            "evaluation": {"script": "e.py", "data": "training", "resources": resources, "metrics": METRICS},
            "environments": {"prod": prod},
            "releases": self.releases,
        }
        return preflight.Inputs(configuration=Configuration.model_validate(document), image_sources=SOURCES)


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


def test_everything_is_looked_at_and_told(accounts: Accounts) -> None:
    found = accounts.run()
    assert set(found) == {
        ("tools", "identity"),
        ("tools", "artifact bucket"),
        ("tools", "image repository"),
        ("tools", "model package group"),
        ("tools", "execution role"),
        ("tools", "key"),
        ("tools", "signing key"),
        ("tools", "policy of the signing key"),
        ("tools", "encryption of the bucket"),
        ("tools", "names"),
        ("tools", "permissions"),
        ("tools", "policy of the bucket"),
        ("tools", "policy of the repository"),
        ("tools", "image"),
        ("prod", "identity"),
        ("prod", "region"),
        ("prod", "execution role"),
        ("prod", "key"),
        ("prod", "names"),
        ("prod", "permissions"),
        ("prod", "image"),
    }
    assert accounts.context is not None
    assert told(accounts.context, "fact") == ["entered tools, prod; all 23 checks passed"]


def test_a_key_that_signs_is_missed_before_anything_is_trained(accounts: Accounts) -> None:
    accounts.tools.keys = MemoryKeys()
    assert "signing key: kms:GetPublicKey: the key alias/tumour-releases" in accounts.refused(InputMissingError)


def test_whoever_signs_nothing_needs_no_key(accounts: Accounts) -> None:
    accounts.tools.keys = MemoryKeys()
    accounts.releases = {"sign": False}
    assert ("tools", "signing key") not in accounts.run()


def test_an_environment_is_entered_by_its_role_and_external_id(accounts: Accounts) -> None:
    accounts.run()
    assert accounts.assumed == [(PROD, DEPLOY_ROLE, "tumour-prod")]


def test_all_that_is_wrong_is_listed_with_what_is_right(accounts: Accounts) -> None:
    accounts.prod.access.arn = AccessDeniedError("sts:AssumeRole: wrong external id")
    accounts.tools.access.buckets = {}
    accounts.tools.registry.groups.clear()
    message = accounts.refused(AccessDeniedError)
    assert message.startswith("3 of 16 checks failed:\n")
    no_group = "there is no model package group tumour; create it with: modelyard bootstrap apply"
    for start in (
        f"  WRONG  prod ({PROD}, us-east-1)  identity: sts:AssumeRole: wrong external id; its trust has to name",
        f"  WRONG  tools ({TOOLS}, us-east-1)  artifact bucket: there is no bucket {BUCKET}; see agent/bootstrap/",
        f"  WRONG  tools ({TOOLS}, us-east-1)  model package group: {no_group}; see agent/bootstrap/templates/tools",
        f"  ok     tools ({TOOLS}, us-east-1)  execution role: {TOOLS_ROLE}",
    ):
        assert any(line.startswith(start) for line in message.splitlines())


def test_an_account_that_does_not_let_us_in_is_asked_nothing_else(accounts: Accounts) -> None:
    accounts.prod.access.arn = AccessDeniedError("sts:AssumeRole: wrong external id")
    lines = accounts.refused(AccessDeniedError).splitlines()
    (line,) = [line for line in lines if "  prod (" in line]
    assert line.startswith(f"  WRONG  prod ({PROD}, us-east-1)  identity: sts:AssumeRole: wrong external id")


def test_what_is_missing_is_missing(accounts: Accounts) -> None:
    accounts.tools.access.repositories = {}
    assert "1 of 23 checks failed" in accounts.refused(InputMissingError)


def test_a_service_that_is_busy_may_be_asked_again(accounts: Accounts) -> None:
    accounts.prod.access.arn = TemporaryError("ThrottlingException")
    accounts.refused(TemporaryError)


def test_a_bucket_elsewhere_is_out_of_reach(accounts: Accounts) -> None:
    accounts.tools.access.buckets = {BUCKET: "eu-central-1"}
    assert f"{BUCKET} is in eu-central-1, but jobs run in us-east-1" in accounts.refused(InputMissingError)


def test_an_environment_elsewhere_cannot_be_served(accounts: Accounts) -> None:
    accounts.region = accounts.prod.region = "eu-central-1"
    assert "environment `prod` is in eu-central-1, but image and models" in accounts.refused(UsageError)


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_a_key_that_cannot_be_used_is_told_with_its_state(accounts: Accounts, state: str) -> None:
    accounts.prod.policies.keys = {PROD_KEY: state}
    assert f"the key {PROD_KEY} cannot be used: it is {state}" in accounts.refused(InputMissingError)


def test_a_role_that_is_missing_is_missed(accounts: Accounts) -> None:
    accounts.prod.access.roles = {}
    assert f"there is no role {PROD_ROLE}" in accounts.refused(InputMissingError)


def test_a_role_that_may_not_be_seen_is_taken_on_trust(accounts: Accounts) -> None:
    accounts.prod.access.roles = {PROD_ROLE: None}
    found = accounts.run()
    assert found["prod", "execution role"] == f"{PROD_ROLE} (this identity may not see whether it exists)"


def test_an_image_that_is_there_already_is_looked_at(accounts: Accounts) -> None:
    assert accounts.run()["prod", "image"] == "not built yet"
    accounts.prod.images.account = TOOLS
    accounts.prod.images.add(StoredImage(digest=DIGEST, media_type=MEDIA_TYPE, size=1), tag=SOURCES)
    assert accounts.run()["prod", "image"] == f"tumour@{DIGEST}"


def test_an_image_that_sagemaker_does_not_take_is_refused(accounts: Accounts) -> None:
    index = "application/vnd.oci.image.index.v1+json"
    accounts.tools.images.add(StoredImage(digest=DIGEST, media_type=index, size=1), tag=SOURCES)
    assert f"tumour@{DIGEST} is a {index}, not a single image" in accounts.refused(InputMissingError)


def test_a_permission_that_is_missing_stops_the_run_and_names_the_template(accounts: Accounts) -> None:
    accounts.prod.policies.refuses = frozenset({"sagemaker:UpdateEndpoint"})
    message = accounts.refused(AccessDeniedError)
    assert f"{DEPLOY_ROLE} may not sagemaker:UpdateEndpoint on arn:aws:sagemaker:us-east-1:{PROD}:endpoint/" in message
    assert "it is statement Deploy of the template; run: modelyard bootstrap apply --account prod" in message


def test_whoever_may_not_ask_is_warned_and_goes_on(accounts: Accounts) -> None:
    accounts.tools.policies.unasked = AccessDeniedError("iam:SimulatePrincipalPolicy: no")
    accounts.run()
    assert accounts.context is not None
    warned = told(accounts.context, "warn")
    assert len(warned) == 2
    assert warned[0].startswith(
        f"tools ({TOOLS}, us-east-1): permissions: could not be looked at: iam:SimulatePrincipalPolicy: no; let "
    )
    assert told(accounts.context, "fact") == ["entered tools, prod; 21 of 23 checks passed, none failed"]


def test_a_preflight_lacks_what_only_it_asks_for_without_stopping_anybody(accounts: Accounts) -> None:
    accounts.tools.policies.refuses = frozenset({"ecr:GetRepositoryPolicy"})
    accounts.run()
    assert accounts.context is not None
    assert ["ecr:GetRepositoryPolicy" in line for line in told(accounts.context, "warn")] == [True]


def test_it_is_looked_at_again_in_every_run() -> None:
    assert not preflight.STEP.kept
