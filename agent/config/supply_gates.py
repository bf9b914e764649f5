"""Gates on the image's supply chain: what is known against its packages, their licences, and what it is built upon."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from agent.config.field_types import Day, Duration, RepositoryPath
from agent.config.judging_section import JudgingSection
from agent.config.section import Section

DAY = 86_400

Counted = Literal["critical", "high", "medium", "low", "informational", "undefined"]
LicensePattern = Annotated[str, Field(min_length=1, title="pattern of SPDX licences", examples=["BSD-*"])]
ImagePattern = Annotated[str, Field(min_length=1, title="pattern of images", examples=["public.ecr.aws/*"])]


class Acceptance(Section):
    """Why something that a gate refuses is borne, and until when: nothing is accepted for ever."""

    reason: str = Field(min_length=1, description="Why.", examples=["the model never opens an archive"])
    until: Day = Field(description="The last day on which it is accepted, in UTC.")


class VulnerabilityGate(JudgingSection):
    """The registry's scan knows of no more vulnerabilities of the image's packages than are allowed."""

    kind: Literal["vulnerabilities"] = Field(description="Counts what ECR's scan of the image has found.")
    most: Mapping[Counted, Annotated[int, Field(ge=0, title="number of vulnerabilities")]] = Field(
        default={"high": 0},
        min_length=1,
        description="How many vulnerabilities are allowed, by severity: so many of that severity *or a worse one*.",
        examples=[{"critical": 0, "high": 3}],
    )
    accepted: Mapping[Annotated[str, Field(min_length=1, title="vulnerability")], Acceptance] = Field(
        default={},
        description="Vulnerabilities by name that do not count for a time.",
        examples=[{"CVE-2024-3094": {"reason": "the model never opens an archive", "until": "2027-01-31"}}],
    )
    max_age: Duration = Field(
        default=7 * DAY,
        ge=DAY,
        le=365 * DAY,
        description="How old a scan may be before another one is asked for, in seconds or as a duration; ECR makes "
        "one a day at most. Scans that Amazon Inspector keeps up to date have no age.",
    )
    patience: Duration = Field(
        default=900, ge=0, le=DAY, description="How long a scan is waited for, in seconds or as a duration."
    )

    @property
    def brief(self) -> str:
        """What passes, in a few words."""
        return ", ".join(f"{severity} ≤ {most}" for severity, most in self.most.items())


class LicenseGate(JudgingSection):
    """The licences of the image's packages, as its bill of materials has them, are among those that may be used."""

    kind: Literal["licenses"] = Field(description="Judges the licences in the image's bill of materials.")
    allowed: tuple[LicensePattern, ...] = Field(
        default=(),
        description="SPDX licences that may be used, by patterns; without it, all that are not `denied`.",
        examples=[["MIT", "BSD-*", "Apache-2.0"]],
    )
    denied: tuple[LicensePattern, ...] = Field(
        default=(), description="SPDX licences that may not be used, by patterns.", examples=[["AGPL-*", "SSPL-*"]]
    )
    unknown: Literal["pass", "refuse"] = Field(
        default="pass",
        description="What becomes of a package without a licence, or with one in words that no pattern matches; the "
        "packages of Debian tell theirs only in texts for people.",
    )
    accepted: Mapping[Annotated[str, Field(min_length=1, title="package")], Acceptance] = Field(
        default={},
        description="Packages by name that do not count for a time, whatever their licence.",
        examples=[{"psycopg2": {"reason": "the legal department has said yes", "until": "2027-01-31"}}],
    )

    @property
    def brief(self) -> str:
        """What passes, in a few words."""
        lists = (("allowed", self.allowed), ("denied", self.denied))
        return "; ".join(f"{name}: {', '.join(patterns)}" for name, patterns in lists if patterns)


class BaseImageGate(JudgingSection):
    """Every image that is built upon is named by its digest, is from where it may be from, and is signed if need be."""

    kind: Literal["base-image"] = Field(description="Judges the images that the image is built from.")
    sources: tuple[ImagePattern, ...] = Field(
        default=(),
        description="Where images may be from, by patterns of their whole names; without it, from everywhere.",
        examples=[["123456789012.dkr.ecr.eu-central-1.amazonaws.com/*"]],
    )
    signed_by: tuple[RepositoryPath, ...] = Field(
        default=(),
        description="Public keys in PEM, of P-256 or RSA as cosign has them: each image has to have a signature by one "
        "of these in its registry, of the very digest that it is named by. Without it, nobody asks for signatures.",
        examples=[["keys/platform.pub"]],
    )

    @property
    def brief(self) -> str:
        """What passes, in a few words."""
        demands = (("from", self.sources), ("signed by", self.signed_by))
        return ", ".join(("by digest", *(f"{word} {' or '.join(names)}" for word, names in demands if names)))


ImageGate = VulnerabilityGate | LicenseGate | BaseImageGate
"""Gates on the image alone, which answer before any model is trained."""
