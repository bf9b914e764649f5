"""Scans of images, which MiniStack does not have: basic scanning on push and on request, with what the cloud was told.

Source: ECR API reference, ``StartImageScan`` and ``DescribeImageScanFindings``; ECR user guide, "Scan images for OS
vulnerabilities": once in 24 hours for each image, the scan on push included.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.advisories import Advisories

Members = dict[str, Any]
_DAY = 86_400
_MOST = 1000
_ADVISORIES, _SCAN = "advisories", "imageScan"
"""Where a repository's and an image's records keep what is known: MiniStack's own state, with what it is about."""


class ImageScans:
    """In the account and region of the request being served."""

    def __init__(self) -> None:
        from ministack.services import ecr

        self._service = ecr
        self._put_manifest = ecr._v2_put_manifest
        ecr._v2_put_manifest = self._pushed

    def advise(self, advisories: Advisories) -> None:
        """Let scans find this; raises KeyError where there is no such repository."""
        repository = self._service._repositories.get_scoped(
            advisories.account, advisories.region, advisories.repository
        )
        if repository is None:
            raise KeyError(f"account {advisories.account} has no repository {advisories.repository}")
        found = [vulnerability.finding() for vulnerability in advisories.vulnerabilities]
        repository[_ADVISORIES] = {"findings": found, "seconds": advisories.seconds}

    def start(self, image: Members) -> Members:
        """``StartImageScan`` of an image's record."""
        earlier = image.get(_SCAN)
        if earlier is not None and self._now() - earlier["started"] < _DAY:
            raise AwsError("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
        self._scan(image)
        return _of(image) | {"imageScanStatus": {"status": "IN_PROGRESS"}}

    def describe(self, image: Members, request: Mapping[str, Any]) -> Members:
        """``DescribeImageScanFindings`` of an image's record, a page of it."""
        scan = image.get(_SCAN)
        if scan is None:
            where = f"the repository with name '{image['repositoryName']}' in the registry with id"
            told = f"Image scan does not exist for the image with '{{imageDigest:'{image['imageDigest']}'}}'"
            raise AwsError("ScanNotFoundException", f"{told} in {where} '{image['registryId']}'")
        if self._now() < scan["ends"]:
            return _of(image) | {"imageScanStatus": {"status": "IN_PROGRESS"}}
        if scan["findings"] is None:
            reason = "UnsupportedImageError: this cloud knows no vulnerabilities, and was told of none for the image"
            return _of(image) | {"imageScanStatus": {"status": "FAILED", "description": reason}}
        first, most = int(request.get("nextToken") or 0), int(request.get("maxResults") or 100)
        page = scan["findings"][first : first + min(most, _MOST)]
        found = {
            "imageScanCompletedAt": scan["ends"],
            "vulnerabilitySourceUpdatedAt": scan["ends"],
            "findingSeverityCounts": dict(Counter(finding["severity"] for finding in scan["findings"])),
            "findings": page,
        }
        status = {"status": "COMPLETE", "description": "The scan was completed successfully."}
        answer = _of(image) | {"imageScanStatus": status, "imageScanFindings": found}
        after = first + len(page)
        return answer | ({"nextToken": str(after)} if after < len(scan["findings"]) else {})

    def _pushed(self, name: str, locator: str, headers: Any, content: bytes) -> Any:
        """A push, and the scan that follows an image that was not there before."""
        before = {image["imageDigest"] for image in self._service._images.get(name) or ()}
        answer = self._put_manifest(name, locator, headers, content)
        if answer[0] < 300 and self._service._repositories[name]["imageScanningConfiguration"].get("scanOnPush"):
            for image in self._service._images.get(name) or ():
                if image["imageDigest"] not in before:
                    self._scan(image)
        return answer

    def _scan(self, image: Members) -> None:
        known = self._service._repositories[image["repositoryName"]].get(_ADVISORIES) or {}
        now = self._now()
        image[_SCAN] = {
            "started": now,
            "ends": now + float(known.get("seconds", 0.0)),
            "findings": known.get("findings"),
        }

    def _now(self) -> float:
        return float(self._service.time.time())


def _of(image: Members) -> Members:
    return {
        "registryId": image["registryId"],
        "repositoryName": image["repositoryName"],
        "imageId": {"imageDigest": image["imageDigest"]},
    }
