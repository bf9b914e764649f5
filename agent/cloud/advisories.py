"""What the scanner of a registry knows: nothing, until somebody says which vulnerabilities a repository's images have.

AWS's scanner has a database of the world's vulnerabilities. This cloud has none, and does not pretend to.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNDEFINED"]


class Vulnerability(BaseModel):
    """One vulnerability of a package, as `ImageScanFinding` has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    severity: Severity
    package: str
    version: str
    uri: str = ""
    description: str = ""

    def finding(self) -> dict[str, Any]:
        """The finding as ECR answers it."""
        attributes = {"package_name": self.package, "package_version": self.version}
        told = {"name": self.name, "description": self.description, "uri": self.uri, "severity": self.severity}
        listed = [{"key": key, "value": value} for key, value in attributes.items()]
        return {name: value for name, value in told.items() if value} | {"attributes": listed}


class Advisories(BaseModel):
    """What scans of a repository's images find from now on; ``seconds`` is how long one takes on the cloud's clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    region: str
    repository: str
    vulnerabilities: tuple[Vulnerability, ...] = ()
    seconds: float = 0.0
