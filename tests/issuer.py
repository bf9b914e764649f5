"""An OpenID Connect issuer on loopback, with a certificate that nobody has signed but itself: it makes real tokens."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HOUR = 3600


class Issuer:
    """Signs tokens with its key; ``host`` is its address without ``https://``, ``thumbprint`` its certificate's."""

    def __init__(self, host: str, thumbprint: str) -> None:
        self.host = host
        self.thumbprint = thumbprint
        self._key_id = "the-only-one"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def url(self) -> str:
        """Its address, as tokens name it."""
        return f"https://{self.host}"

    def token(self, subject: str, *, audience: str = "sts.amazonaws.com", **claims: Any) -> str:
        """A token about somebody, for an hour from now unless the claims say otherwise."""
        now = int(time.time())
        says = {
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": now,
            "exp": now + _HOUR,
        }
        return jwt.encode({**says, **claims}, self._key, algorithm="RS256", headers={"kid": self._key_id})

    @property
    def documents(self) -> dict[str, Any]:
        """What it answers, by path."""
        place = self.host.partition("/")[2]
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "kid": self._key_id, "n": _text(numbers.n), "e": _text(numbers.e)}
        return {
            f"/{place}/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            f"/{place}/keys": {"keys": [key]},
        }


class Server(ThreadingHTTPServer):
    """Whoever does not know the certificate hangs up, which is no error of the server's."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing is said."""


@contextmanager
def issuer(folder: Path) -> Iterator[Issuer]:
    """One that answers as long as the block lasts; its certificate is written to the folder."""
    certificate = _self_signed(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = made.documents.get(self.path)
            body = json.dumps(document).encode()
            self.send_response(200 if document else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - of the standard library
            """Nobody reads it."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "issuer.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thumbprint = hashlib.sha1(certificate, usedforsecurity=False).hexdigest()
    made = Issuer(f"127.0.0.1:{server.server_address[1]}/oidc", thumbprint)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _self_signed(folder: Path) -> bytes:
    """Writes key and certificate; answers the certificate in DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "issuer.pem").write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return certificate.public_bytes(serialization.Encoding.DER)


def _text(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()
