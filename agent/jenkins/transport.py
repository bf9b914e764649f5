"""Carries jenkinsapi's requests: what fails is an error that says what to do, and no secret reaches a log."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jenkinsapi.utils.crumb_requester import CrumbRequester
from requests import exceptions

from agent.errors import CloudFailedError, InputMissingError, ModelyardError, TemporaryError, UsageError
from agent.jenkins.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

    from agent.jenkins.access import Access

_SECONDS = 30
_PAUSES = (1.0, 2.0, 4.0)
"""Seconds before a GET is asked again."""
_ROOMS = re.compile(r"/(?:job|queue|view)/")


class Transport(CrumbRequester):  # type: ignore[misc]
    """A requester of jenkinsapi that never answers a failure.

    A controller writes its configured root address into its answers, which may not be the one by which it is reached
    (a proxy, a tunnel, a context path): every address is taken to the one that was given.
    """

    def __init__(self, access: Access, *, sleep: Callable[[float], None]) -> None:
        super().__init__(
            username=access.user or None,
            password=access.token or None,
            baseurl=access.url,
            ssl_verify=access.ca or True,
            timeout=_SECONDS,
            max_retries=None,
        )
        self._access = access
        self._sleep = sleep

    def get_url(self, url: str, *args: Any, **options: Any) -> Response:
        """The answer; a GET that fails for a reason that may pass is asked again. Raises ModelyardError."""
        address = self.here(url)
        for pause in _PAUSES:
            try:
                return self._judged("GET", address, lambda: super(Transport, self).get_url(address, *args, **options))
            except TemporaryError:
                self._sleep(pause)
        return self._judged("GET", address, lambda: super(Transport, self).get_url(address, *args, **options))

    def post_url(self, url: str, *args: Any, **options: Any) -> Response:
        """The answer; a POST is sent once, but for a crumb that is out of date. Raises ModelyardError."""
        address = self.here(url)
        answer = self._judged("POST", address, lambda: super(Transport, self).post_url(address, *args, **options))
        # jenkinsapi insists on this controller's own address there; other redirections are not followed.
        if "/queue/item/" in answer.headers.get("location", ""):
            answer.headers["location"] = self.here(answer.headers["location"])
        return answer

    def here(self, url: str) -> str:
        """An address of this controller, however its own answers write it; of its APIs, the JSON one."""
        base = self._access.url
        if not url.startswith(f"{base}/") and url != base:
            path = url if "://" in url else f"/{url.lstrip('/')}"
            found = _ROOMS.search(urlsplit(path).path)
            if found is None:
                raise CloudFailedError(f"{base} answers with an address that is not its own: {url}")
            url = base + path[path.index(found[0]) :]
        return url.replace("/api/python", "/api/json")

    def _get_crumb_data(self) -> Any:
        """The header that proves that a POST is meant; False where the controller asks for none."""
        try:
            answer = self.get_url(f"{self._access.url}/crumbIssuer/api/json")
        except InputMissingError:
            return False
        issued = json_of(answer)
        return {issued["crumbRequestField"]: issued["crumb"]}

    def _judged(self, method: str, address: str, ask: Callable[[], Any]) -> Response:
        what = f"{method} {address}"
        try:
            answer: Response = ask()
        except exceptions.RequestException as error:
            raise _unreachable(what, address, error) from None
        if answer.status_code >= 400:
            raise refusal(self._access, what, answer.status_code, answer.headers, answer.text)
        return answer


def json_of(answer: Response) -> Any:
    """The JSON of an answer.

    Raises CloudFailedError for a page, which something else than Jenkins has answered.
    """
    try:
        return json.loads(answer.text)
    except ValueError:
        kind = answer.headers.get("Content-Type", "an unknown kind")
        raise CloudFailedError(
            f"{answer.url}: this is {kind}, not JSON. Is it a Jenkins, and is its API reached past a single sign-on?"
        ) from None


def _unreachable(what: str, address: str, error: exceptions.RequestException) -> ModelyardError:
    """The cause in plain words; the original holds the request with its credentials, and is not handed on."""
    host, text = urlsplit(address).netloc, str(error)
    match error:
        case exceptions.SSLError():
            return UsageError(f"{what}: {_wrong_tls(host, text)}")
        case exceptions.ReadTimeout() | exceptions.ChunkedEncodingError() if what.startswith("POST"):
            return CloudFailedError(f"{what}: no answer; it may be done nevertheless: look before you try again")
        case exceptions.ReadTimeout() | exceptions.ChunkedEncodingError():
            return TemporaryError(f"{what}: no whole answer in {_SECONDS} s")
        case exceptions.ConnectionError():
            cause = "its name is unknown" if "resolve" in text.lower() else "nothing answers there"
            return TemporaryError(f"{what}: {host} cannot be reached, {cause}. Is the address right, the network up?")
    return CloudFailedError(f"{what}: {type(error).__name__}")


def _wrong_tls(host: str, text: str) -> str:
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
        return f"{host} does not speak TLS; is the address http://{host} ?"
    if "mismatch" in text or "doesn't match" in text:
        return f"the certificate is not for {host}; use the name that it is made for"
    return (
        f"the certificate of {host} is not trusted. If its authority is your own, give its certificate as a PEM file "
        "with --ca or JENKINS_CA"
    )
