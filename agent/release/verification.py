"""Whether a release is still what it says, seen with the eyes of the account it is to go to, before that is touched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self

from agent import naming
from agent.aws.objects import parse_location
from agent.data.manifest import objects_of
from agent.data.names import name_and_sha256
from agent.errors import AccessDeniedError, InputMissingError, ModelyardError, together
from agent.images.manifest import check_single_image
from agent.ledger.ledger import Ledger
from agent.ports.registry import Approval
from agent.release.keys import trusted
from agent.release.statement import release_digest
from agent.release.store import ReleaseStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.artifacts import DataSet, Release
    from agent.config.environment import Environment
    from agent.config.releases import Releases
    from agent.ports.account import Account

_AT_ONCE = 12


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Something that the release names, and the proof that it is that: a digest, a key or an approval."""

    what: str
    found: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Something that the release names and that is not what it says."""

    what: str
    error: ModelyardError


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What is asked of a release beyond its being what it says.

    Its signature is judged by ``releases``; one without any is refused for ``production``, unless that says otherwise.
    With ``approved``, the model package must have been approved. ``deep`` reads every object of the data sets, too. The
    ``kms_key`` of the environment, its ARN, must be one that can be used.
    """

    releases: Releases
    kms_key: str | None = None
    production: bool = False
    approved: bool = False
    deep: bool = False

    @classmethod
    def of(cls, environment: Environment, releases: Releases, *, approved: bool = False) -> Self:
        """What an environment asks of a release that is to be deployed to it."""
        return cls(releases=releases, kms_key=environment.kms_key, production=environment.production, approved=approved)


@dataclass(frozen=True, kw_only=True)
class _Check:
    what: str
    find: Callable[[], str]


def verify(release: Release, digest: str, demands: Demands, *, tools: Account, target: Account) -> tuple[Checked, ...]:
    """Prove everything that the release names, or raise one error that tells all that is wrong with it.

    Artifact and image are read with the ``target``'s identity, which is to serve them, and which sees the public key of
    the signature; document, data, SBOM and model package with the ``tools`` account's. A package that was rejected is
    refused in any case. Raises AccessDeniedError where an identity may not look, InputMissingError with the digest
    expected and found, TemporaryError where only time stands in the way.
    """
    outcomes = examine(release, digest, demands, tools=tools, target=target)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    if refused:
        raise refusal(f"release {naming.short(digest)} cannot go to account {target.id}, {target.region}", refused)
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Checked))


def examine(
    release: Release, digest: str, demands: Demands, *, tools: Account, target: Account
) -> tuple[Checked | Refused, ...]:
    """Look at everything that :func:`verify` looks at, and tell what was found of each."""
    checks = tuple(_checks(release, digest, demands, tools, target))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="verify") as pool:
        return tuple(pool.map(_outcome, checks))


def refusal(message: str, refused: Sequence[Refused]) -> ModelyardError:
    """One error that tells everything that is wrong, of the class of the gravest."""
    listed = "\n".join(f"  {each.what}: {each.error}" for each in refused)
    return together([each.error for each in refused], f"{message}:\n{listed}")


def _outcome(check: _Check) -> Checked | Refused:
    try:
        return Checked(what=check.what, found=check.find())
    except ModelyardError as error:
        return Refused(what=check.what, error=error)


def _checks(release: Release, digest: str, demands: Demands, tools: Account, target: Account) -> Iterator[_Check]:
    yield _Check(what="release document", find=lambda: _document(release, digest, tools))
    yield _Check(what="signature", find=lambda: signature(release, digest, demands, tools, target))
    yield _Check(what="model artifact", find=lambda: _object(release.model.artifact, release.model.sha256, target))
    yield _Check(what="image", find=lambda: _image(release, tools, target))
    if (sbom := release.sbom) is not None:
        yield _Check(what="SBOM of the image", find=lambda: _object(sbom.uri, sbom.sha256, tools))
    if demands.kms_key is not None:
        yield _Check(what="key of the environment", find=partial(_key, demands.kms_key, target))
    yield from (_data_check(name, data, tools) for name, data in release.data.items())
    if demands.deep:
        yield from (_deep_check(name, data, tools) for name, data in release.data.items())
    yield _Check(what="model package", find=lambda: _package(release, tools, approved=demands.approved))


