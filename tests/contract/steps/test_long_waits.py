"""A training that takes longer than any session: the run waits for it in one session after the other."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from agent.aws.accounts import AwsAccounts
from agent.aws.entering import Origin
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from tests.contract.provision import create_role
from tests.contract.steps.job_world import JobWorld, new_world
from tests.contract.steps.test_train import in_thread, inputs, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

HOURS, STEP = 26, 2
PATIENCE_SECONDS = 120
DESCRIBE, ENTER = "sagemaker:DescribeTrainingJob", "sts:AssumeRole"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    """The tools account as a role that is entered, with nothing that botocore tries again by itself."""
    with EmbeddedCloud() as cloud:
        keys = cloud.running.administrator("tools")
        clients = Clients(
            credentials=Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key),
            region=cloud.running.region,
            endpoint_url=cloud.endpoint,
        )
        accounts = AwsAccounts(
            clients,
            account=keys.account,
            region=clients.region,
            role=create_role(cloud.client("iam"), "pipeline", EVERYTHING, TRUST),
            started=Origin(session_name="iris-7"),
            scopes={},
        )
        yield replace(new_world(cloud, tmp_path_factory.mktemp("repository")), _account=[accounts.tools])


@contextmanager
def address() -> Iterator[tuple[str, threading.Event]]:
    """An address that answers once the event is set."""
    ready = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ready.wait(PATIENCE_SECONDS)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", ready
        finally:
            ready.set()
            server.shutdown()


def await_call(world: JobWorld, action: str, since: int) -> None:
    """Return once the run has asked, and was answered well."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while world.calls(action, since) == 0:
        assert time.monotonic() < deadline, f"no {action}"
        time.sleep(0.02)


def test_a_run_waits_for_26_hours_in_sessions_of_an_hour(world: JobWorld) -> None:
    with address() as (until, ready):
        wanted = inputs(world, {"await": until, "model": "at last"}, max_runtime=30 * 3600)
        with in_thread(wanted, world.context()) as training:
            world.await_training(name_of(wanted))
            before = world.last_call()
            for _ in range(0, HOURS, STEP):
                world.cloud.advance(STEP * 3600)
                since = world.last_call()
                await_call(world, DESCRIBE, since)
            entered = world.calls(ENTER, before)
            ready.set()
    assert training.result().model.job == name_of(wanted)
    assert entered >= HOURS / STEP
