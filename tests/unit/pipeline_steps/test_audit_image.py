"""An image is audited by a scan that is new enough, waited for with patience, and by its bill of materials."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.supply_gates import BaseImageGate, LicenseGate, VulnerabilityGate
from agent.errors import InputMissingError
from agent.gates.base_image import BaseImage
from agent.images.cosign import read_bundle
from agent.ports.images import StoredImage
from agent.ports.scans import NotStarted, Scan, Vulnerability
from agent.sbom.store import SbomStore
from pipeline_steps import audit_image
from tests.cosigned import Signer, statement
from tests.fakes import EPOCH, FakeAccount, FakeBuilder, MemoryImages
from tests.unit.pipeline_steps.surroundings import surroundings, told
from tests.unit.pipeline_steps.vouched import IMAGE

if TYPE_CHECKING:
    from agent.artifacts import Judgement, Sbom
    from agent.context import Context

XZ = Vulnerability(name="CVE-2024-3094", severity="critical", package="xz-utils", version="5.6.0")
DAY = timedelta(days=1)


def scanned(*found: Vulnerability, age: timedelta = DAY, **settings: Any) -> Scan:
    return Scan(**{"state": "complete", "completed": EPOCH - age, "vulnerabilities": found, **settings})


@dataclass
class FakeScans:
    """An :class:`agent.ports.scans.ImageScans`: ``seen`` are the answers of one look after the other."""

    seen: list[Scan]
    refusal: NotStarted | None = None
    started: list[str] = field(default_factory=list)

    def last(self, repository: str, digest: str) -> Scan:
        assert (repository, digest) == (IMAGE.repository, IMAGE.digest)
        return self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]

    def start(self, _repository: str, digest: str) -> NotStarted | None:
        self.started.append(digest)
        return self.refusal


def at(scans: FakeScans) -> Context:
    return surroundings(FakeAccount(scans=scans))


def inputs(gate: Any, sbom: Sbom | None = None, *bases: BaseImage) -> audit_image.Inputs:
    return audit_image.Inputs(image=IMAGE, sbom=sbom, bases=bases, gates={"gate": gate})


def counting(**settings: Any) -> audit_image.Inputs:
    return inputs(VulnerabilityGate(kind="vulnerabilities", **settings))


def audited(wanted: audit_image.Inputs, context: Context) -> Judgement:
    return audit_image.run(wanted, context).answers["gate"]


def test_what_a_scan_found_is_judged_and_kept_as_evidence() -> None:
    context = at(FakeScans([scanned(XZ)]))
    answer = audited(counting(), context)
    assert not answer.passed
    assert told(context, "warn") == [answer.reason]
    name = answer.evidence.removeprefix(context.ledger.uri(""))
    assert name.startswith(f"scans/1/{IMAGE.digest.removeprefix('sha256:')}/")
    document = json.loads(context.ledger.read_bytes(name) or b"")
    assert document["vulnerabilities"][0]["name"] == "CVE-2024-3094"


def test_a_scan_that_is_known_and_new_is_recalled_without_a_write() -> None:
    context = at(FakeScans([scanned()]))
    assert [action.operation for action in audit_image.plan(counting(), context)] == ["s3:PutObject"]
    assert audit_image.recall(counting(), context) is None
    result = audit_image.run(counting(), context)
    assert audit_image.plan(counting(), context) == ()
    assert audit_image.recall(counting(), context) == result


def test_an_old_scan_is_made_again_and_waited_for() -> None:
    old, running, new = scanned(age=8 * DAY), Scan(state="running"), scanned(XZ, age=timedelta())
    scans = FakeScans([old, running, running, new])
    context = at(scans)
    assert not audited(counting(), context).passed
    assert scans.started == [IMAGE.digest]
    planned = audit_image.plan(counting(), at(FakeScans([old])))
    assert [action.operation for action in planned] == ["ecr:StartImageScan", "s3:PutObject"]


def test_one_that_inspector_keeps_up_to_date_has_no_age() -> None:
    scans = FakeScans([scanned(age=100 * DAY, continuous=True)])
    assert audited(counting(), at(scans)).passed
    assert scans.started == []


def test_where_the_registry_makes_no_new_scan_now_the_old_one_counts() -> None:
    scans = FakeScans([scanned(XZ, age=8 * DAY)], refusal=NotStarted(told="wait", may_come=True))
    context = at(scans)
    assert "scanned 2" in audited(counting(), context).reason
    assert "makes no new scan" in told(context, "warn")[0]


def test_where_there_is_no_scan_and_there_can_be_none_that_is_the_verdict() -> None:
    scans = FakeScans([Scan(state="absent")], refusal=NotStarted(told="an index", may_come=False))
    answer = audited(counting(), at(scans))
    assert not answer.passed
    assert "was not scanned for vulnerabilities (an index)" in answer.reason


def test_a_scan_on_push_that_nobody_sees_yet_is_waited_for() -> None:
    absent, new = Scan(state="absent"), scanned(XZ, age=timedelta())
    scans = FakeScans([absent, absent, absent, new], refusal=NotStarted(told="once a day", may_come=True))
    assert "CVE-2024-3094" in audited(counting(), at(scans)).reason


def test_the_old_scan_is_not_taken_for_the_new_one() -> None:
    old = scanned(XZ, age=8 * DAY)
    scans = FakeScans([old, old, old, scanned(age=timedelta())])
    assert audited(counting(), at(scans)).passed


def test_patience_ends() -> None:
    context = at(FakeScans([Scan(state="running", told="IN_PROGRESS")]))
    answer = audited(counting(patience=60), context)
    assert "was not over in time (IN_PROGRESS); build again" in answer.reason
    assert 60 <= (context.clock.now() - EPOCH).total_seconds() < 80


def test_a_scan_under_way_is_not_recalled_as_an_answer() -> None:
    assert audit_image.recall(counting(), at(FakeScans([Scan(state="running")]))) is None


def test_licences_are_those_of_the_bill_of_materials() -> None:
    context = surroundings()
    component = {"type": "library", "name": "mongo", "version": "1", "licenses": [{"license": {"id": "AGPL-3.0-only"}}]}
    sbom = SbomStore(context.ledger).keep(IMAGE.digest, json.dumps({"components": [component]}).encode())
    answer = audited(inputs(LicenseGate(kind="licenses", denied=("AGPL-*",)), sbom), context)
    assert "mongo 1 (AGPL-3.0-only)" in answer.reason
    assert answer.evidence == sbom.uri
    assert audit_image.plan(inputs(LicenseGate(kind="licenses", denied=("AGPL-*",)), sbom), context) == ()


def test_an_image_without_a_bill_of_materials_is_to_be_built_again() -> None:
    with pytest.raises(InputMissingError, match=r"no bill of materials .*--from build_image"):
        audited(inputs(LicenseGate(kind="licenses", denied=("AGPL-*",))), surroundings())


def test_base_images_are_judged_by_the_recipe() -> None:
    floating = BaseImage(name="python:3.11", where="Dockerfile:1")
    assert (
        "python:3.11 (Dockerfile:1) floats"
        in audited(inputs(BaseImageGate(kind="base-image"), None, floating), surroundings()).reason
    )


def test_signatures_are_asked_for_where_a_gate_wants_them_and_of_images_that_do_not_float() -> None:
    signer, digest = Signer(), f"sha256:{'1' * 64}"
    pinned, floating = BaseImage(name=f"python@{digest}", where="Dockerfile:1"), BaseImage(name="jdk", where="F:2")
    claim = read_bundle(signer.bundle(statement(digest)))
    assert claim is not None
    images = MemoryImages(repositories={("111111111111", IMAGE.repository)})
    builder = FakeBuilder(images=images, image=StoredImage(digest=IMAGE.digest, media_type="", size=1))
    context = surroundings(FakeAccount(images=images), builder=builder)
    gate = BaseImageGate(kind="base-image", signed_by=("platform.pub",))
    wanted = inputs(gate, None, pinned, floating).model_copy(update={"keys": {"platform.pub": signer.pem}})
    assert f"{pinned.name} (Dockerfile:1) is not signed by platform.pub" in audited(wanted, context).reason
    builder.signatures = {pinned.name: [claim]}
    assert pinned.name not in audited(wanted, context).reason
    assert "jdk (F:2) floats" in audited(wanted, context).reason
    assert audited(inputs(BaseImageGate(kind="base-image"), None, pinned), surroundings()).passed
