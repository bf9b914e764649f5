"""The keys of an OpenID Connect issuer, got from it over TLS as IAM gets them.

A certificate counts that a public authority signed, or whose SHA-1 the provider names. Sources: OpenID Connect
Discovery 1.0; IAM user guide, "Obtain the thumbprint for an OpenID Connect identity provider".
"""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_SECONDS = 30
"""AWS waits five seconds for an issuer; one on this machine shares it with everything else."""
_LONGEST_ANSWER = 1_000_000
_OK = 200


class IssuerError(Exception):
    """The issuer did not answer, or not as one."""


def issuer_keys(url: str, thumbprints: Collection[str]) -> Sequence[Mapping[str, Any]]:
    """The JSON Web Keys of the issuer with that address; raises IssuerError. Blocks."""
    configuration = _document(f"{url.rstrip('/')}/.well-known/openid-configuration", thumbprints)
    keys = _document(str(configuration.get("jwks_uri")), thumbprints).get("keys")
    if not isinstance(keys, list):
        raise IssuerError(f"{url} tells no keys")
    return [key for key in keys if isinstance(key, dict)]


def _document(url: str, thumbprints: Collection[str]) -> Mapping[str, Any]:
    try:
        connection = _connected(url, thumbprints)
        try:
            place = urlsplit(url)
            connection.request("GET", place.path or "/", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read(_LONGEST_ANSWER)
        finally:
            connection.close()
        document = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise IssuerError(f"{url}: {error}") from error
    if answer.status != _OK or not isinstance(document, dict):
        raise IssuerError(f"{url} answers {answer.status}")
    return document


def _connected(url: str, thumbprints: Collection[str]) -> http.client.HTTPSConnection:
    place = urlsplit(url)
    if place.scheme != "https" or place.hostname is None:
        raise IssuerError(f"{url} is no https address")
    connection = http.client.HTTPSConnection(place.hostname, place.port, timeout=_SECONDS)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError:
        connection.close()
        return _known_by_thumbprint(place.hostname, place.port, thumbprints)
    return connection


def _known_by_thumbprint(host: str, port: int | None, thumbprints: Collection[str]) -> http.client.HTTPSConnection:
    """A connection to a server whose certificate itself is known, whoever signed it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=context)
    connection.connect()
    certificate = connection.sock.getpeercert(binary_form=True)
    found = hashlib.sha1(certificate or b"", usedforsecurity=False).hexdigest()
    if found not in {thumbprint.lower() for thumbprint in thumbprints}:
        connection.close()
        raise IssuerError(
            f"the certificate of {host} is of no public authority, and its thumbprint {found} is not known"
        )
    return connection
