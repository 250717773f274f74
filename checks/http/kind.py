"""HTTP: the probe, the values it declares, and what makes a reading bad by itself.

`latency` is the time of the request with all its redirects. A token that has to be fetched first (`auth: oauth2:`)
is kept for as long as it is good, in memory alone; asking for it counts towards the timeout, not towards `latency`.

Values that cost extra are measured only where a condition asks for them, or by `tocsin check --verbose`: `body_hash`,
`cert_issuer`, `cert_names`, `tls_version` and `cipher` (these two by a second connection, for TLS alone), and those
of the headers that protect browsers: `hsts_max_age`, `hsts_subdomains`, `security_headers_missing`.
`security_headers_missing` lists those of `strict-transport-security` (over https), `content-security-policy`,
`x-content-type-options: nosniff`, `x-frame-options` (or `frame-ancestors` in the policy) and `referrer-policy` that
the answer lacks; `security_headers_missing != ""` asks for all of them.

Addresses are decided on after they were looked up, at every redirect: link-local and metadata addresses are not looked
at. A proxy of the kinds http, https, socks4a and socks5h looks up names by itself: what it connects to is for the
proxy to decide, only addresses written in the URL are refused here.
"""

from __future__ import annotations

from checks.base import Context, Kind, Observation, Value
from checks.http.look import looked
from checks.http.oauth import looked_with_token
from checks.http.spec import HttpSpec

VALUES = (
    Value("status", "", "status code of the last answer", least=100, most=999, whole=True),
    Value("latency", "seconds", "time from the first lookup to the last byte, all redirects included"),
    Value("resolve", "seconds", "time spent asking DNS"),
    Value("connect", "seconds", "time spent connecting"),
    Value("tls", "seconds", "time spent in the TLS handshake"),
    Value("first_byte", "seconds", "time from the request to the first byte of the answer"),
    Value("transfer", "seconds", "time from the first byte to the last"),
    Value("size", "bytes", "size of the body, unpacked"),
    Value("redirects", "", "how many redirects were followed"),
    Value("content_type", "", "media type of the answer, in lower case, without its parameters", text=True),
    Value("body_hash", "", "SHA-256 of the whole body, unpacked, in hexadecimal", text=True),
    Value("cert_days", "days", "days until the server's certificate ends", forecast=True),
    Value(
        "chain_days",
        "days",
        "days until the first certificate of the chain that the server sends ends",
        forecast=True,
    ),
    Value("cert_issuer", "", "who issued the server's certificate", text=True),
    Value("cert_names", "", "names and addresses that the certificate is for, parted by commas", text=True),
    Value("tls_version", "", "version of TLS: `TLS 1.2`, `TLS 1.3`", text=True),
    Value("cipher", "", "cipher of the TLS connection, by OpenSSL's name", text=True),
    Value("hsts_max_age", "seconds", "how long browsers shall use https alone; absent without HSTS"),
    Value("hsts_subdomains", "", "whether HSTS is for all names below as well (includeSubDomains)"),
    Value("security_headers_missing", "", "headers that protect browsers and are lacking", text=True),
    Value("http_version", "", "version of the answer: 1.0, 1.1, 2, 3", text=True),
    Value("ip", "", "address that answered", text=True),
)


async def probe(spec: HttpSpec, context: Context) -> Observation:
    """Ask, follow redirects, and say what was seen. Never raises for anything the world does."""
    if spec.auth is not None and spec.auth.oauth2 is not None:
        return await looked_with_token(spec, context)
    return await looked(spec, context)


def accepted(spec: HttpSpec) -> str | None:
    """`accept_status` as a condition."""
    if spec.accept_status is None:
        return None
    return " and ".join(f"status not in {first}..{last}" for first, last in spec.accept_status)


KIND = Kind(
    name="http",
    summary="asks a web server and judges status, speed, headers, body and certificate",
    spec=HttpSpec,
    probe=probe,
    values=VALUES,
    counts_for_uptime=True,
    down="status not in 200..299",
    degraded="cert_days < 14",
    always_down=accepted,
    example="type: http\nurl: https://example.org/\ndown: status not in 200..299\ndegraded: latency > 2s for 5m\n",
)
