"""ECR's scans of images, with one identity's permissions: basic ones, and those that Amazon Inspector keeps up to date.

Source: ECR API reference, ``DescribeImageScanFindings``, ``StartImageScan`` and ``ImageScanStatus``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.errors import InputMissingError, ModelyardError
from agent.ports.scans import NotStarted, Scan, Severity, Vulnerability

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from agent.aws.sessions import Clients

    Members = Mapping[str, Any]

_PAGE = 1000
_DONE, _CONTINUOUS = "COMPLETE", "ACTIVE"
_RUNNING = frozenset({"IN_PROGRESS", "PENDING"})
_BY_ITSELF = frozenset({"LimitExceededException", "ValidationException"})
"""A second basic scan within a day, such as after that on push; a registry that Inspector scans unasked."""
_NEVER = "UnsupportedImageTypeException"
_SEVERITIES: frozenset[str] = frozenset(get_args(Severity))


class EcrScans:
    """An :class:`agent.ports.scans.ImageScans` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def last(self, repository: str, digest: str) -> Scan:
        """``DescribeImageScanFindings``, page by page."""
        with self._refusals("DescribeImageScanFindings", f"{repository}@{digest}"):
            try:
                return _scan(list(self._pages(repository, digest)))
            except ClientError as error:
                if code(error) == "ScanNotFoundException":
                    return Scan(state="absent", told=str(error.response["Error"].get("Message", "")))
                raise self._missing(error, repository, digest) from error

    def start(self, repository: str, digest: str) -> NotStarted | None:
        """``StartImageScan``."""
        with self._refusals("StartImageScan", f"{repository}@{digest}"):
            try:
                self._ecr.start_image_scan(repositoryName=repository, imageId={"imageDigest": digest})
            except ClientError as error:
                if code(error) in {*_BY_ITSELF, _NEVER}:
                    told = f"{code(error)}: {error.response['Error'].get('Message', '')}"
                    return NotStarted(told=told, may_come=code(error) in _BY_ITSELF)
                raise self._missing(error, repository, digest) from error
        return None

    def _pages(self, repository: str, digest: str) -> Iterator[Members]:
        wanted = {"repositoryName": repository, "imageId": {"imageDigest": digest}, "maxResults": _PAGE}
        while True:
            page = self._ecr.describe_image_scan_findings(**wanted)
            yield page
            if not page.get("nextToken"):
                return
            wanted["nextToken"] = page["nextToken"]

    @property
    def _ecr(self) -> Any:
        return self._clients.client("ecr")

    def _missing(self, error: ClientError, repository: str, digest: str) -> ModelyardError | ClientError:
        if code(error) != "ImageNotFoundException":
            return error
        return InputMissingError(
            f"account {self._account}, {self._clients.region}: the repository {repository} has no image {digest} any "
            "more; build it again: modelyard run --from build_image"
        )

    def _refusals(self, operation: str, resource: str) -> AbstractContextManager[None]:
        return refusals(f"ecr:{operation}", resource, account=self._account, region=self._clients.region)


def _scan(pages: Sequence[Members]) -> Scan:
    """What all pages together say: they have one status."""
    told = pages[0].get("imageScanStatus", {})
    status, words = str(told.get("status", "")), str(told.get("description", ""))
    if status in _RUNNING:
        return Scan(state="running", told=words or status)
    if status not in {_DONE, _CONTINUOUS}:
        return Scan(state="impossible", told=f"{status}: {words}" if words else status)
    found = [page.get("imageScanFindings", {}) for page in pages]
    vulnerabilities = (
        *(_basic(one) for part in found for one in part.get("findings", ())),
        *(_enhanced(one) for part in found for one in part.get("enhancedFindings", ()) if _counts(one)),
    )
    return Scan(
        state="complete",
        told=words,
        completed=found[0].get("imageScanCompletedAt"),
        continuous=status == _CONTINUOUS,
        vulnerabilities=vulnerabilities,
    )


def _basic(finding: Members) -> Vulnerability:
    attributes = {one["key"]: one.get("value", "") for one in finding.get("attributes", ())}
    return Vulnerability(
        name=finding.get("name", ""),
        severity=_severity(finding),
        package=attributes.get("package_name", ""),
        version=attributes.get("package_version", ""),
        uri=finding.get("uri", ""),
    )


def _enhanced(finding: Members) -> Vulnerability:
    details = finding.get("packageVulnerabilityDetails", {})
    package: Members = next(iter(details.get("vulnerablePackages", ())), {})
    return Vulnerability(
        name=details.get("vulnerabilityId") or finding.get("title", ""),
        severity=_severity(finding),
        package=package.get("name", ""),
        version=package.get("version", ""),
        uri=details.get("sourceUrl", ""),
    )


def _counts(finding: Members) -> bool:
    """Inspector keeps findings that are over, or that somebody has suppressed there."""
    return bool(finding.get("status", _CONTINUOUS) == _CONTINUOUS)


def _severity(finding: Members) -> Severity:
    """In our words; Inspector's ``UNTRIAGED`` is as good as none."""
    told = str(finding.get("severity", "")).lower()
    return told if told in _SEVERITIES else "undefined"  # type: ignore[return-value]
