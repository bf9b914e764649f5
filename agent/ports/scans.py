"""Scans of images for known vulnerabilities, as the registry tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from datetime import datetime

Severity = Literal["critical", "high", "medium", "low", "informational", "undefined"]
ScanState = Literal["complete", "running", "absent", "impossible"]


@dataclass(frozen=True, kw_only=True)
class Vulnerability:
    """One that is known of a package of the image; ``name`` is such as ``CVE-2024-3094``."""

    name: str
    severity: Severity
    package: str = ""
    version: str = ""
    uri: str = ""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """The last scan of an image.

    ``told`` is the registry's own word about it, ``completed`` when it ended. One that is ``continuous`` is brought up
    to date by the registry; any other knows what was known when it was made.
    """

    state: ScanState
    told: str = ""
    completed: datetime | None = None
    continuous: bool = False
    vulnerabilities: tuple[Vulnerability, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NotStarted:
    """Why the registry makes no scan now; ``may_come`` where one may be under way all the same, unseen yet."""

    told: str
    may_come: bool


class ImageScans(Protocol):
    """The scanner of one account's registry."""

    def last(self, repository: str, digest: str) -> Scan:
        """The last scan of an image of this account (DescribeImageScanFindings).

        InputMissingError where there is no such image.
        """

    def start(self, repository: str, digest: str) -> NotStarted | None:
        """Ask for a scan (StartImageScan); or why the registry makes none now."""