def _data_check(name: str, data: DataSet, tools: Account) -> _Check:
    return _Check(what=f"data set {name}", find=lambda: _object(data.manifest, data.digest, tools))


def _deep_check(name: str, data: DataSet, tools: Account) -> _Check:
    return _Check(what=f"objects of {name}", find=lambda: _objects(data, tools))


def _ledger(release: Release, tools: Account) -> Ledger:
    return Ledger(tools.objects, naming.bucket(release.project, tools.id, tools.region))


def _document(release: Release, digest: str, tools: Account) -> str:
    ReleaseStore(_ledger(release, tools)).read(digest)
    _expect(f"release {digest}", expected=digest, found=release_digest(release))
    return digest


def signature(release: Release, digest: str, demands: Demands, tools: Account, target: Account) -> str:
    """The key that signed it, which counts; InputMissingError for any other."""
    ledger = _ledger(release, tools)
    sealed = ReleaseStore(ledger).sealed(digest)
    if sealed is None:
        if demands.production and not demands.releases.unsigned_in_production:
            raise InputMissingError(
                f"release {naming.short(digest)} is not signed, and production takes no other: run the pipeline again "
                "for its commit, which signs it, or take it as it is with `releases.unsigned_in_production: true`"
            )
        return "not signed"
    key = trusted(sealed.key_id, demands.releases, ledger, tools=tools, asking=target)
    sealed.require_signed_by(key, f"release {naming.short(digest)}")
    return f"by key {key.id}"


def _objects(data: DataSet, tools: Account) -> str:
    """How many objects of a data set are what their names say; the error tells all that are not."""
    locations = [(location, name_and_sha256(location.key)[1]) for location in objects_of(data, tools.objects)]
    known = [(location, sha256) for location, sha256 in locations if sha256]
    wrong = []
    for location, expected in known:
        content = tools.objects.sha256(location.bucket, location.key)
        if content != expected:
            wrong.append(f"{location}: expected sha256 {expected}, found {content}")
    if wrong:
        raise InputMissingError("; ".join(wrong))
    unread = f", {len(locations) - len(known)} named by S3's version only" if len(known) < len(locations) else ""
    return f"{len(known)} of {len(locations)} have the content that they are named by{unread}"


def _object(uri: str, expected: str, account: Account) -> str:
    location = parse_location(uri)
    found = account.objects.sha256(location.bucket, location.key)
    _expect(uri, expected=expected, found=found)
    return found


def _image(release: Release, tools: Account, target: Account) -> str:
    image = release.image
    if image.registry != tools.id:
        raise InputMissingError(
            f"{image.uri} is in the registry of account {image.registry}, and only images of the tools account "
            f"{tools.id} are deployed; build it there, by the pipeline, or promote another release"
        )
    found = target.images.find(image.repository, image.digest, registry=image.registry)
    if found is None:
        raise InputMissingError(
            f"{image.uri} is not in its repository any more: expected {image.digest}, found nothing; "
            "run the pipeline again for its commit"
        )
    _expect(image.uri, expected=image.digest, found=found.digest)
    check_single_image(found.media_type, image.uri)
    return found.digest


def _key(key: str, target: Account) -> str:
    """An endpoint with a key that cannot be used fails late, and by SageMaker's words alone."""
    try:
        found = replace(target.policies.key(key), arn=key)
    except AccessDeniedError as error:
        return f"cannot be looked at: {error}"
    if found.trouble:
        raise InputMissingError(f"{found.trouble}; {found.cure}")
    return f"{key} is enabled"


def _package(release: Release, tools: Account, *, approved: bool) -> str:
    version = tools.registry.describe(release.package)
    if version is None:
        raise InputMissingError(
            f"{release.package} is not in the model registry any more: run the pipeline again for its commit, which "
            "registers the model anew and makes another release, or promote another one"
        )
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
