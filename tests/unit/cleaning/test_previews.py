"""The janitor takes endpoints of pull requests whose time is over, with what belonged to them, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agent import naming
from agent.cleaning.previews import Leftover, Search, remove
from agent.ports.endpoints import EndpointState
from tests.fakes import EPOCH, MemoryEndpoints

NOW = EPOCH + timedelta(days=1)
SOON, FORMERLY = NOW + timedelta(hours=1), NOW - timedelta(seconds=1)
KEY = "0123456789ab"


@pytest.fixture
def endpoints() -> MemoryEndpoints:
    return MemoryEndpoints()


def tagged(endpoints: MemoryEndpoints, arn: str, **tags: str) -> None:
    endpoints.tagged[arn] = {tag["Key"]: tag["Value"] for tag in naming.tags(**tags)}


def config(endpoints: MemoryEndpoints, name: str, *, hours: float = 2, project: str = "tumour") -> None:
    """A configuration and a model of one name, made so many hours ago."""
    made = NOW - timedelta(hours=hours)
    endpoints.config_requests[name] = {"EndpointConfigArn": f"config/{name}", "CreationTime": made}
    endpoints.model_requests[name] = {"ModelArn": f"model/{name}", "CreationTime": made}
    for kind in ("config", "model"):
        tagged(endpoints, f"{kind}/{name}", project=project, pull_request="7")


def serve(endpoints: MemoryEndpoints, name: str, config_name: str, **tags: str) -> None:
    endpoints.present[name] = EndpointState(name=name, arn=f"arn/{name}", status="InService", config=config_name)
    tagged(endpoints, f"arn/{name}", **tags)


def preview(endpoints: MemoryEndpoints, number: int, expires: str, *, project: str = "tumour", hours: float = 0) -> str:
    """An endpoint of a pull request; its configuration's name."""
    name = f"tumour-pr-{number}-{KEY}"
    config(endpoints, name, hours=hours, project=project)
    serve(endpoints, f"tumour-dev-pr-{number}", name, project=project, pull_request=str(number), expires=expires)
    return name


def found(endpoints: MemoryEndpoints) -> tuple[Leftover, ...]:
    return Search(endpoints=endpoints, project="tumour", endpoint="tumour-dev", now=NOW).found()


def names(endpoints: MemoryEndpoints) -> list[tuple[str, str]]:
    return [(each.kind, each.name) for each in found(endpoints)]


def test_what_has_time_left_stays(endpoints: MemoryEndpoints) -> None:
    preview(endpoints, 7, naming.time_in_tag(SOON), hours=5)
    assert found(endpoints) == ()


def test_what_has_expired_goes_with_all_that_it_used_however_young(endpoints: MemoryEndpoints) -> None:
    name = preview(endpoints, 7, naming.time_in_tag(FORMERLY))
    assert names(endpoints) == [("endpoint", "tumour-dev-pr-7"), ("endpoint-config", name), ("model", name)]
    assert found(endpoints)[0].reason == f"expired at {naming.time_in_tag(FORMERLY)}"
    assert found(endpoints)[0].pull_request == 7


def test_what_does_not_say_when_it_expires_goes(endpoints: MemoryEndpoints) -> None:
    preview(endpoints, 7, "some day")
    assert found(endpoints)[0].reason == "does not say when it expires"


def test_what_is_being_changed_stays(endpoints: MemoryEndpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    preview(endpoints, 7, naming.time_in_tag(FORMERLY), hours=5)
    state = endpoints.present["tumour-dev-pr-7"]
    monkeypatch.setattr(endpoints, "describe", lambda _name: replace(state, status="Updating"))
    assert found(endpoints) == ()


@pytest.mark.parametrize("tags", [{"project": "other", "pull_request": "7"}, {"project": "tumour"}, {}])
def test_a_name_alone_proves_nothing(endpoints: MemoryEndpoints, tags: dict[str, str]) -> None:
    expires = naming.time_in_tag(FORMERLY)
    name = preview(endpoints, 7, expires, hours=5)
    for arn in ("arn/tumour-dev-pr-7", f"config/{name}", f"model/{name}"):
        tagged(endpoints, arn, expires=expires, **tags)
    assert found(endpoints) == ()


def test_the_environment_s_own_endpoint_stays_whatever_it_is_called(endpoints: MemoryEndpoints) -> None:
    expired = {"project": "tumour", "pull_request": "7", "expires": naming.time_in_tag(FORMERLY)}
    for name in ("tumour-dev", "tumour-dev-pr-7-more", "tumour-dev-pr-"):
        serve(endpoints, name, "tumour-0123456789ab", **expired)
    assert found(endpoints) == ()


def test_what_an_endpoint_has_left_behind_goes_after_an_hour(endpoints: MemoryEndpoints) -> None:
    config(endpoints, f"tumour-pr-7-{KEY}", hours=0.5)
    assert found(endpoints) == ()
    config(endpoints, f"tumour-pr-7-{KEY}", hours=1.5)
    assert names(endpoints) == [("endpoint-config", f"tumour-pr-7-{KEY}"), ("model", f"tumour-pr-7-{KEY}")]


def test_models_of_releases_are_not_looked_at(endpoints: MemoryEndpoints) -> None:
    config(endpoints, f"tumour-{KEY}", hours=99)
    config(endpoints, f"tumour-pr-x-{KEY}", hours=99)
    assert found(endpoints) == ()


def test_what_is_found_is_deleted_in_order(endpoints: MemoryEndpoints) -> None:
    name = preview(endpoints, 7, naming.time_in_tag(FORMERLY))
    remove(found(endpoints), endpoints)
    assert endpoints.writes == [
        ("DeleteEndpoint", "tumour-dev-pr-7"), ("DeleteEndpointConfig", name), ("DeleteModel", name),
    ]  # fmt: skip


def test_a_target_of_an_update_is_in_use(endpoints: MemoryEndpoints) -> None:
    preview(endpoints, 7, naming.time_in_tag(SOON), hours=5)
    config(endpoints, "tumour-pr-7-ffffffffffff", hours=5)
    state = endpoints.present["tumour-dev-pr-7"]
    endpoints.present[state.name] = replace(state, pending_config="tumour-pr-7-ffffffffffff")
    assert found(endpoints) == ()
