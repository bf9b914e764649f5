"""Scans of images in ECR: what was found, that none is there, that it is not over, and that there can be none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from agent.aws.scans import EcrScans
from agent.aws.sessions import Clients, Credentials
from agent.cloud.advisories import Vulnerability as Known
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import InputMissingError
from agent.ports.scans import Scan, Vulnerability
from tests.contract.provision import push_image

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = "111111111111"
DAY = 86_400
XZ = Known(name="CVE-2024-3094", severity="CRITICAL", package="xz-utils", version="5.6.0", uri="https://nvd.example/1")


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud() as cloud:
        cloud.client("ecr").create_repository(repositoryName="scanned", imageScanningConfiguration={"scanOnPush": True})
        yield cloud


@pytest.fixture(scope="module")
def digest(cloud: EmbeddedCloud) -> str:
    return push_image(cloud, "unscanned").partition("@")[2]


@pytest.fixture
def scans(cloud: EmbeddedCloud) -> EcrScans:
    keys = cloud.running.administrator("tools")
    credentials = Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key)
    return EcrScans(Clients(credentials=credentials, region="us-east-1", endpoint_url=cloud.endpoint), TOOLS)


def put(cloud: EmbeddedCloud, repository: str, word: str) -> str:
    """An image of nothing, which differs by a word."""
    manifest = f'{{"schemaVersion": 2, "layers": [], "annotations": {{"word": "{word}"}}}}'
    image = cloud.client("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag=word)
    return str(image["image"]["imageId"]["imageDigest"])


def test_what_was_known_when_an_image_was_pushed_is_told(cloud: EmbeddedCloud, scans: EcrScans) -> None:
    cloud.advise("scanned", XZ)
    pushed = put(cloud, "scanned", "one")
    cloud.advise("scanned")
    scan = scans.last("scanned", pushed)
    (found,) = scan.vulnerabilities
    assert (scan.state, scan.continuous) == ("complete", False)
    assert scan.completed is not None
    assert found == Vulnerability(
        name="CVE-2024-3094", severity="critical", package="xz-utils", version="5.6.0", uri="https://nvd.example/1"
    )


def test_all_pages_are_read(cloud: EmbeddedCloud, scans: EcrScans) -> None:
    many = [Known(name=f"CVE-2024-{number}", severity="LOW", package="a", version="1") for number in range(1203)]
    cloud.advise("scanned", *many)
    scan = scans.last("scanned", put(cloud, "scanned", "many"))
    assert [found.name for found in scan.vulnerabilities] == [known.name for known in many]


def test_an_image_that_nobody_scanned_has_none_until_somebody_asks(
    cloud: EmbeddedCloud, scans: EcrScans, digest: str
) -> None:
    assert scans.last("unscanned", digest).state == "absent"
    cloud.advise("unscanned", XZ)
    assert scans.start("unscanned", digest) is None
    assert [found.name for found in scans.last("unscanned", digest).vulnerabilities] == ["CVE-2024-3094"]


def test_a_second_scan_within_a_day_is_refused_with_the_registry_s_words(cloud: EmbeddedCloud, scans: EcrScans) -> None:
    cloud.advise("scanned")
    pushed = put(cloud, "scanned", "twice")
    refused = scans.start("scanned", pushed)
    assert refused is not None
    assert refused.told.startswith("LimitExceededException: The scan quota")
    assert refused.may_come
    cloud.advise("scanned", XZ)
    cloud.advance(DAY)
    assert scans.start("scanned", pushed) is None
    assert len(scans.last("scanned", pushed).vulnerabilities) == 1


def test_a_scan_that_is_under_way_says_so(cloud: EmbeddedCloud, scans: EcrScans) -> None:
    cloud.advise("scanned", XZ, seconds=3600)
    pushed = put(cloud, "scanned", "slow")
    assert scans.last("scanned", pushed).state == "running"
    cloud.advance(3600)
    assert scans.last("scanned", pushed).state == "complete"


def test_a_registry_that_knows_nothing_says_that_and_never_that_there_is_nothing(
    cloud: EmbeddedCloud, scans: EcrScans
) -> None:
    cloud.client("ecr").create_repository(repositoryName="unknown", imageScanningConfiguration={"scanOnPush": True})
    scan = scans.last("unknown", put(cloud, "unknown", "one"))
    assert scan.state == "impossible"
    assert scan.told.startswith("FAILED: UnsupportedImageError")


def test_an_image_that_is_gone_is_to_be_built_again(scans: EcrScans) -> None:
    for ask in (scans.last, scans.start):
        with pytest.raises(InputMissingError, match=rf"{TOOLS}, us-east-1: .* scanned has no image .*build it again"):
            ask("scanned", f"sha256:{'0' * 64}")


def test_what_inspector_finds_is_read_too_and_what_is_over_there_does_not_count() -> None:
    details = {
        "vulnerabilityId": "CVE-2024-3094",
        "sourceUrl": "https://nvd.example/1",
        "vulnerablePackages": [{"name": "xz-utils", "version": "5.6.0"}],
    }
    found = [
        {"severity": "CRITICAL", "status": "ACTIVE", "packageVulnerabilityDetails": details},
        {"severity": "UNTRIAGED", "status": "ACTIVE", "title": "CVE-2024-1 - a"},
        {"severity": "HIGH", "status": "SUPPRESSED", "packageVulnerabilityDetails": details},
    ]
    answer = {"imageScanStatus": {"status": "ACTIVE"}, "imageScanFindings": {"enhancedFindings": found}}
    scan = EcrScans(cast("Any", Answering(answer)), TOOLS).last("tumour", "sha256:1")
    assert scan == Scan(
        state="complete",
        continuous=True,
        vulnerabilities=(
            Vulnerability(
                name="CVE-2024-3094",
                severity="critical",
                package="xz-utils",
                version="5.6.0",
                uri="https://nvd.example/1",
            ),
            Vulnerability(name="CVE-2024-1 - a", severity="undefined"),
        ),
    )


class Answering:
    """Clients of a registry that Inspector scans, which the embedded cloud has not: always the same answer."""

    region = "us-east-1"

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def client(self, _service: str) -> Any:
        return self

    def describe_image_scan_findings(self, **_: Any) -> dict[str, Any]:
        return self._answer
