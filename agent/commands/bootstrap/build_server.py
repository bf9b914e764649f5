"""Says on the command line who the build server is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from agent.bootstrap.build_server import BuildServer, WebIdentity

_USER, _WEB = "user", "oidc"
_OF_TOKENS = ("ci_issuer", "ci_subject", "ci_audience", "ci_thumbprint", "ci_existing_provider")


def build_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the build server's identity."""
    parser.add_argument(
        "--ci-principal",
        metavar="WHO",
        help="who the build server is: the ARN of a user or role that it has, `user` for a new user with an access "
        "key, or for a new role without one `ec2`, `ecs` or `eks`, where it runs, or `oidc`, whose tokens it has "
        "(default: as it is)",
    )
    parser.add_argument("--ci-issuer", metavar="URL", help="with `oidc`: the issuer of its tokens, https://…")
    parser.add_argument("--ci-subject", metavar="SUB", help="with `oidc`: whom they are about; may have * and ?")
    parser.add_argument("--ci-audience", metavar="AUD", help="with `oidc`: whom they are for (default: STS)")
    parser.add_argument(
        "--ci-thumbprint",
        metavar="SHA1",
        help="with `oidc`: of the issuer's certificate, if it is of your own authority",
    )
    parser.add_argument(
        "--ci-existing-provider", action="store_true", help="with `oidc`: the account has a provider for it already"
    )


def build_server(options: argparse.Namespace) -> BuildServer | None:
    """The identity that was said, or None; raises UsageError for one that is not complete, or not one."""
    from agent.bootstrap.build_server import MADE_USER, SERVICES, BuildServer

    who = options.ci_principal
    if who != _WEB:
        _refuse_tokens(options)
    if who is None:
        return None
    if who == _USER:
        return MADE_USER
    if who in SERVICES:
        return BuildServer(service=SERVICES[who])
    if who == _WEB:
        return BuildServer(web=_web_identity(options))
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/.+", who):
        words = ", ".join((_USER, *SERVICES, _WEB))
        raise UsageError(f"--ci-principal {who}: expected the ARN of a user or a role, or one of {words}")
    return BuildServer(principal=who)


def _refuse_tokens(options: argparse.Namespace) -> None:
    given = next((name for name in _OF_TOKENS if getattr(options, name)), None)
    if given is not None:
        raise UsageError(f"--{given.replace('_', '-')} is about tokens: say --ci-principal {_WEB}, too")


def _web_identity(options: argparse.Namespace) -> WebIdentity:
    from agent.bootstrap.build_server import AUDIENCE, WebIdentity

    if not options.ci_issuer or not options.ci_subject:
        raise UsageError(
            "--ci-principal oidc: --ci-issuer and --ci-subject say whose tokens are trusted, and about whom"
        )
    address = re.fullmatch(r"https://([^/\s?#]+(?:/[^\s?#]*?)?)/*", options.ci_issuer)
    if address is None:
        raise UsageError(f"--ci-issuer {options.ci_issuer}: expected an address that begins with https://")
    if options.ci_subject[0] in "*?":
        raise UsageError(f"--ci-subject {options.ci_subject}: this would trust whomever the issuer knows; name whom")
    thumbprint = (options.ci_thumbprint or "").replace(":", "").lower()
    if not re.fullmatch("([0-9a-f]{40})?", thumbprint):
        raise UsageError(f"--ci-thumbprint {options.ci_thumbprint}: expected the 40 hexadecimal digits of a SHA-1")
    return WebIdentity(
        issuer=address[1],
        subject=options.ci_subject,
        audience=options.ci_audience or AUDIENCE,
        thumbprint=thumbprint,
        has_provider=options.ci_existing_provider,
    )
