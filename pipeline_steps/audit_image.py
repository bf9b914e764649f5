"""Find out what is known against the image: vulnerabilities, licences, what it is built upon, and who signed that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Image, Judgement, Sbom
from agent.config.supply_gates import BaseImageGate, ImageGate, LicenseGate, VulnerabilityGate
from agent.errors import InputMissingError
from agent.gates import base_image, licenses, vulnerabilities
from agent.gates.base_image import BaseImage
from agent.gates.licenses import licensed
from agent.gates.signed import prove
from agent.jobs.patience import look_pause
from agent.naming import short
from agent.ports.scans import Scan
from agent.sbom.store import SbomStore, packages_in
from agent.step import Action, Step, StepModel, canonical

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agent.context import Context
    from agent.gates.signed import Proof

SCANS = "scans/1/"
"""Where findings are kept, below the image's digest and under their own."""


class Inputs(StepModel):
    """The image, and the gates that judge it."""

    image: Image = Field(description="The image.")
    sbom: Sbom | None = Field(description="What it is made of.")
    bases: tuple[BaseImage, ...] = Field(description="Images that it is built from, as its recipe names them.")
    keys: Mapping[str, str] = Field(default={}, description="Public keys in PEM that gates name, by their paths.")
    gates: Mapping[str, ImageGate] = Field(description="Gates on the image, by name.")


class Result(StepModel):
    """What the gates answer."""

    answers: Mapping[str, Judgement] = Field(description="Answers by the names of the gates.")


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """A scan, where there is none or an old one, and a document of what it finds."""
    if not _counting(inputs):
        return ()
    scan, tools = _last(inputs, ctx), ctx.accounts.tools
    starts = Action(
        operation="ecr:StartImageScan", resource=inputs.image.uri, account=tools.id, note="there is none, or an old one"
    )
    keeps = Action(
        operation="s3:PutObject", resource=ctx.ledger.uri(_folder(inputs)), account=tools.id, note="what a scan found"
    )
    if _wanted(scan, inputs, ctx):
        return (starts, keeps)
    known = scan.state != "complete" or _name(inputs, scan) in ctx.ledger.names(_folder(inputs))
    return () if known else (keeps,)


