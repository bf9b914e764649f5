"""How releases are signed, and whose signatures are believed where they are deployed."""

from pydantic import Field

from agent.config.field_types import Fingerprint, KmsKeyArn
from agent.config.section import Section


class Releases(Section):
    """How releases are signed with a key of KMS, and whose signatures count."""

    sign: bool = Field(
        default=True,
        description="Whether releases are signed with a key of KMS; production takes only those that are.",
    )
    signing_key: KmsKeyArn | None = Field(
        default=None,
        description="Key of the tools account that signs, of the kind ECC_NIST_P256; without it, "
        "`alias/<project>-releases`, which `modelyard bootstrap apply` makes.",
    )
    key_generation: int = Field(
        default=1,
        ge=1,
        description="How many signing keys there have been: one more, and `modelyard bootstrap apply` makes a new key. "
        "What earlier ones signed stays proved.",
    )
    trusted_keys: tuple[Fingerprint, ...] = Field(
        default=(),
        description="Fingerprints of the keys whose signatures count, as `modelyard verify` prints them. Without it, "
        "those count that KMS vouches for: keys of the tools account that let the deploy role read their public half.",
    )
    unsigned_in_production: bool = Field(
        default=False,
        description="Whether production takes releases without a signature, such as those made before there was a key.",
    )
