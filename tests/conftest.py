"""What every test stands on: an environment without anyone's credentials, and the tools and data it asks for."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from agent.cloud.embedded import EmbeddedCloud
from tests.engine import engine_host
from tests.prefork.prefork import serving
from tests.secret_scan.plugin import SecretScan
from tests.tools import leave_out, require

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
_LONGEST = "tests/groovy/test_meeting.py"
SHARED_DATA = ROOT.parent / "shared" / "data"

# The SDK's tests need its gigabyte of dependencies; `tox run -e sdk` brings them.
collect_ignore = [] if find_spec("sagemaker") else ["sdk"]


# A slow or busy machine is no reason for a property test to fail.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anywhere")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--aws", action="store_true", help="run the contract suite against AWS, with your credentials")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requires(program): needs a program of tests/tools.py")
    scan = SecretScan(config)
    scan.watch_clouds(EmbeddedCloud)
    config.pluginmanager.register(scan, "secret scan")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the file that takes longest: begun late, it would be waited for alone."""
    items.sort(key=lambda item: item.nodeid.partition("::")[0] != _LONGEST)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("requires"):
        for program in marker.args:
            require(program)


@pytest.fixture(scope="session", autouse=True)
def nobodys_environment(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests see no AWS configuration but what they make themselves, and write into no one's home."""
    with pytest.MonkeyPatch.context() as patch:
        if not pytestconfig.getoption("--aws"):
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def quick_commands(nobodys_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """``modelyard`` begins without its imports (:mod:`tests.prefork`)."""
    with serving(tmp_path_factory.mktemp("prefork")):
        yield


@pytest.fixture(scope="session")
def docker_host() -> str:
    """``DOCKER_HOST`` of a real Docker engine; the environment of tests does not name it."""
    return engine_host()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets that lies beside the repository; no copy of them belongs in it."""
    if not SHARED_DATA.is_dir():
        leave_out(f"no data sets in {SHARED_DATA}")
    return SHARED_DATA
