"""What botocore knows about services is read once, however many roles a run assumes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.loaders import JSONFileLoader

from agent.aws.entering import Origin, Way
from agent.aws.sessions import Clients, Credentials, isolated_session

CREDENTIALS = Credentials(access_key_id="AKID", secret_access_key="SECRET")
STARTED = Origin(session_name="s")
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
    agent = Clients(credentials=CREDENTIALS, region="us-east-1")
    identities = [
        agent,
        *(agent.assume(Way(role=role), started=STARTED, region="eu-west-1") for role in ROLES),
    ]
    made = [identity.client(service) for identity in identities for service in ("sts", "s3")]
    assert read
    assert len(read) == len(set(read))
    assert [client.meta.region_name for client in made[::2]] == ["us-east-1", "eu-west-1", "eu-west-1"]


def test_each_role_is_an_identity_of_its_own() -> None:
    agent = Clients(credentials=CREDENTIALS, region="us-east-1")
    roles = [agent.assume(Way(role=role), started=STARTED, region="us-east-1") for role in ROLES]
    clients = [identity.client("s3") for identity in (agent, *roles)]
    assert len({id(client._request_signer._credentials) for client in clients}) == len(clients)
    assert len({id(client.meta.events) for client in clients}) == len(clients)


@pytest.mark.parametrize(
    "text", ["2026-11-27T09:59:31.000Z", "2026-11-27T09:59:31Z", "Fri, 27 Nov 2026 09:59:31 GMT", "1795773571"]
)
def test_times_are_read_as_botocore_reads_them(text: str) -> None:
    factory = isolated_session()._session.get_component("response_parser_factory")
    body = f"<ListBucketResult><Contents><LastModified>{text}</LastModified></Contents></ListBucketResult>"
    shape = isolated_session(CREDENTIALS, "us-east-1").client("s3").meta.service_model.operation_model("ListObjectsV2")
    answer = {"body": body.encode(), "headers": {}, "status_code": 200}
    read = factory.create_parser("rest-xml").parse(answer, shape.output_shape)["Contents"][0]["LastModified"]
    assert read == datetime(2026, 11, 27, 9, 59, 31, tzinfo=UTC)
