"""One place where the contract suite runs: the embedded cloud, or with ``--aws`` the account of the environment.

With ``--aws`` nothing is provisioned; the suite is told what to use:

- ``MODELYARD_AWS_ROLE``: ARN of an execution role that trusts SageMaker, with the policy in ``provision.py``.
- ``MODELYARD_AWS_BUCKET``: a bucket that role may read and write.
- ``MODELYARD_AWS_IMAGE``: ECR URI of the image of ``image/Dockerfile``.

Names are unique to each test, so that the suite may run in parallel and on an account that is in use.
"""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.contract.provision import create_bucket, create_role, push_image
from tests.contract.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class ClientFactory(Protocol):
    """Makes boto3 clients of the administrator of an account (``tools``, ``qa`` or ``prod``)."""

    def __call__(self, service: str, account: str = "tools", **options: Any) -> Any: ...


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "embedded_only(reason): cannot run against AWS, because of reason")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--aws"):
        for item in items:
            for marker in item.iter_markers("embedded_only"):
                item.add_marker(pytest.mark.skip(reason=f"not on AWS: {marker.args[0]}"))


@pytest.fixture(scope="session")
def on_aws(pytestconfig: pytest.Config) -> bool:
    """Whether the suite runs against AWS itself."""
    return bool(pytestconfig.getoption("--aws"))


@pytest.fixture(scope="session")
def session_cloud(on_aws: bool) -> Iterator[EmbeddedCloud | None]:
    """The cloud that the tests of one process share; None on AWS."""
    if on_aws:
        yield None
        return
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(session_cloud: EmbeddedCloud | None) -> Iterator[EmbeddedCloud]:
    """The shared cloud for tests that ask more of it than AWS offers; its faults and its pace end with the test."""
    if session_cloud is None:
        pytest.skip("not on AWS: needs the embedded cloud's own interface")
    yield session_cloud
    session_cloud.clear_faults()
    session_cloud.set_clock_rate(1.0)


@pytest.fixture
def own_cloud(on_aws: bool) -> Iterator[EmbeddedCloud]:
    """A cloud for one test that stops, kills or resets it."""
    if on_aws:
        pytest.skip("not on AWS: stops the cloud")
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture
def advance(cloud: EmbeddedCloud) -> Callable[[float], None]:
    """Lets so many seconds pass on the cloud's clock."""
    return cloud.advance


@pytest.fixture
def hurry(session_cloud: EmbeddedCloud | None) -> Iterator[None]:
    """Ten minutes of health checks, alarms or backups pass within a second; on AWS they take their time."""
    if session_cloud is None:
        yield
        return
    session_cloud.set_clock_rate(600)
    yield
    session_cloud.set_clock_rate(1)


@pytest.fixture(scope="session")
def client(session_cloud: EmbeddedCloud | None) -> ClientFactory:
    """Clients of an account's administrator; on AWS only of the one account there is."""

    def make(service: str, account: str = "tools", **options: Any) -> Any:
        if session_cloud is not None:
            return session_cloud.client(service, account, **options)
        if account != "tools":
            pytest.skip("not on AWS: needs a second account")
        return boto3.client(service, **options)

    return make


@pytest.fixture(scope="session")
def region(client: ClientFactory) -> str:
    """The region of every client."""
    return str(client("sts").meta.region_name)


@pytest.fixture(scope="session")
def account_id(client: ClientFactory) -> str:
    """The twelve digits of the tools account."""
    return str(client("sts").get_caller_identity()["Account"])


@pytest.fixture(scope="session")
def role(session_cloud: EmbeddedCloud | None) -> str:
    """ARN of an execution role that SageMaker may assume and that may do what jobs and endpoints do."""
    if session_cloud is None:
        return _setting("MODELYARD_AWS_ROLE")
    return create_role(session_cloud.client("iam"), "contract-execution")


@pytest.fixture(scope="session")
def bucket(session_cloud: EmbeddedCloud | None) -> str:
    """A bucket of the tools account; put things under a ``unique`` prefix."""
    if session_cloud is None:
        return _setting("MODELYARD_AWS_BUCKET")
    return create_bucket(session_cloud.client("s3"), "contract-data")


@pytest.fixture(scope="session")
def image(session_cloud: EmbeddedCloud | None) -> str:
    """URI of an image whose ``train``, ``process`` and ``serve`` do what they are told (``image/program``)."""
    if session_cloud is None:
        return _setting("MODELYARD_AWS_IMAGE")
    return push_image(session_cloud, "contract/image")


@pytest.fixture(scope="session")
def workbench(client: ClientFactory, role: str, bucket: str, image: str) -> Workbench:
    """Starts jobs and endpoints of the test image in the tools account."""
    return Workbench(sagemaker=client("sagemaker"), role=role, bucket=bucket, image=image)


@pytest.fixture(scope="session")
def unique() -> Callable[[str], str]:
    """Names that no other test, process or run uses; at most 17 characters longer than the word given."""

    def name(word: str) -> str:
        return f"{word}-{uuid.uuid4().hex[:16]}"

    return name


def _setting(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise pytest.UsageError(f"--aws needs {variable}; tests/contract/conftest.py says what it is")
    return value