def recall(inputs: Inputs, ctx: Context) -> Result | None:
    """The answers, where nothing has to be asked for or written."""
    if plan(inputs, ctx):
        return None
    scan = _last(inputs, ctx) if _counting(inputs) else None
    return None if scan is not None and scan.state == "running" else _result(inputs, scan, ctx)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Wait for a scan that is new enough, keep what it found, and judge."""
    scan = _scanned(inputs, ctx) if _counting(inputs) else None
    if scan is not None and scan.state == "complete":
        ctx.ledger.create_bytes(_name(inputs, scan), _document(scan))
    result = _result(inputs, scan, ctx)
    for answer in result.answers.values():
        (ctx.report.fact if answer.passed else ctx.report.warn)(answer.reason)
    return result


def leave(_inputs: Inputs, _ctx: Context) -> None:
    """A scan goes on by itself, and the next build finds it."""


def _counting(inputs: Inputs) -> tuple[VulnerabilityGate, ...]:
    return tuple(gate for gate in inputs.gates.values() if isinstance(gate, VulnerabilityGate))


def _last(inputs: Inputs, ctx: Context) -> Scan:
    return ctx.accounts.tools.scans.last(inputs.image.repository, inputs.image.digest)


def _wanted(scan: Scan, inputs: Inputs, ctx: Context) -> bool:
    """Whether another scan is to be asked for: there is none, or what it knew is too old."""
    if scan.state == "absent":
        return True
    if scan.state != "complete" or scan.continuous or scan.completed is None:
        return False
    age = (ctx.clock.now() - scan.completed).total_seconds()
    return age > min(gate.max_age for gate in _counting(inputs))


def _scanned(inputs: Inputs, ctx: Context) -> Scan:
    """The last scan, once it is over and new enough; or as it is when patience, or what the registry does, ends."""
    scan, old = _last(inputs, ctx), None
    if _wanted(scan, inputs, ctx):
        refused = ctx.accounts.tools.scans.start(inputs.image.repository, inputs.image.digest)
        if refused is not None:
            ctx.report.warn(f"ECR makes no new scan of {inputs.image.uri} now: {refused.told}")
            if scan.state == "complete" or not refused.may_come:
                return replace(scan, told=refused.told)
        old, scan = scan.completed, Scan(state="running")
    return _awaited(scan, old, inputs, ctx)


def _awaited(scan: Scan, old: datetime | None, inputs: Inputs, ctx: Context) -> Scan:
    """The scan that comes after that of ``old``, or what there is of it when patience ends."""
    since = ctx.visit.since("scan", ctx.clock.now())
    until = since + timedelta(seconds=max(gate.patience for gate in _counting(inputs)))
    while _is_awaited(scan, old) and ctx.clock.now() < until:
        waited = (ctx.clock.now() - since).total_seconds()
        ctx.visit.rest(ctx.clock, look_pause(waited, 0.5), "the image is being scanned", since=since)
        scan = _last(inputs, ctx)
    return scan


def _is_awaited(scan: Scan, old: datetime | None) -> bool:
    """Whether it is not over, or not even there yet: for a moment a registry may still answer with the old one."""
    if scan.state == "complete":
        return old is not None and scan.completed is not None and scan.completed <= old
    return scan.state in {"running", "absent"}


def _result(inputs: Inputs, scan: Scan | None, ctx: Context) -> Result:
    return Result(answers={name: _judged(name, gate, inputs, scan, ctx) for name, gate in inputs.gates.items()})


def _judged(name: str, gate: ImageGate, inputs: Inputs, scan: Scan | None, ctx: Context) -> Judgement:
    image, today = f"image {short(inputs.image.digest)}", ctx.clock.now().date()
    match gate:
        case VulnerabilityGate():
            assert scan is not None  # there is one for every gate that counts
            evidence = ctx.ledger.uri(_name(inputs, scan)) if scan.state == "complete" else ""
            return vulnerabilities.judge(name, gate, scan, image, today=today, evidence=evidence)
        case LicenseGate():
            sbom = _sbom(inputs)
            packages = map(licensed, packages_in(SbomStore(ctx.ledger).read(sbom)))
            return licenses.judge(name, gate, packages, image, today=today, evidence=sbom.uri)
        case BaseImageGate():
            return base_image.judge(name, gate, inputs.bases, _proofs(gate, inputs, ctx))


def _proofs(gate: BaseImageGate, inputs: Inputs, ctx: Context) -> dict[str, Proof]:
    """Who has signed each image, where somebody has to have; one that floats is too many to be signed."""
    keys = {path: inputs.keys[path] for path in gate.signed_by}
    named = [image.name for image in inputs.bases if not image.floats] if keys else []
    if not named:
        return {}
    target = ctx.accounts.tools.images.push_target(inputs.image.repository)
    return {name: prove(name.partition("@")[2], ctx.builder.claims(name, target), keys) for name in named}


def _sbom(inputs: Inputs) -> Sbom:
    if inputs.sbom is None:
        raise InputMissingError(
            f"{inputs.image.uri} has no bill of materials whose licences could be judged; begin there: "
            "modelyard run --from build_image"
        )
    return inputs.sbom


def _folder(inputs: Inputs) -> str:
    return f"{SCANS}{inputs.image.digest.removeprefix('sha256:')}/"


def _name(inputs: Inputs, scan: Scan) -> str:
    return f"{_folder(inputs)}{hashlib.sha256(_document(scan)).hexdigest()}.json"


def _document(scan: Scan) -> bytes:
    """What a scan found, always in the same bytes."""
    completed = None if scan.completed is None else scan.completed.isoformat()
    return canonical({**asdict(scan), "completed": completed})


STEP = Step(
    inputs=Inputs,
    result=Result,
    run=run,
    plan=plan,
    recall=recall,
    leave=leave,
    account="tools",
    effect="write",
    cached=False,
)
