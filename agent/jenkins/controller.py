"""A controller as its users see it: values in, values out, by jenkinsapi and one transport."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent.errors import InputMissingError
from agent.jenkins.places import job_path
from agent.jenkins.transport import Transport, json_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jenkinsapi.jenkins import Jenkins
    from jenkinsapi.job import Job

    from agent.jenkins.access import Access

_XML = {"Content-Type": "text/xml;charset=utf-8"}


class Controller:
    """Paths begin with a slash, below the controller's address. Every failure is a ModelyardError."""

    def __init__(self, access: Access, *, sleep: Callable[[float], None]) -> None:
        self.access = access
        self.url = access.url
        self.transport = Transport(access, sleep=sleep)

    @cached_property
    def jenkins(self) -> Jenkins:
        """The controller as jenkinsapi knows it; lazy, for otherwise it asks for every job there is."""
        from jenkinsapi.jenkins import Jenkins

        return Jenkins(self.url, requester=self.transport, lazy=True, timeout=self.transport.timeout)

    def job(self, name: str) -> Job:
        """A job by its full name; raises InputMissingError where there is none."""
        return self.jenkins.get_job_by_url(f"{self.url}{job_path(name)}", name)

    def read(self, path: str, tree: str) -> Any:
        """A part of the API's answer for what is at a path; ``tree`` names the fields."""
        return json_of(self.transport.get_url(f"{self.at(path)}/api/json", {"tree": tree}))

    def find(self, path: str, tree: str) -> Any:
        """As :meth:`read`, or None where there is nothing."""
        try:
            return self.read(path, tree)
        except InputMissingError:
            return None

    def text(self, path: str, **parameters: str) -> tuple[bytes, Mapping[str, str]]:
        """The bytes at a path, and the headers that come with them."""
        answer = self.transport.get_url(self.at(path), parameters or None)
        return answer.content, answer.headers

    def config(self, path: str) -> str | None:
        """The XML that configures a job or a view; None where there is none."""
        try:
            return self.text(f"{path}/config.xml")[0].decode("utf-8", "replace")
        except InputMissingError:
            return None

    def create(self, path: str, name: str, xml: str) -> None:
        """Make a job or a view from XML; ``path`` ends with ``createItem`` or ``createView``."""
        self.transport.post_url(self.at(path), {"name": name}, xml.encode(), headers=dict(_XML), allow_redirects=False)

    def configure(self, path: str, xml: str) -> None:
        """Replace the XML of a job or a view."""
        address = self.at(f"{path}/config.xml")
        self.transport.post_url(address, None, xml.encode(), headers=dict(_XML), allow_redirects=False)

    def submit(self, path: str, fields: Mapping[str, str] | None = None) -> tuple[str, Mapping[str, str]]:
        """Send a form; the text and the headers of the answer. Redirections are not followed."""
        answer = self.transport.post_url(self.at(path), None, dict(fields or {}), allow_redirects=False)
        return answer.text, answer.headers

    def at(self, path: str) -> str:
        """The address of a path, or of an address that the controller itself has written."""
        return f"{self.url}{path}" if path.startswith("/") or not path else self.transport.here(path)
