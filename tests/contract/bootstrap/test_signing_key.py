"""The key that signs releases: the pipeline signs with it, deployments see its public half, and nobody does more."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.aws.keys import AwsKeys
from agent.config.releases import Releases
from agent.errors import AccessDeniedError, InputMissingError
from agent.ledger.ledger import Ledger
from agent.naming import signing_key
from agent.release.keys import KnownKeys, signing, trusted
from tests.contract.bootstrap.landscape import IDS, REGION
from tests.contract.bootstrap.test_denied import as_service, denied

if TYPE_CHECKING:
    from agent.aws.sessions import Clients
    from agent.config.model import Configuration
    from agent.release.envelope import Sealed
    from tests.contract.bootstrap.landscape import Landscape

STATEMENT = b'{"_type":"https://in-toto.io/Statement/v1"}'
DIGEST = hashlib.sha256(STATEMENT).digest()


def ledger(landscape: Landscape) -> Ledger:
    return Ledger(landscape.accounts.tools.objects, landscape.bucket)


def sign(landscape: Landscape) -> Sealed:
    """What the pipeline signs."""
    seal = signing(landscape.project, Releases(), landscape.accounts.tools, ledger(landscape))
    assert seal is not None
    return seal(STATEMENT)


def arn(landscape: Landscape) -> str:
    return landscape.accounts.tools.keys.public_key(signing_key(landscape.project)).arn


def verified(landscape: Landscape, sealed: Sealed, environment: str = "prod") -> bool:
    """Whether an environment's deploy role believes the signature, asking KMS for the public half alone."""
    tools, target = landscape.accounts.tools, landscape.deployment(environment)
    key = trusted(sealed.key_id, Releases(), ledger(landscape), tools=tools, asking=target)
    sealed.require_signed_by(key, "it")
    return True


def test_the_pipeline_signs_and_every_environment_verifies(landscape: Landscape) -> None:
    sealed = sign(landscape)
    assert [verified(landscape, sealed, name) for name in ("qa", "prod")] == [True, True]


def test_the_key_is_of_the_curve_p_256_and_only_signs(landscape: Landscape) -> None:
    kms = landscape.administrator("tools").client("kms")
    described = kms.describe_key(KeyId=signing_key(landscape.project))["KeyMetadata"]
    assert (described["KeySpec"], described["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")


@pytest.mark.parametrize("name", ["qa", "prod"])
def test_a_deployment_cannot_sign(landscape: Landscape, name: str) -> None:
    with pytest.raises(AccessDeniedError, match="kms:Sign"):
        landscape.deployment(name).keys.sign(arn(landscape), DIGEST)


def may_sign(clients: Clients, key: str) -> bool:
    kms = clients.client("kms")
    return not denied(
        lambda: kms.sign(KeyId=key, Message=DIGEST, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")
    )


def test_the_pipelines_role_signs(landscape: Landscape) -> None:
    assert may_sign(landscape.pipeline, arn(landscape))


def test_jobs_and_endpoints_cannot_sign(landscape: Landscape) -> None:
    settings = landscape.configuration
    for role in (settings.tools.execution_role, settings.environments["prod"].execution_role):
        assert not may_sign(as_service(landscape, role), arn(landscape))


def test_the_build_server_by_itself_and_administrators_cannot_sign(landscape: Landscape) -> None:
    for clients in (landscape.agent, landscape.administrator("tools"), landscape.administrator("prod")):
        assert not may_sign(clients, arn(landscape))


def test_a_neighbours_pipeline_cannot_sign(landscape: Landscape, fresh: Landscape) -> None:
    fresh.apply()
    neighbour = fresh.with_key().accounts.tools
    with pytest.raises(AccessDeniedError, match="kms:Sign"):
        neighbour.keys.sign(arn(landscape), DIGEST)


def test_a_neighbours_deployment_does_not_even_see_the_key(landscape: Landscape, fresh: Landscape) -> None:
    fresh.apply()
    with pytest.raises(AccessDeniedError, match="kms:GetPublicKey"):
        fresh.with_key().deployment("qa").keys.public_key(arn(landscape))


def test_the_pipeline_cannot_remove_a_key_that_signed(landscape: Landscape) -> None:
    key_id = sign(landscape).key_id
    objects = landscape.accounts.tools.objects
    assert denied(lambda: objects.delete(landscape.bucket, f"ledger/keys/{key_id}.pem"))


def test_after_a_new_key_what_the_earlier_ones_signed_is_still_verified(fresh: Landscape) -> None:
    fresh.apply()
    first, sealed, arns = fresh.with_key(), [], []
    for generation in (1, 2, 3):
        current = replace(first, configuration=_generation(fresh, generation))
        current.apply()
        sealed.append(sign(current))
        arns.append(arn(current))
    assert len({one.key_id for one in sealed}) == 3
    assert [verified(current, one) for one in sealed] == [True, True, True]
    for retired in arns[:2]:
        with pytest.raises(AccessDeniedError, match="kms:Sign"):
            current.accounts.tools.keys.sign(retired, DIGEST)


def test_a_key_that_was_disabled_proves_nothing_any_more(fresh: Landscape) -> None:
    fresh.apply()
    landscape = fresh.with_key()
    sealed = sign(landscape)
    kms = landscape.administrator("tools").client("kms")
    kms.disable_key(KeyId=KnownKeys(ledger(landscape)).find(sealed.key_id).arn)
    with pytest.raises(InputMissingError, match="is disabled: what it signed is not believed any more"):
        verified(landscape, sealed)


def test_a_project_without_a_key_is_told_how_to_get_one(landscape: Landscape) -> None:
    administrator = AwsKeys(landscape.administrator("tools"), IDS["tools"])
    with pytest.raises(InputMissingError, match="create it with: modelyard bootstrap apply"):
        administrator.public_key(f"arn:aws:kms:{REGION}:{IDS['tools']}:alias/nobodys")


def _generation(landscape: Landscape, number: int) -> Configuration:
    return landscape.configuration.model_copy(update={"releases": Releases(key_generation=number)})
