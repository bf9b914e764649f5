"""Requests signed by AWS's time where this machine's clock is wrong.

botocore signs by the machine's clock and tries again with the same: a machine that is more than 5 minutes off (15 for
S3, STS, IAM and ECR) is refused everything. Answers say what time it is (``Date``), so that the next try is right.
Source: IAM user guide, "Troubleshoot Signature Version 4 signed requests"; S3 API reference, "Error responses".
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_NOTICED = timedelta(minutes=4)
"""Less is borne by every service."""
_CODES = frozenset({
    "403",  # the answer to a HEAD request has no body that says more
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
})  # fmt: skip


class Skew:
    """How far this machine's clock is behind AWS's, once a refusal has shown it; shared by all clients of a run.

    ``tell`` is told so when it is found.
    """

    def __init__(self) -> None:
        self.behind = timedelta()
        self.tell: Callable[[str], None] | None = None

    def mend(self, client: Any) -> None:
        """Let a boto3 client try again by AWS's time, and sign by it from then on."""
        client.meta.events.register("needs-retry", self._correct)
        signer = client._request_signer  # botocore has no event that lets one choose the time
        make = signer.get_auth_instance
        signer.get_auth_instance = lambda *args, **kwargs: self._in_time(make(*args, **kwargs))

    def _correct(self, response: Any, **_: Any) -> int | None:
        """Botocore's question whether to try again: at once, where the time of the signature was what is wrong."""
        answer = response[1] if response else {}
        behind = clock_behind(answer)
        if behind is None or abs(behind - self.behind) < _NOTICED:
            return None
        self.behind = behind
        if self.tell is not None:
            self.tell(
                f"{in_words(behind)}; requests are signed by AWS's time, but times in the ledger are this machine's"
            )
        return 0

    def _in_time(self, auth: Any) -> Any:
        sign = getattr(auth, "_modify_request_before_signing", None)
        if sign is None or not self.behind:
            return auth

        def in_time(request: Any) -> None:
            request.context["timestamp"] = (datetime.now(UTC) + self.behind).strftime(_TIMESTAMP)
            sign(request)

        auth._modify_request_before_signing = in_time
        return auth


def clock_behind(answer: Mapping[str, Any]) -> timedelta | None:
    """How far this machine's clock is behind, by a refusal that may be for the request's time; None for any other."""
    if answer.get("Error", {}).get("Code") not in _CODES:
        return None
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    with suppress(ValueError):
        behind = parsedate_to_datetime(said) - datetime.now(UTC)
        return behind if abs(behind) > _NOTICED else None
    return None


def in_words(behind: timedelta) -> str:
    """What is wrong with the clock, and what to do."""
    off = timedelta(seconds=round(abs(behind).total_seconds()))
    side = "behind" if behind > timedelta() else "ahead of"
    return f"this machine's clock is {off} {side} AWS's: set it, best by NTP"
