"""What stands in for the outside in tests of steps: each the whole of a Protocol of ``agent.ports``, in memory.

Everyone who owns a port keeps its fake here; append, and keep them faithful: a contract test holds the real ones to the
same behaviour.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.errors import AccessDeniedError, InputMissingError, InterruptedRunError, ModelyardError, TemporaryError
from agent.ports.contents import ImageContents, ImageLayer, LayerContents
from agent.ports.endpoints import Answer, EndpointState, ScalingState
from agent.ports.images import PushedImage, PushTarget, StoredImage
from agent.ports.jobs import JobKind, JobState, JobStatus, LogPage
from agent.ports.keys import PublicKey
from agent.ports.objects import Document, Listed
from agent.ports.policies import Encryption, Key, Simulated
from agent.ports.registry import Approval, ModelVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.ports.contents import Installed, KeptLayers
    from agent.ports.images import BuildOrder
    from agent.ports.reporter import Reporter
    from agent.ports.signatures import Claim

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """One call of a fake: the operation of S3, and the object that it was about."""

    operation: str
    bucket: str
    key: str


@dataclass
class MemoryObjects:
    """An :class:`agent.ports.objects.Objects` in memory: conditions hold, listings are in order, calls are kept.

    ``buckets`` exist; ``kept`` holds the content by bucket and key. ``before`` is called ahead of every request, to
    let another writer go first or to raise what S3 would.
    """

    buckets: set[str] = field(default_factory=lambda: {"bucket"})
    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    before: Callable[[Call], object] = lambda _: None
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def read(self, bucket: str, key: str) -> Document | None:
        with self._request("GetObject", bucket, key):
            body = self.kept.get((bucket, key))
            return None if body is None else Document(body=body, etag=_etag(body))

    def create(self, bucket: str, key: str, body: bytes) -> bool:
        with self._request("PutObject", bucket, key):
            if (bucket, key) in self.kept:
                return False
            self.kept[bucket, key] = body
            return True

    def replace(self, bucket: str, key: str, body: bytes, *, etag: str) -> bool:
        with self._request("PutObject", bucket, key):
            present = self.kept.get((bucket, key))
            if present is None or _etag(present) != etag:
                return False
            self.kept[bucket, key] = body
            return True

    def delete(self, bucket: str, key: str) -> None:
        with self._request("DeleteObject", bucket, key):
            self.kept.pop((bucket, key), None)

    def list(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[Listed]:
        start = after
        while True:
            with self._request("ListObjectsV2", bucket, prefix):
                keys = [key for at, key in self.kept if at == bucket and key.startswith(prefix) and _order(key, start)]
                page = [(key, self.kept[bucket, key]) for key in sorted(keys, key=str.encode)[:1000]]
            for key, body in page:
                yield Listed(key=key, size=len(body), etag=_etag(body), modified=EPOCH)
            if len(page) < 1000:
                return
            start = page[-1][0]

    def exists(self, bucket: str, key: str) -> bool:
        with self._request("HeadObject", bucket, key, anywhere=True):
            return (bucket, key) in self.kept

    def upload(self, bucket: str, key: str, path: Path, *, sha256: str | None = None) -> None:
        with self._request("PutObject", bucket, key):
            body = path.read_bytes()
            if sha256 not in {None, hashlib.sha256(body).hexdigest()}:
                raise InputMissingError(f"{path} has changed")
            self.kept[bucket, key] = body

    def download(self, bucket: str, key: str, path: Path) -> None:
        with self._request("GetObject", bucket, key):
            path.write_bytes(self._there(bucket, key))

    def copy(self, *, source_bucket: str, source_key: str, etag: str, size: int, bucket: str, key: str) -> None:
        with self._request("CopyObject", bucket, key):
            body = self._there(source_bucket, source_key)
            if _etag(body) != etag:
                raise TemporaryError(f"s3://{source_bucket}/{source_key} has changed")
            self.kept[bucket, key] = body

    def sha256(self, bucket: str, key: str, *, etag: str | None = None) -> str:
        with self._request("GetObject", bucket, key):
            body = self._there(bucket, key)
            if etag not in {None, _etag(body)}:
                raise TemporaryError(f"s3://{bucket}/{key} has changed")
            return hashlib.sha256(body).hexdigest()

    def made(self, operation: str) -> Sequence[str]:
        """The keys that an operation was called for, in order."""
        return [call.key for call in self.calls if call.operation == operation]

    def _there(self, bucket: str, key: str) -> bytes:
        if (bucket, key) not in self.kept:
            raise InputMissingError(f"s3://{bucket}/{key}: no such object")
        return self.kept[bucket, key]

    def _request(self, operation: str, bucket: str, key: str, *, anywhere: bool = False) -> threading.RLock:
        """Note a request and let others go first; what it does itself is one step for them, as in S3."""
        call = Call(operation, bucket, key)
        self.before(call)
        self.calls.append(call)
        if bucket not in self.buckets and not anywhere:
            raise InputMissingError(f"s3://{bucket}: NoSuchBucket")
        return self._lock


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _order(key: str, start: str) -> bool:
    return key.encode() > start.encode()


@dataclass
class FakeClock:
    """An :class:`agent.ports.time.Clock` whose waits take no time; ``interrupted`` makes every further one raise."""

    time: datetime = EPOCH
    slept: list[float] = field(default_factory=list)
    interrupted: bool = False

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        self.check()

    def check(self) -> None:
        if self.interrupted:
            raise InterruptedRunError("the run was told to end")


@dataclass
class KeptReport:
    """An :class:`agent.ports.reporter.Reporter` that keeps what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def doing(self, what: str) -> None:
        self.told.append(("doing", what))

    def fact(self, text: str) -> None:
        self.told.append(("fact", text))

    def warn(self, text: str) -> None:
        self.told.append(("warn", text))

    def log(self, line: str) -> None:
        self.told.append(("log", line))

    def of(self, kind: str) -> list[str]:
        """What was told in one way: ``fact``, ``warn``, …"""
        return [text for told, text in self.told if told == kind]


