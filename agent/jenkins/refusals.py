"""What a controller's refusals mean for people: which permission is missing, and what to do."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from agent.errors import (
    AccessDeniedError,
    CloudFailedError,
    InputMissingError,
    ModelyardError,
    TemporaryError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.jenkins.access import Access

# How the names of permissions in headers are shown on Jenkins's pages.
_GROUPS = {
    "hudson.model.Hudson": "Overall",
    "hudson.model.Item": "Job",
    "hudson.model.Run": "Run",
    "hudson.model.View": "View",
    "hudson.model.Computer": "Agent",
}
_SENTENCE = re.compile(r"is missing the ([\w/ -]+?) permission")
_NO_CRUMB = "No valid crumb was included in the request"
# What the input step answers to somebody whom it does not ask.
_NOT_YOU = ": You need to "
_STARTING = {502, 503, 504}


def refusal(access: Access, what: str, status: int, headers: Mapping[str, str], body: str) -> ModelyardError:
    """The error for an answer; ``what`` is the request, such as ``GET https://host/job/x/config.xml``."""
    match status:
        case 401:
            return AccessDeniedError(f"{what}: {_who(access)} is not let in (401). {_token_advice(access)}")
        case 403:
            return AccessDeniedError(f"{what}: {_forbidden(access, headers, body)}")
        case 404:
            return InputMissingError(
                f"{what}: not found (404). It is not there, or {_who(access)} may not see it (Job/Read)"
            )
        case _ if status in _STARTING:
            return TemporaryError(f"{what}: the controller is not ready ({status}); it may be starting: try again")
        case 400 | 409:
            text = f"{what}: refused ({status}): {reason(headers, body) or 'without a reason'}"
            return AccessDeniedError(text) if _NOT_YOU in text else UsageError(text)
    return CloudFailedError(
        f"{what}: the controller failed ({status}): {reason(headers, body) or 'its log may say why'}"
    )


def reason(headers: Mapping[str, str], body: str) -> str:
    """What an error page says, in one line: its header, or the text of its main panel."""
    if headers.get("X-Error"):
        return headers["X-Error"]
    found = re.search(r"<h1>(?:Error|Oops!)</h1>\s*<p[^>]*>(.*?)</p>|<title>(.*?)</title>", body, re.DOTALL)
    text = next((group for group in found.groups() if group), "") if found else ""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())[:300]


def _who(access: Access) -> str:
    return access.user or "somebody without an account"


def _token_advice(access: Access) -> str:
    if not access.user:
        return (
            "Set JENKINS_USER and JENKINS_TOKEN, or keep the token in the keyring "
            f"(keyring set {access.url} USER; needs the extra modelyard[keyring])"
        )
    return (
        f"Is the API token right? {access.url}/user/{access.user}/security/ makes a new one; "
        "a password is no API token where Jenkins uses single sign-on"
    )


def _forbidden(access: Access, headers: Mapping[str, str], body: str) -> str:
    if _NO_CRUMB in body:
        return (
            "the crumb was not taken (403). Use an API token instead of a password; if it is one, a proxy before "
            "Jenkins drops the header Jenkins-Crumb or the session's cookie"
        )
    permission = missing_permission(headers, body)
    if not access.user:
        return f"somebody without an account may not do this (403){permission and f': {permission} is missing'}. " + (
            _token_advice(access)
        )
    if permission:
        return f"{access.user} is missing the permission {permission} (403); an administrator of Jenkins can give it"
    return f"{access.user} may not do this (403): {reason(headers, body) or 'the controller does not say why'}"


def missing_permission(headers: Mapping[str, str], body: str) -> str:
    """The permission as Jenkins's pages name it, such as ``Job/Configure``; empty where the answer names none."""
    found = _SENTENCE.search(html.unescape(body))
    if found:
        return found[1]
    group, _, name = headers.get("X-Required-Permission", "").rpartition(".")
    return f"{_GROUPS.get(group, group)}/{name}" if group else ""
