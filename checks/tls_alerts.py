"""TLS alerts: the names of their numbers, and what a peer means by them; OpenSSL's own words made plain."""

from __future__ import annotations

import re
from collections.abc import Mapping

from checks.text import visible

# https://www.iana.org/assignments/tls-parameters (TLS Alerts).
_NAMES: Mapping[int, str] = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
    121: "ech_required",
}
_MEANINGS: Mapping[int, str] = {
    40: "nothing that both sides could agree on, or a client certificate is wanted",
    70: "no TLS version in common",
    71: "what we offer is too weak for it",
    80: "an error of its own",
    112: "it does not know the name asked for",
    116: "it wants a client certificate",
    120: "no application protocol in common",
}
_ABOUT_CLIENT = range(41, 50)
# What OpenSSL says in words that tell nobody what to mend.
_PLAIN: Mapping[str, str] = {
    "asn1 lib": "its certificate is damaged and cannot be read",
    "excessive message size": "it sends more than 100KiB of certificates",
    "unsafe legacy renegotiation disabled": "it lacks secure renegotiation (RFC 5746): its software is too old",
}


def alert_name(number: int) -> str:
    """`handshake_failure` for 40; `alert_199` for a number that nobody has named."""
    return _NAMES.get(number, f"alert_{number}")


def alert_number(reason: str) -> int | None:
    """The number behind OpenSSL's `TLSV1_ALERT_PROTOCOL_VERSION`; None for what is no alert."""
    found = re.fullmatch(r"(?:SSLV3|TLSV13?)_(?:ALERT_)?(\w+)", reason.upper().replace(" ", "_"))
    wanted = found[1].lower().replace("cancelled", "canceled") if found else ""
    return next((number for number, name in _NAMES.items() if name == wanted), None)


def alert_words(number: int) -> str:
    """`the server refused it with alert 70, protocol_version: no TLS version in common`."""
    meaning = _MEANINGS.get(number)
    if meaning is None and number in _ABOUT_CLIENT:
        meaning = "it does not accept our client certificate"
    said = f"the server refused it with alert {number}, {alert_name(number)}"
    return f"{said}: {meaning}" if meaning else said


def plain_words(said: str) -> str:
    """What OpenSSL says went wrong, such as `asn1 lib` or `WRONG_VERSION_NUMBER`, in words."""
    words = visible(said.replace("_", " ").lower())
    return _PLAIN.get(words, words)