@dataclass
class MemoryRegistry:
    """An :class:`agent.ports.registry.ModelRegistry` of one account: a ``ClientToken`` is honoured."""

    account: str = "111111111111"
    groups: dict[str, list[ModelVersion]] = field(default_factory=lambda: {"tumour": []})
    created: list[Mapping[str, Any]] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    _by_token: dict[str, str] = field(default_factory=dict)

    def create(self, request: Mapping[str, Any]) -> str:
        token = request["ClientToken"]
        if token in self._by_token:
            return self._by_token[token]
        group = request["ModelPackageGroupName"]
        number = len(self.groups[group]) + 1
        version = ModelVersion(
            arn=f"arn:aws:sagemaker:us-east-1:{self.account}:model-package/{group}/{number}",
            version=number,
            approval=Approval(request["ModelApprovalStatus"]),
            description=request.get("ModelPackageDescription", ""),
            metadata=request.get("CustomerMetadataProperties", {}),
        )
        self.groups[group].append(version)
        self.created.append(request)
        self._by_token[token] = version.arn
        return version.arn

    def describe(self, arn: str) -> ModelVersion | None:
        found = (version for versions in self.groups.values() for version in versions if version.arn == arn)
        return None if arn in self.removed else next(found, None)

    def versions(self, group: str) -> Iterator[ModelVersion]:
        """As in a listing: without metadata."""
        there = (found for found in reversed(self.groups[group]) if found.arn not in self.removed)
        yield from (replace(found, metadata={}, approved_by="") for found in there)

    def group_exists(self, group: str) -> bool:
        return group in self.groups

    def create_group(self, group: str, description: str) -> None:
        self.groups.setdefault(group, [])

    def decide(self, arn: str, approval: Approval, *, by: str, why: str = "") -> None:
        """What a person does in the console."""
        for versions in self.groups.values():
            versions[:] = [
                replace(found, approval=approval, approved_by=by, approval_description=why)
                if found.arn == arn
                else found
                for found in versions
            ]


