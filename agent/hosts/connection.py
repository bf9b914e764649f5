"""What all clients of hosts share: the token, the time limit, whom they trust, and one way to say what went wrong."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.hosts.comments import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIME_LIMIT = 20
"""Seconds that a host may take to answer; a build that is over does not wait for longer."""
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_MEANING = {
    400: "the host does not understand the request",
    401: "the host does not accept the token",
    403: "the token may not comment on this pull request",
    404: "the host knows no such pull request, or does not show it to this token",
    409: "someone else changed the comment at the same moment",
    422: "the host does not take the comment",
    429: "the host's rate limit is reached",
}


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How a client speaks to a host: the token is never printed, ``trusted`` is a bundle of certificates or empty."""

    token: str = field(repr=False)
    trusted: str = ""
    seconds: int = TIME_LIMIT

    @property
    def verify(self) -> bool | str:
        """As HTTP clients want it."""
        return self.trusted or True


def trusted_bundle(environ: Mapping[str, str]) -> str:
    """The bundle of certificates that the environment names, if it is there; empty for the usual ones."""
    named = (environ.get(name, "") for name in _BUNDLES)
    return next((bundle for bundle in named if bundle and Path(bundle).exists()), "")


@contextlib.contextmanager
def explained(host: str, secret: str) -> Iterator[None]:
    """Turn whatever a client raises into a :class:`HostError` that says why; ``secret`` never shows in it."""
    try:
        yield
    except HostError:
        raise
    except Exception as error:  # noqa: BLE001 - each client has classes of its own
        raise HostError(f"{host}: {_why(error).replace(secret, '***') if secret else _why(error)}") from None


def _why(error: Exception) -> str:
    status = _status(error)
    if status is not None:
        limited = status == 403 and "rate limit" in str(error).lower()
        meaning = _MEANING[429] if limited else _MEANING.get(status, "the host failed")
        return f"{meaning} (HTTP {status})"
    if isinstance(error, OSError):  # all errors of the connection are, those of `requests` too
        return f"it cannot be reached ({_kind(error)})"
    return f"its answer is not understood ({type(error).__name__})"


def _status(error: Exception) -> int | None:
    """The HTTP status: PyGithub says `status`, python-gitlab `response_code`, requests `response.status_code`."""
    response = getattr(error, "response", None)
    found = (
        getattr(error, "status", None),
        getattr(error, "response_code", None),
        getattr(response, "status_code", None),
    )
    return next((status for status in found if isinstance(status, int) and status >= 300), None)


def _kind(error: Exception) -> str:
    """A word for what happened: certificate, time limit, or the class of the error."""
    text = f"{type(error).__name__} {error}".lower()
    if "certificate" in text:
        return "its certificate is not trusted; REQUESTS_CA_BUNDLE names a bundle that has its authority"
    if "timeout" in text or "timed out" in text:
        return f"no answer within {TIME_LIMIT} s"
    return "connection refused" if "refused" in text else type(error).__name__
