"""A release is looked at again before it goes anywhere, and everything that is wrong with it is said at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.releases import Releases
from agent.errors import AccessDeniedError, InputMissingError, ModelyardError, TemporaryError
from agent.ledger.ledger import Ledger
from agent.ports.images import StoredImage
from agent.ports.registry import Approval, ModelVersion
from agent.release.keys import signing
from agent.release.store import ReleaseStore
from agent.release.verification import Demands, verify
from tests.fakes import FakeAccount, FakePolicies, MemoryImages, MemoryKeys, MemoryObjects, MemoryRegistry
from tests.unit.pipeline_steps.vouched import BUCKET, DATA, IMAGE, MEDIA_TYPE, MODEL, PACKAGE, TOOLS, release

if TYPE_CHECKING:
    from agent.artifacts import Release

ARTIFACT = b"a model"
MANIFESTS = {name: f"manifest of {name}".encode() for name in DATA}
PROD = "333333333333"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def key_of(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


@dataclass
class World:
    """A release with everything that it names, as the two accounts see it."""

    release: Release = field(
        default_factory=lambda: release(
            model=MODEL.model_copy(update={"sha256": sha256(ARTIFACT)}),
            data={name: data.model_copy(update={"digest": sha256(MANIFESTS[name])}) for name, data in DATA.items()},
        )
    )
    tools: FakeAccount = field(default_factory=FakeAccount)
    target: FakeAccount = field(default_factory=lambda: FakeAccount(id=PROD))
    keys: MemoryKeys = field(default_factory=MemoryKeys)
    digest: str = ""

    def __post_init__(self) -> None:
        self.tools.objects = MemoryObjects(buckets={BUCKET})
        self.target.objects = MemoryObjects(buckets={BUCKET})
        self.keys.add()
        self.tools.keys, self.target.keys = self.keys, self.keys.seen_by_others()
        self.write()
        for name, data in self.release.data.items():
            self.tools.objects.kept[key_of(data.manifest)] = MANIFESTS[name]
        self.target.objects.kept[key_of(self.release.model.artifact)] = ARTIFACT
        version = ModelVersion(arn=PACKAGE, version=1, approval=Approval.APPROVED)
        self.tools.registry = MemoryRegistry(groups={"tumour": [version]})
        self.target.images = MemoryImages(account=TOOLS)
        self.target.images.add(StoredImage(digest=IMAGE.digest, media_type=MEDIA_TYPE, size=1))

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.tools.objects, BUCKET)

    def write(self, releases: Releases = Releases(), **changes: Any) -> str:  # noqa: B008 frozen
        """The release, signed as the configuration says, with such changes."""
        self.release = self.release.model_copy(update=changes)
        sign = signing("tumour", releases, self.tools, self.ledger)
        self.digest = ReleaseStore(self.ledger).write(self.release, sign)
        return self.digest

    @property
    def kept(self) -> bytes:
        return bytes(self.tools.objects.kept[BUCKET, f"ledger/releases/{self.digest}.json"])

    @kept.setter
    def kept(self, content: bytes) -> None:
        self.tools.objects.kept[BUCKET, f"ledger/releases/{self.digest}.json"] = content

    @property
    def key_id(self) -> str:
        """Of the key that signed the release."""
        return str(json.loads(self.kept)["signatures"][0]["keyid"])

    def verify(self, releases: Releases = Releases(), **options: Any) -> dict[str, str]:  # noqa: B008 frozen
        demands = Demands(releases=releases, **options)
        checked = verify(self.release, self.digest, demands, tools=self.tools, target=self.target)
        return {check.what: check.found for check in checked}

    def refused(self, kind: type[ModelyardError], **options: Any) -> str:
        with pytest.raises(kind) as caught:
            self.verify(**options)
        return str(caught.value)


@pytest.fixture
def world() -> World:
    return World()


def test_everything_that_a_release_names_is_proved(world: World) -> None:
    assert world.verify(approved=True) == {
        "release document": world.digest,
        "signature": f"by key {world.key_id}",
        "model artifact": sha256(ARTIFACT),
        "image": IMAGE.digest,
        "data set training": sha256(MANIFESTS["training"]),
        "data set evaluation": sha256(MANIFESTS["evaluation"]),
        "model package": f"{PACKAGE} is Approved",
    }


def test_nothing_is_written(world: World) -> None:
    before = len(world.tools.objects.made("PutObject"))
    world.verify()
    assert world.target.objects.made("PutObject") == []
    assert len(world.tools.objects.made("PutObject")) == before


def test_the_artifact_is_read_by_whom_it_is_for(world: World) -> None:
    """The tools account has no artifact here at all, and need not have."""
    world.verify()
    assert world.target.objects.made("GetObject") == [key_of(MODEL.artifact)[1]]


def test_a_changed_artifact_is_refused_with_both_digests(world: World) -> None:
    world.target.objects.kept[key_of(MODEL.artifact)] = b"another model"
    message = world.refused(InputMissingError)
    assert f"expected sha256 {sha256(ARTIFACT)}, found {sha256(b'another model')}" in message
    assert MODEL.artifact in message
    assert f"release {world.digest[:12]} cannot go to account {PROD}, us-east-1" in message


def test_a_changed_data_manifest_is_refused(world: World) -> None:
    world.tools.objects.kept[key_of(DATA["training"].manifest)] = b"[]"
    message = world.refused(InputMissingError)
    assert f"data set training: {DATA['training'].manifest} has changed" in message


def test_a_changed_release_document_is_refused(world: World) -> None:
    world.kept += b" "
    assert f"{world.digest}.json is not as it was written: expected sha256" in world.refused(InputMissingError)


def test_a_release_under_the_digest_of_another_is_refused(world: World) -> None:
    world.release = world.release.model_copy(update={"who": "mallory"})
    assert f"release {world.digest} has changed: expected sha256 {world.digest}" in world.refused(InputMissingError)


def test_an_image_that_is_gone_is_refused(world: World) -> None:
    world.target.images.kept.clear()
    assert f"expected {IMAGE.digest}, found nothing" in world.refused(InputMissingError)


def test_an_image_of_another_account_is_refused_unseen(world: World) -> None:
    image = IMAGE.model_copy(update={"uri": IMAGE.uri.replace(TOOLS, PROD)})
    world.target.images = MemoryImages(account=PROD)
    world.target.images.add(StoredImage(digest=IMAGE.digest, media_type=MEDIA_TYPE, size=1))
    world.write(image=image, model=world.release.model.model_copy(update={"image": image}))
    message = world.refused(InputMissingError)
    assert f"image: {image.uri} is in the registry of account {PROD}" in message
    assert f"only images of the tools account {TOOLS} are deployed" in message


def test_an_index_is_refused_with_the_reason(world: World) -> None:
    index = "application/vnd.oci.image.index.v1+json"
    world.target.images.add(StoredImage(digest=IMAGE.digest, media_type=index, size=1))
    assert f"is a {index}, not a single image; SageMaker takes no image indexes" in world.refused(InputMissingError)


@pytest.mark.parametrize(
    ("state", "cure"), [("Disabled", "aws kms enable-key"), ("PendingDeletion", "aws kms cancel-key-deletion")]
)
def test_a_key_of_the_environment_that_cannot_be_used_is_named_with_its_cure(
    world: World, state: str, cure: str
) -> None:
    key = f"arn:aws:kms:us-east-1:{PROD}:alias/tumour"
    world.target.policies = FakePolicies(keys={key: state})
    message = world.refused(InputMissingError, kms_key=key)
    assert f"key of the environment: the key {key} cannot be used: it is {state}; an administrator" in message
    assert cure in message
    world.target.policies = FakePolicies(keys={key: "Enabled"})
    assert world.verify(kms_key=key)["key of the environment"] == f"{key} is enabled"


def test_a_key_that_may_not_be_looked_at_holds_nothing_up(world: World) -> None:
    key = f"arn:aws:kms:us-east-1:{PROD}:alias/tumour"
    world.target.policies = FakePolicies(keys={key: AccessDeniedError("kms:DescribeKey is not allowed")})
    found = world.verify(kms_key=key)["key of the environment"]
    assert found == "cannot be looked at: kms:DescribeKey is not allowed"


def test_a_package_that_is_gone_is_refused(world: World) -> None:
    world.tools.registry.groups.clear()
    assert f"{PACKAGE} is not in the model registry any more" in world.refused(InputMissingError)


def test_a_rejected_package_goes_nowhere(world: World) -> None:
    world.tools.registry.decide(PACKAGE, Approval.REJECTED, by="arn:aws:iam::111111111111:user/ada", why="Too slow.")
    message = world.refused(InputMissingError)
    assert "was rejected by arn:aws:iam::111111111111:user/ada (Too slow.)" in message


def test_a_pending_package_goes_where_no_approval_is_asked_for(world: World) -> None:
    world.tools.registry.decide(PACKAGE, Approval.PENDING, by="")
    assert world.verify()["model package"] == f"{PACKAGE} is PendingManualApproval"
    assert "takes only approved models" in world.refused(InputMissingError, approved=True)


def test_what_may_not_be_looked_at_is_denied(world: World) -> None:
    def deny(_: object) -> None:
        raise AccessDeniedError("s3:GetObject is not allowed")

    world.target.objects.before = deny
    assert "model artifact: s3:GetObject is not allowed" in world.refused(AccessDeniedError)


def test_all_that_is_wrong_is_said_at_once_under_the_gravest_reason(world: World) -> None:
    world.target.images.refusal = AccessDeniedError("ecr:BatchGetImage is not allowed")
    world.target.objects.kept[key_of(MODEL.artifact)] = b"another model"
    world.tools.registry.groups.clear()
    message = world.refused(AccessDeniedError)
    for part in ("model artifact: ", "image: ecr:BatchGetImage", "model package: "):
        assert part in message


def test_what_only_time_stands_in_the_way_of_may_be_tried_again(world: World) -> None:
    world.target.images.refusal = TemporaryError("ThrottlingException")
    assert "image: ThrottlingException" in world.refused(TemporaryError)


def test_an_image_of_another_digest_is_not_the_release_s(world: World) -> None:
    stored = StoredImage(digest=IMAGE.digest, media_type=MEDIA_TYPE, size=1)
    world.target.images.kept[TOOLS, "tumour", IMAGE.digest] = replace(stored, digest=f"sha256:{'9' * 64}")
    assert f"expected sha256 {IMAGE.digest}, found sha256:{'9' * 64}" in world.refused(InputMissingError)
