"""Who the build server is: a user with an access key, an identity that it has, or a role that needs no key at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.bootstrap import identities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.config.model import Configuration

SERVICES: Mapping[str, str] = {
    "ec2": "ec2.amazonaws.com",
    "ecs": "ecs-tasks.amazonaws.com",
    "eks": "pods.eks.amazonaws.com",
}
"""Whoever gives the role's credentials to an instance, to a task, or to a pod (EKS Pod Identity)."""
AUDIENCE = "sts.amazonaws.com"
"""What a token is meant for, unless somebody says otherwise."""


@dataclass(frozen=True, kw_only=True)
class WebIdentity:
    """Tokens of an OpenID Connect issuer: who signs them, what for, and about whom.

    ``issuer`` is its address without ``https://``; ``subject`` may have wildcards. ``thumbprint`` is the SHA-1 of the
    issuer's certificate, where no public authority has signed that. The account may have the provider already.
    """

    issuer: str
    subject: str
    audience: str = AUDIENCE
    thumbprint: str = ""
    has_provider: bool = False


@dataclass(frozen=True, kw_only=True)
class BuildServer:
    """The build server's identity; with nothing said, a user of the project's own.

    At most one is given: ``principal``, the ARN of what it is already, ``service``, which gives a role's credentials to
    where it runs, or ``web``.
    """

    principal: str = ""
    service: str = ""
    web: WebIdentity | None = None

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of ``tools.yaml`` that are about it."""
        web = self.web
        return {
            "CiPrincipal": self.principal,
            "CiService": self.service,
            "CiIssuer": web.issuer if web else "",
            "CiSubject": web.subject if web else "",
            "CiAudience": web.audience if web else AUDIENCE,
            "CiThumbprint": web.thumbprint if web else "",
            "CiProvider": "present" if web and web.has_provider else "made",
        }

    def arn(self, configuration: Configuration) -> str:
        """What the roles of the project trust."""
        if self.principal:
            return self.principal
        made = identities.ci_role if self.service or self.web else identities.ci_user
        return made(configuration)


MADE_USER = BuildServer()
"""A user of the project's own, which needs an access key."""