@dataclass
class MemoryImages:
    """An :class:`agent.ports.images.ImageRepository`; ``kept`` by registry, repository and digest or tag."""

    account: str = "111111111111"
    repositories: set[tuple[str, str]] = field(default_factory=lambda: {("111111111111", "tumour")})
    kept: dict[tuple[str, str, str], StoredImage] = field(default_factory=dict)
    refusal: ModelyardError | None = None

    def push_target(self, repository: str) -> PushTarget:
        self._check(self.account, repository)
        host = f"{self.account}.dkr.ecr.us-east-1.amazonaws.com"
        return PushTarget(
            uri=f"{host}/{repository}", repository=repository, base_url=f"https://{host}", host=host, token="secret"
        )

    def find(self, repository: str, reference: str, *, registry: str) -> StoredImage | None:
        self._check(registry, repository)
        return self.kept.get((registry, repository, reference))

    def pushed(self, repository: str) -> Iterator[PushedImage]:
        self._check(self.account, repository)
        found = {
            image.digest: image
            for (at, name, _), image in self.kept.items()
            if (at, name) == (self.account, repository)
        }
        yield from (PushedImage(digest=image.digest, size=image.size, pushed=EPOCH) for image in found.values())

    def delete(self, repository: str, digests: Sequence[str]) -> None:
        self._check(self.account, repository)
        self.kept = {place: image for place, image in self.kept.items() if image.digest not in digests}

    def add(self, image: StoredImage, *, repository: str = "tumour", tag: str | None = None) -> None:
        """What a push does."""
        for reference in (image.digest, tag):
            if reference is not None:
                self.kept[self.account, repository, reference] = image

    def _check(self, registry: str, repository: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        if (registry, repository) not in self.repositories:
            raise InputMissingError(f"account {registry} has no ECR repository {repository}")


@dataclass
class FakeBuilder:
    """An :class:`agent.ports.images.ImageBuilder` whose images are one ``image``, pushed into ``images``."""

    images: MemoryImages
    image: StoredImage
    sources: str = "5" * 64
    orders: list[BuildOrder] = field(default_factory=list)
    packages: tuple[Installed, ...] = ()
    described: list[str] = field(default_factory=list)
    signatures: Mapping[str, Sequence[Claim]] = field(default_factory=dict)

    def source_digest(self, order: BuildOrder) -> str:
        return self.sources

    def build_and_push(self, order: BuildOrder, target: PushTarget, *, tag: str, report: Reporter) -> str:
        self.orders.append(order)
        self.images.add(self.image, repository=target.repository, tag=tag)
        return self.image.digest

    def contents(self, target: PushTarget, digest: str, kept: KeptLayers, *, report: Reporter) -> ImageContents:
        """One layer, which is remembered."""
        self.described.append(digest)
        kept.keep(f"sha256:{'e' * 64}", LayerContents())
        return ImageContents(
            name=target.uri,
            digest=digest,
            platform="linux/amd64",
            created="2026-11-01T00:00:00Z",
            layers=(ImageLayer(digest=f"sha256:{'e' * 64}", size=1, holds="code"),),
            system=None,
            packages=self.packages,
        )

    def claims(self, name: str, target: PushTarget) -> Sequence[Claim]:
        """Those of the image of that name."""
        return self.signatures.get(name, ())


@dataclass
class FakeAccess:
    """An :class:`agent.ports.access.Access` that answers as told; a ModelyardError in place of an answer is raised."""

    arn: str | ModelyardError = "arn:aws:sts::111111111111:assumed-role/tumour-pipeline/run"
    buckets: Mapping[str, str | ModelyardError] = field(default_factory=dict)
    repositories: Mapping[str, str | ModelyardError] = field(default_factory=dict)
    roles: Mapping[str, bool | None] = field(default_factory=dict)

    def whoami(self) -> str:
        return _answer(self.arn)

    def bucket_region(self, bucket: str) -> str:
        return _answer(self.buckets.get(bucket, InputMissingError(f"there is no bucket {bucket}")))

    def repository_uri(self, repository: str) -> str:
        return _answer(self.repositories.get(repository, InputMissingError(f"no ECR repository {repository}")))

    def role_exists(self, role: str) -> bool | None:
        return self.roles.get(role, False)


def _answer(answer: str | ModelyardError) -> str:
    if isinstance(answer, str):
        return answer
    raise answer


LETS_ALL_IN: Mapping[str, Any] = {
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


@dataclass
class FakePolicies:
    """An :class:`agent.ports.policies.Policies` where all is as bootstrap makes it, but for what a test spoils.

    ``refuses`` are actions that the simulator denies; ``unasked`` is raised in place of any answer about permissions.
    """

    keys: Mapping[str, str | ModelyardError] = field(default_factory=dict)
    encrypted: Encryption | None = None
    refuses: frozenset[str] = frozenset()
    unasked: ModelyardError | None = None
    policies: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    simulated: list[tuple[str, Simulated]] = field(default_factory=list)

    def decisions(self, principal: str, simulated: Simulated) -> Mapping[tuple[str, str], str]:
        if self.unasked is not None:
            raise self.unasked
        self.simulated.append((principal, simulated))
        return {
            (action, resource): "implicitDeny" if action in self.refuses else "allowed"
            for action in simulated.actions
            for resource in simulated.resources
        }

    def encryption(self, bucket: str) -> Encryption | None:
        return self.encrypted

    def key(self, key: str) -> Key:
        return Key(arn=key, state=_answer(self.keys.get(key, InputMissingError(f"there is no key {key}"))))

    def of_bucket(self, bucket: str) -> Mapping[str, Any] | None:
        return self.policies.get(bucket, LETS_ALL_IN)

    def of_repository(self, repository: str) -> Mapping[str, Any] | None:
        return self.policies.get(repository, LETS_ALL_IN)

    def of_key(self, key: str) -> Mapping[str, Any] | None:
        return self.policies.get(key, LETS_ALL_IN)


@dataclass
class FakeQuotas:
    """An :class:`agent.ports.policies.Quotas`."""

    known: Mapping[str, float] | ModelyardError

    def of(self, service: str) -> Mapping[str, float]:
        assert service == "sagemaker"
        if isinstance(self.known, ModelyardError):
            raise self.known
        return self.known


@dataclass
class MemoryKeys:
    """An :class:`agent.ports.keys.SigningKeys` with real keys by ARN; ``aliases`` name them.

    Accounts share it as they share KMS: who may sign is ``may_sign``.
    """

    account: str = "111111111111"
    aliases: dict[str, str] = field(default_factory=dict)
    held: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    may_sign: bool = True
    calls: list[tuple[str, str]] = field(default_factory=list)

    def add(self, alias: str = "alias/tumour-releases", *, account: str | None = None) -> str:
        """A new key, which the alias names from now on; its ARN."""
        arn = f"arn:aws:kms:us-east-1:{account or self.account}:key/{len(self.held):08d}"
        self.held[arn] = ec.generate_private_key(ec.SECP256R1())
        self.aliases[alias] = arn
        return arn

    def seen_by_others(self) -> MemoryKeys:
        """The same keys for an account that may only verify."""
        return replace(self, may_sign=False, calls=[])

    def public_key(self, key: str) -> PublicKey:
        arn = self._usable("GetPublicKey", key)
        public = self.held[arn].public_key()
        return PublicKey(arn=arn, der=public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def sign(self, key: str, digest: bytes) -> bytes:
        if not self.may_sign:
            raise AccessDeniedError(f"kms:Sign on {key}: AccessDeniedException")
        arn = self._usable("Sign", key)
        return self.held[arn].sign(digest, ec.ECDSA(Prehashed(SHA256())))

    def _usable(self, operation: str, key: str) -> str:
        self.calls.append((operation, key))
        arn = self.aliases.get(key, key)
        if arn not in self.held:
            raise InputMissingError(f"kms:{operation}: the key {key} is not there")
        if arn in self.disabled:
            raise InputMissingError(f"kms:{operation}: the key {key} is disabled")
        return arn


@dataclass
class FakeAccount:
    """An :class:`agent.ports.account.Account` of such parts as a test gives it; to use another one fails the test."""

    id: str = "111111111111"
    region: str = "us-east-1"
    objects: Any = None
    jobs: Any = None
    registry: Any = None
    endpoints: Any = None
    images: Any = None
    scans: Any = None
    access: Any = None
    keys: Any = None
    policies: Any = None
    quotas: Any = None
    networks: Any = None


@dataclass
class FakeAccounts:
    """An :class:`agent.ports.account.Accounts`: ``others`` by account id."""

    tools: FakeAccount
    others: Mapping[str, FakeAccount] = field(default_factory=dict)
    assumed: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def assume(self, *, account: str, region: str, role: str | None, external_id: str | None) -> FakeAccount:
        self.assumed.append((account, role, external_id))
        return self.tools if account == self.tools.id else self.others[account]


@dataclass
class FakeJobs:
    """An :class:`agent.ports.jobs.Jobs` in memory: each look at a job shows the next state of its life.

    ``lives`` holds the states to come by name, the last of which stays; a job that is created without one completes at
    once. ``logs`` are pages of lines by name. What is in ``refusals`` is raised by the next requests of an operation.
    """

    lives: dict[str, list[JobState]] = field(default_factory=dict)
    logs: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    refusals: dict[str, list[ModelyardError]] = field(default_factory=dict)
    created: list[Mapping[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def has(self, name: str, *states: JobState) -> None:
        """A job that somebody has started before."""
        self.there.add(name)
        self.lives[name] = list(states)

    def describe(self, kind: JobKind, name: str) -> JobState | None:
        self._refuse("describe")
        if name not in self.there:
            return None
        states = self.lives.setdefault(name, [job_state(name)])
        return states.pop(0) if len(states) > 1 else states[0]

    def create(self, kind: JobKind, request: Mapping[str, Any]) -> bool:
        self._refuse("create")
        name = str(request[f"{kind.noun}Name"])
        if name in self.there:
            return False
        self.created.append(request)
        self.there.add(name)
        return True

    def stop(self, kind: JobKind, name: str) -> None:
        self._refuse("stop")
        self.stopped.append(name)

    def log(self, kind: JobKind, name: str, position: Mapping[str, str]) -> LogPage:
        self._refuse("log")
        page, pages = int(position.get("page", 0)), self.logs.get(name, [])
        if page >= len(pages):
            return LogPage(lines=(), position=position)
        return LogPage(lines=pages[page], position={"page": str(page + 1)}, more=page + 1 < len(pages))

    def _refuse(self, operation: str) -> None:
        waiting = self.refusals.get(operation)
        if waiting:
            raise waiting.pop(0)


def job_state(name: str, status: JobStatus = JobStatus.COMPLETED, **members: Any) -> JobState:
    """A job as a description shows it."""
    arn = f"arn:aws:sagemaker:us-east-1:111111111111:training-job/{name}"
    return JobState(name=name, arn=arn, status=status, **members)


@dataclass
class MemoryEndpoints:
    """An :class:`agent.ports.endpoints.Endpoints` in memory: every change takes ``looks`` descriptions to come about.

    A configuration in ``broken`` is rolled back with that reason; ``before`` is called ahead of every request, to let
    someone else go first or to raise what SageMaker would. ``writes`` are the operations that were asked for, with what
    they were about.
    """

    looks: int = 2
    broken: dict[str, str] = field(default_factory=dict)
    answers: Callable[[bytes], bytes] = lambda body: body
    lines: Sequence[str] = ()
    alarming: set[str] = field(default_factory=set)
    before: Callable[[str, str], object] = lambda *_: None
    writes: list[tuple[str, str]] = field(default_factory=list)
    present: dict[str, EndpointState] = field(default_factory=dict)
    model_requests: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    config_requests: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    alarms: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    targets: dict[str, ScalingState] = field(default_factory=dict)
    invoked: list[bytes] = field(default_factory=list)
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)
    _left: dict[str, int] = field(default_factory=dict)
    _counts: dict[str, int | None] = field(default_factory=dict)

    def describe(self, name: str) -> EndpointState | None:
        self.before("DescribeEndpoint", name)
        state = self.present.get(name)
        if state is None or state.steady:
            return state
        self._left[name] -= 1
        if self._left[name] <= 0:
            self._come_about(state)
        return self.present.get(name)

    def create_model(self, request: Mapping[str, Any]) -> bool:
        return self._make("CreateModel", str(request["ModelName"]), self.model_requests, request)

    def describe_model(self, name: str) -> Mapping[str, Any] | None:
        return self.model_requests.get(name)

    def create_config(self, request: Mapping[str, Any]) -> bool:
        return self._make("CreateEndpointConfig", str(request["EndpointConfigName"]), self.config_requests, request)

    def describe_config(self, name: str) -> Mapping[str, Any] | None:
        return self.config_requests.get(name)

    def create(self, request: Mapping[str, Any]) -> bool:
        name, config = str(request["EndpointName"]), str(request["EndpointConfigName"])
        self._write("CreateEndpoint", name)
        if name in self.present:
            return False
        self.change(name, config, status="Creating")
        self.tagged[self.present[name].arn] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
        return True

    def update(self, request: Mapping[str, Any]) -> bool:
        name, config = str(request["EndpointName"]), str(request["EndpointConfigName"])
        self._write("UpdateEndpoint", name)
        if not self.present[name].steady:
            return False
        counts = self.present[name].desired_instances
        self.change(name, config, counts=counts if request.get("RetainAllVariantProperties") else None)
        return True

    def change(
        self, name: str, config: str, *, status: str = "Updating", counts: Mapping[str, int | None] | None = None
    ) -> None:
        """What any caller begins, for the endpoint to go towards a configuration."""
        now = self.present.get(name) or EndpointState(
            name=name, arn=f"arn:aws:sagemaker:us-east-1:222222222222:endpoint/{name}", status=status, config=config
        )
        wanted = {v["VariantName"]: v.get("InitialInstanceCount") for v in self._variants(config)}
        self.present[name] = replace(now, status=status, pending_config=config, failure_reason="", changing_since=EPOCH)
        self._counts = dict(wanted if counts is None else counts)
        self._left[name] = self.looks

    def delete_model(self, name: str) -> None:
        self._write("DeleteModel", name)
        self.model_requests.pop(name, None)

    def delete_config(self, name: str) -> None:
        self._write("DeleteEndpointConfig", name)
        self.config_requests.pop(name, None)

    def delete(self, name: str) -> None:
        self._write("DeleteEndpoint", name)
        self.present[name] = replace(self.present[name], status="Deleting", pending_config=None)
        self._left[name] = self.looks

    def names(self, prefix: str) -> Iterator[str]:
        return (name for name in sorted(self.present) if name.startswith(prefix))

    def tags(self, arn: str) -> Mapping[str, str]:
        return self.tagged.get(arn, {})

    def add_tags(self, request: Mapping[str, Any]) -> None:
        self._write("AddTags", str(request["ResourceArn"]))
        self.tagged.setdefault(str(request["ResourceArn"]), {}).update(
            {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        )

    def configs(self, prefix: str) -> Iterator[str]:
        return (name for name in sorted(self.config_requests) if name.startswith(prefix))

    def models(self, prefix: str) -> Iterator[str]:
        return (name for name in sorted(self.model_requests) if name.startswith(prefix))

    def invoke(self, name: str, body: bytes, *, content_type: str, accept: str | None = None) -> Answer:
        self.before("InvokeEndpoint", name)
        self.invoked.append(body)
        return Answer(body=self.answers(body), content_type=content_type, variant="main")

    def last_lines(self, name: str, count: int, *, since: datetime | None = None) -> Sequence[str]:
        self.before("GetLogEvents", name)
        return self.lines[-count:]

    def put_alarm(self, request: Mapping[str, Any]) -> None:
        self._write("PutMetricAlarm", str(request["AlarmName"]))
        self.alarms[str(request["AlarmName"])] = request

    def firing(self, names: Sequence[str]) -> Sequence[str]:
        self.before("DescribeAlarms", ", ".join(names))
        return tuple(name for name in names if name in self.alarming)

    def delete_alarms(self, names: Sequence[str]) -> None:
        for name in names:
            self._write("DeleteAlarms", name)
            self.alarms.pop(name, None)

    def scaling(self, resource: str) -> ScalingState | None:
        return self.targets.get(resource)

    def register_scaling(self, request: Mapping[str, Any]) -> None:
        name = str(request["ResourceId"])
        self._write("RegisterScalableTarget", name)
        policies = self.targets[name].policies if name in self.targets else {}
        self.targets[name] = ScalingState(
            min_count=request["MinCapacity"], max_count=request["MaxCapacity"], policies=policies
        )

    def put_scaling_policy(self, request: Mapping[str, Any]) -> None:
        name, policy = str(request["ResourceId"]), str(request["PolicyName"])
        self._write("PutScalingPolicy", name)
        tracking = request["TargetTrackingScalingPolicyConfiguration"]
        self.targets[name] = replace(self.targets[name], policies={**self.targets[name].policies, policy: tracking})

    def deregister_scaling(self, request: Mapping[str, Any]) -> None:
        self._write("DeregisterScalableTarget", str(request["ResourceId"]))
        self.targets.pop(str(request["ResourceId"]), None)

    def asked(self, operation: str) -> list[str]:
        """What an operation was asked for, in order."""
        return [what for asked, what in self.writes if asked == operation]

    def _make(self, operation: str, name: str, kept: dict[str, Mapping[str, Any]], request: Mapping[str, Any]) -> bool:
        self._write(operation, name)
        new = name not in kept
        kept.setdefault(name, request)
        return new

    def _write(self, operation: str, what: str) -> None:
        self.before(operation, what)
        self.writes.append((operation, what))

    def _variants(self, config: str) -> Sequence[Mapping[str, Any]]:
        return tuple(self.config_requests[config]["ProductionVariants"])

    def _come_about(self, state: EndpointState) -> None:
        config = state.pending_config
        if state.status == "Deleting":
            del self.present[state.name]
        elif config is None:
            self.present[state.name] = replace(state, status="InService")
        elif config in self.broken:
            status = "Failed" if state.status == "Creating" else "InService"
            reason = self.broken[config]
            self.present[state.name] = replace(state, status=status, pending_config=None, failure_reason=reason)
        else:
            images = {
                variant["VariantName"]: self.model_requests[variant["ModelName"]]["PrimaryContainer"]["Image"]
                for variant in self._variants(config)
            }
            self.present[state.name] = replace(
                state,
                status="InService",
                config=config,
                pending_config=None,
                images=images,
                desired_instances=self._counts,
            )
