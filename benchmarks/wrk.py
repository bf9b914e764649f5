"""The client of the comparison of servers: wrk, which sends one body over and over on connections that it keeps."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_SCRIPT = """
local file = io.open("{body}", "rb")
wrk.method, wrk.body = "POST", file:read("*all")
wrk.headers["Content-Type"] = "text/csv"
"""


class FailedAnswersError(Exception):
    """Some answers were no predictions, so that a rate of answers would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """Answers a second, and the time within which 99 of 100 of them came, in ms."""

    rate: float
    p99: float


def load(port: int, body: Path, *, connections: int, seconds: int) -> Load:
    """Send ``body`` to /invocations for so long."""
    script = body.with_suffix(".lua")
    script.write_text(_SCRIPT.format(body=body))
    command = [
        "wrk",
        "--threads=1",
        f"--connections={connections}",
        f"--duration={seconds}s",
        "--timeout=30s",
        "--latency",
    ]
    url = f"http://127.0.0.1:{port}/invocations"
    said = subprocess.run([*command, "--script", script, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise FailedAnswersError(said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", said)
    if not rate or not p99 or not float(rate[1]):
        raise FailedAnswersError(said)
    return Load(rate=float(rate[1]), p99=float(p99[1]) * _UNITS[p99[2]])
