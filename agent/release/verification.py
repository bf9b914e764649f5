"""Whether a release is still what it says, seen with the eyes of the account it is to go to, before that is touched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import naming
from agent.aws.objects import parse_location
from agent.errors import InputMissingError, ModelyardError, together
from agent.images.manifest import check_single_image
from agent.ledger.ledger import Ledger
from agent.ports.registry import Approval
from agent.release.statement import release_digest
from agent.release.store import ReleaseStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.artifacts import DataSet, Release
    from agent.ports.account import Account

_AT_ONCE = 12


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Something that the release names, and the proof that it is that: a digest or an approval."""

    what: str
    found: str


@dataclass(frozen=True, kw_only=True)
class _Check:
    what: str
    find: Callable[[], str]


def verify(
    release: Release, digest: str, *, tools: Account, target: Account, approved: bool = False
) -> tuple[Checked, ...]:
    """Prove everything that the release names, or raise one error that tells all that is wrong with it.

    Artifact and image are read with the ``target``'s identity, which is to serve them; document, data manifests and
    model package with the ``tools`` account's. With ``approved``, the model package must have been approved; one that
    was rejected is refused in any case. Raises AccessDeniedError where an identity may not look, InputMissingError with
    the digest expected and found, TemporaryError where only time stands in the way.
    """
    checks = tuple(_checks(release, digest, tools, target, approved=approved))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="verify") as pool:
        outcomes = tuple(pool.map(_outcome, checks))
    problems = [outcome for outcome in outcomes if isinstance(outcome, ModelyardError)]
    if problems:
        listed = "\n".join(f"  {check.what}: {error}" for check, error in _failed(checks, outcomes))
        raise together(
            problems, f"release {naming.short(digest)} cannot go to account {target.id}, {target.region}:\n{listed}"
        )
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Checked))


def _outcome(check: _Check) -> Checked | ModelyardError:
    try:
        return Checked(what=check.what, found=check.find())
    except ModelyardError as error:
        return error


def _failed(
    checks: tuple[_Check, ...], outcomes: tuple[Checked | ModelyardError, ...]
) -> Iterator[tuple[_Check, ModelyardError]]:
    for check, outcome in zip(checks, outcomes, strict=True):
        if isinstance(outcome, ModelyardError):
            yield check, outcome


def _checks(release: Release, digest: str, tools: Account, target: Account, *, approved: bool) -> Iterator[_Check]:
    yield _Check(what="release document", find=lambda: _document(release, digest, tools))
    yield _Check(what="model artifact", find=lambda: _object(release.model.artifact, release.model.sha256, target))
    yield _Check(what="image", find=lambda: _image(release, target))
    yield from (_data_check(name, data, tools) for name, data in release.data.items())
    yield _Check(what="model package", find=lambda: _package(release, tools, approved=approved))


def _data_check(name: str, data: DataSet, tools: Account) -> _Check:
    return _Check(what=f"data set {name}", find=lambda: _object(data.manifest, data.digest, tools))


def _document(release: Release, digest: str, tools: Account) -> str:
    bucket = naming.bucket(release.project, tools.id, tools.region)
    ReleaseStore(Ledger(tools.objects, bucket)).read(digest)
    _expect(f"release {digest}", expected=digest, found=release_digest(release))
    return digest


def _object(uri: str, expected: str, account: Account) -> str:
    location = parse_location(uri)
    found = account.objects.sha256(location.bucket, location.key)
    _expect(uri, expected=expected, found=found)
    return found


def _image(release: Release, target: Account) -> str:
    image = release.image
    found = target.images.find(image.repository, image.digest, registry=image.registry)
    if found is None:
        raise InputMissingError(
            f"{image.uri} is not in its repository any more: expected {image.digest}, found nothing; "
            "run the pipeline again for its commit"
        )
    _expect(image.uri, expected=image.digest, found=found.digest)
    check_single_image(found.media_type, image.uri)
    return found.digest


def _package(release: Release, tools: Account, *, approved: bool) -> str:
    version = tools.registry.describe(release.package)
    if version is None:
        raise InputMissingError(f"{release.package} is not in the model registry any more; promote another release")
    said = f" ({version.approval_description})" if version.approval_description else ""
    if version.approval is Approval.REJECTED:
        raise InputMissingError(
            f"{release.package} was rejected by {version.approved_by or 'someone'}{said}; promote another release"
        )
    if approved and version.approval is not Approval.APPROVED:
        raise InputMissingError(
            f"{release.package} is {version.approval}, but this environment takes only approved models; whoever may "
            "sagemaker:UpdateModelPackage approves it in SageMaker Studio's model registry, or with: aws sagemaker "
            f"update-model-package --model-package-arn {release.package} --model-approval-status Approved"
        )
    return f"{release.package} is {version.approval}"


def _expect(what: str, *, expected: str, found: str) -> None:
    if found != expected:
        raise InputMissingError(
            f"{what} has changed: expected sha256 {expected}, found {found}; promote another release"
        )
