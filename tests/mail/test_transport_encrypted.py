"""Mail servers that want encryption or a password, with a certificate made for the test."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from surveyapp.mail.letters import Letter
from surveyapp.mail.transport import Answer, Outcome, Smtp
from tests.support.mailing import Sink, find_free_port

LETTER = Letter("delphi@example.org", "ada@example.org", "<a1@h>", b"Subject: x\r\n\r\nend\r\n")
PASSWORD = "a password that nobody guesses"


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that vouches for itself, and a file with it and its key."""

    path: Path

    def for_server(self) -> ssl.SSLContext:
        """What a server shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context

    def for_client(self) -> ssl.SSLContext:
        """What trusts this certificate and no other."""
        return ssl.create_default_context(cafile=str(self.path))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Certificate(path)


@contextmanager
def listening(sink: Sink, **settings: Any) -> Iterator[int]:
    """The sink behind a server with these settings; yields its port."""
    controller = Controller(sink, hostname="127.0.0.1", port=find_free_port(), **settings)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def hand_over(server: Smtp) -> Answer:
    with server.open() as line:
        return line.hand_over(LETTER)


def check_login(tried: list[bytes], *asked: Any) -> AuthResult:
    """Whether the account is right; `asked` ends with what the client gave."""
    given: LoginPassword = asked[-1]
    tried.append(given.login)
    return AuthResult(success=(given.login, given.password) == (b"delphi", PASSWORD.encode()), handled=False)


def test_starttls_encrypts_and_the_letter_arrives(certificate: Certificate) -> None:
    sink = Sink()
    with listening(sink, tls_context=certificate.for_server(), require_starttls=True) as port:
        answer = hand_over(Smtp("127.0.0.1", port, "starttls", tls=certificate.for_client))
    assert (answer.outcome, len(sink.letters)) == (Outcome.ACCEPTED, 1)


def test_tls_from_the_first_byte(certificate: Certificate) -> None:
    sink = Sink()
    with listening(sink, ssl_context=certificate.for_server()) as port:
        answer = hand_over(Smtp("127.0.0.1", port, "tls", tls=certificate.for_client))
    assert (answer.outcome, len(sink.letters)) == (Outcome.ACCEPTED, 1)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(
    certificate: Certificate, security: str
) -> None:
    sink = Sink()
    settings = {"tls_context" if security == "starttls" else "ssl_context": certificate.for_server()}
    with listening(sink, **settings) as port:
        answer = hand_over(Smtp("127.0.0.1", port, security))
    assert (answer.outcome, answer.is_line_down, sink.letters) == (Outcome.LATER, True, [])
    assert "certificate was not accepted" in answer.words


def test_the_password_is_told_to_an_encrypted_server_only(certificate: Certificate) -> None:
    tried: list[bytes] = []
    sink = Sink()
    check = partial(check_login, tried)
    with listening(
        sink, tls_context=certificate.for_server(), authenticator=check, auth_required=True
    ) as port:
        right = Smtp("127.0.0.1", port, "starttls", "delphi", PASSWORD, tls=certificate.for_client)
        assert hand_over(right).outcome is Outcome.ACCEPTED
        wrong = Smtp("127.0.0.1", port, "starttls", "delphi", "no", tls=certificate.for_client)
        answer = hand_over(wrong)
    assert (answer.outcome, answer.is_line_down, len(sink.letters)) == (Outcome.LATER, True, 1)
    assert answer.words.startswith("535 ")
    assert PASSWORD not in answer.words + repr(right)
    tried.clear()
    with listening(sink, authenticator=check, auth_require_tls=False) as port:
        answer = hand_over(
            Smtp("127.0.0.1", port, "starttls", "delphi", PASSWORD, tls=certificate.for_client)
        )
    assert (answer.outcome, answer.is_line_down, tried) == (Outcome.LATER, True, [])
    assert "STARTTLS" in answer.words
