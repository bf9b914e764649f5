"""What botocore knows about services is read once, however many roles a run assumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.loaders import JSONFileLoader

from agent.aws.sessions import Clients, Credentials

if TYPE_CHECKING:
    import pytest

ROLES = ("arn:aws:iam::111111111111:role/tools", "arn:aws:iam::222222222222:role/deploy")


def test_assumed_roles_read_no_file_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    load = JSONFileLoader.load_file

    def note(self: JSONFileLoader, path: str) -> object:
        found = load(self, path)
        if found is not None:
            read.append(path)
        return found

    monkeypatch.setattr(JSONFileLoader, "load_file", note)
    agent = Clients(credentials=Credentials(access_key_id="AKID", secret_access_key="SECRET"), region="us-east-1")
    identities = [
        agent,
        *(agent.assume(role, session_name="s", external_id=None, region="eu-west-1") for role in ROLES),
    ]
    made = [identity.client(service) for identity in identities for service in ("sts", "s3")]
    assert read
    assert len(read) == len(set(read))
    assert [client.meta.region_name for client in made[::2]] == ["us-east-1", "eu-west-1", "eu-west-1"]


def test_each_role_is_an_identity_of_its_own() -> None:
    agent = Clients(credentials=Credentials(access_key_id="AKID", secret_access_key="SECRET"), region="us-east-1")
    roles = [agent.assume(role, session_name="s", external_id=None, region="us-east-1") for role in ROLES]
    clients = [identity.client("s3") for identity in (agent, *roles)]
    assert len({id(client._request_signer._credentials) for client in clients}) == len(clients)
    assert len({id(client.meta.events) for client in clients}) == len(clients)
