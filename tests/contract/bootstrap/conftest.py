"""One project that is bootstrapped for all tests of what its identities may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.aws.sessions import ClientData
from tests.contract.bootstrap.landscape import Landscape, alias, configuration, environment, project_name

if TYPE_CHECKING:
    from agent.cloud.embedded import EmbeddedCloud


@pytest.fixture(scope="session")
def several_accounts(session_cloud: EmbeddedCloud | None) -> EmbeddedCloud:
    """The cloud with its three accounts."""
    if session_cloud is None:
        pytest.skip("not on AWS: needs administrators of three accounts")
    return session_cloud


@pytest.fixture(scope="session")
def library() -> ClientData:
    """The models of services, read once for the clients of every principal."""
    return ClientData()


@pytest.fixture
def fresh(several_accounts: EmbeddedCloud, library: ClientData) -> Landscape:
    """A project of which nothing is there yet."""
    return Landscape(cloud=several_accounts, configuration=configuration(project_name()), library=library)


@pytest.fixture(scope="module")
def landscape(several_accounts: EmbeddedCloud, library: ClientData) -> Landscape:
    """A bootstrapped project whose build server has its key; `prod` has alarms, scaling and capture."""
    project = project_name()
    endpoint = {
        "name": f"{project}-prod",
        "instance": {
            "type": "ml.m5.large",
            "autoscaling": {"min_count": 1, "max_count": 2, "invocations_per_instance": 100},
        },
        "strategy": {
            "kind": "all_at_once",
            "alarms": {"errors": {"metric": "Invocation5XXErrors", "above": 5}},
        },
        "data_capture": {"prefix": f"s3://{project}-capture/prod"},
    }
    environments = {
        "qa": environment(project, "qa"),
        "prod": environment(project, "prod", production=True, endpoint=endpoint, kms_key=alias(project, "prod")),
    }
    chosen = configuration(project, {"kms_key": alias(project, "tools")}, **environments)
    made = Landscape(cloud=several_accounts, configuration=chosen, library=library)
    made.apply()
    made.administrator("prod").client("s3").create_bucket(Bucket=f"{project}-capture")
    return made.with_key()
