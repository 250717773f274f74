"""Whether a certificate was revoked: lists in a file (CRL), and the answer that a server staples on (OCSP)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from checks.base import ErrorKind
from checks.certificates import Unreadable, parsed
from checks.connection import Fault
from checks.text import visible

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509 import ocsp

_LARGEST_FILE = 64 * 1024 * 1024
_LARGEST_STAPLE = 64 * 1024
_BLOCK = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_SKEW = 300.0


@dataclass(frozen=True, slots=True)
class Stapled:
    """What a stapled answer says of the leaf. `since`: when it was revoked, in seconds since 1970.

    `unusable` says why an answer proves nothing: it counts as none.
    """

    state: Literal["good", "revoked", "unknown"] = "unknown"
    since: float | None = None
    unusable: str | None = None


def lists_in(file: str) -> list[x509.CertificateRevocationList]:
    """The lists in a file, PEM (several) or DER. Raises Fault: a file of ours is of no use."""
    from cryptography import x509

    try:
        if Path(file).stat().st_size > _LARGEST_FILE:
            raise Fault(visible(f"the CRL file {file} is larger than 64MiB"), ErrorKind.LOCAL)
        content = Path(file).read_bytes()
    except OSError as error:
        raise Fault(visible(f"cannot read the CRL file {file}: {error.strerror}"), ErrorKind.LOCAL) from None
    try:
        blocks = _BLOCK.findall(content)
        if blocks:
            return [x509.load_pem_x509_crl(block) for block in blocks]
        return [x509.load_der_x509_crl(content)]
    except ValueError:
        raise Fault(
            visible(f"no list of revoked certificates in the CRL file {file}"), ErrorKind.LOCAL
        ) from None


def stapled(answer: bytes, leaf: bytes, issuer: bytes | None, now: float) -> Stapled:
    """What a stapled OCSP answer (RFC 6960) proves of the leaf at `now`; it is signed, or it proves nothing."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import ocsp

    if len(answer) > _LARGEST_STAPLE:
        return Stapled(unusable="it is too large")
    if issuer is None:
        return Stapled(unusable="the certificate of the issuer is not known")
    try:
        response = ocsp.load_der_ocsp_response(answer)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Stapled(unusable=f"the responder says {response.response_status.name.lower()}")
        return _judged(response, parsed(leaf), parsed(issuer), now)
    except (ValueError, TypeError, Unreadable, UnsupportedAlgorithm):
        return Stapled(unusable="it cannot be read")


def _judged(
    response: ocsp.OCSPResponse, leaf: x509.Certificate, issuer: x509.Certificate, now: float
) -> Stapled:
    from cryptography.x509 import ocsp

    single = next((each for each in response.responses if _is_about(each, leaf, issuer)), None)
    if single is None:
        return Stapled(unusable="it speaks of another certificate")
    if not _is_signed(response, issuer, now):
        return Stapled(unusable="the authority did not sign it")
    until = single.next_update_utc
    if single.this_update_utc.timestamp() > now + _SKEW or (
        until is not None and until.timestamp() < now - _SKEW
    ):
        return Stapled(unusable="it is out of date")
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        since = single.revocation_time_utc
        return Stapled("revoked", since.timestamp() if since else None)
    return Stapled("good" if single.certificate_status is ocsp.OCSPCertStatus.GOOD else "unknown")


def _is_about(single: ocsp.OCSPSingleResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    from cryptography.x509 import ocsp

    asked = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, single.hash_algorithm).build()
    return (single.serial_number, single.issuer_key_hash, single.issuer_name_hash) == (
        asked.serial_number,
        asked.issuer_key_hash,
        asked.issuer_name_hash,
    )


def _is_signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: float) -> bool:
    """By the issuer itself, or by a responder whom the issuer has given that right."""
    return _verifies(response, issuer) or any(
        _may_answer(each, issuer, now) and _verifies(response, each) for each in response.certificates
    )


def _may_answer(responder: x509.Certificate, issuer: x509.Certificate, now: float) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        responder.verify_directly_issued_by(issuer)
        uses = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    current = responder.not_valid_before_utc.timestamp() <= now <= responder.not_valid_after_utc.timestamp()
    return current and ExtendedKeyUsageOID.OCSP_SIGNING in uses


def _verifies(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key: Any = signer.public_key()
    signature, signed = response.signature, response.tbs_response_bytes
    try:
        algorithm = response.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            key.verify(signature, signed)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, AttributeError):
        return False
    return True
