"""A machine whose clock is wrong, in a process of its own: asks several services as a role, and prints what came."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from typing import Any, Self

CALLS = {"sts": "get_caller_identity", "s3": "list_buckets", "sagemaker": "list_models", "kms": "list_keys"}


def set_clock(seconds: float) -> None:
    """Let this process live so many seconds later, before anything that asks for the time is imported."""
    real = time.time

    class Off(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Self:
            return super().now(tz) + dt.timedelta(seconds=seconds)

    dt.datetime = Off  # type: ignore[misc]
    time.time = lambda: real() + seconds


def main() -> None:
    """Run with the order on standard input."""
    order: dict[str, Any] = json.load(sys.stdin)
    set_clock(order["seconds"])

    from agent.aws.entering import Origin, Way
    from agent.aws.sessions import Clients, Credentials

    keys = Credentials(access_key_id=order["key"], secret_access_key=order["secret"])
    agent = Clients(credentials=keys, region=order["region"], endpoint_url=order["endpoint"])
    told: list[str] = []
    agent.on_skew(told.append)
    role = agent.assume(Way(role=order["role"]), started=Origin(session_name="late"), region=order["region"])
    statuses = {
        service: getattr(role.client(service), call)()["ResponseMetadata"]["HTTPStatusCode"]
        for service, call in CALLS.items()
    }
    json.dump({"statuses": statuses, "told": told}, sys.stdout)


if __name__ == "__main__":
    main()
