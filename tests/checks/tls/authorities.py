"""Authorities, certificates and lists of revoked ones made for the moment, sound and unsound."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Certified:
    """A key and its certificate; `above` are the certificates up to the root, without it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()
    root: bool = False

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def chain_pem(self, *, whole: bool = True) -> bytes:
        above = [each.public_bytes(Encoding.PEM) for each in self.above] if whole else []
        return b"".join((self.pem, *above))

    def saved(self, directory: Path, name: str, *, whole: bool = True) -> tuple[str, str]:
        """Files of the certificate (with those above it) and of the key."""
        cert, key = directory / f"{name}.pem", directory / f"{name}.key"
        cert.write_bytes(self.chain_pem(whole=whole))
        key.write_bytes(self.key_pem)
        return str(cert), str(key)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a certificate is to be: for whom, from when, for how long (days from now), and what else it says."""

    names: tuple[str, ...] = ()
    begins: float = -10
    ends: float = 90
    authority: bool = False
    title: str = "server"
    keeper: str | None = None
    serial: int | None = None
    extensions: tuple[x509.ExtensionType, ...] = field(default=())


def issued(wish: Wish, by: Certified | None = None) -> Certified:
    """A certificate as wished, by an authority or, without one, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wish.title)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(wish.serial or x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=wish.begins))
        .not_valid_after(NOW + timedelta(days=wish.ends))
        .add_extension(x509.BasicConstraints(ca=wish.authority, path_length=None), critical=True)
    )
    for extension in _extensions(wish):
        builder = builder.add_extension(extension, critical=False)
    made = builder.sign(by.key if by else key, hashes.SHA256())
    above = () if by is None or by.root else (by.certificate, *by.above)
    return Certified(key, made, above, root=by is None)


def authority(title: str = "Test Root", by: Certified | None = None, ends: float = 900) -> Certified:
    return issued(Wish(title=title, authority=True, begins=-900, ends=ends), by)


def revoking(by: Certified, *serials: int, until: float = 30) -> bytes:
    """A list of revoked certificates, PEM, good for so many days from now."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(NOW - timedelta(days=60))
        .next_update(NOW + timedelta(days=until))
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        builder = builder.add_revoked_certificate(entry.revocation_date(NOW - timedelta(days=1)).build())
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def proof(
    shown: Certified, directory: Path, *, whole: bool = True, client_ca: str | None = None
) -> ssl.SSLContext:
    """What a server shows; `whole` with all intermediates. With `client_ca` it wants to see one of ours."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*shown.saved(directory, "shown", whole=whole))
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _extensions(wish: Wish) -> list[x509.ExtensionType]:
    found = list(wish.extensions)
    if wish.names:
        found.append(x509.SubjectAlternativeName([_general(name) for name in wish.names]))
    if wish.keeper:
        place = x509.UniformResourceIdentifier(wish.keeper)
        found.append(
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)]
            )
        )
    return found


def _general(name: str) -> x509.GeneralName:
    import ipaddress

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
