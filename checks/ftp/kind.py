"""FTP: does the file server greet, take a login, and list a directory?

Without `auth` the look ends after greeting, TLS and features. A login that is refused has the error kind
`auth`; one that the server is for the moment unable to decide (4xx) has not. The users `anonymous` and `ftp`
have no password worth hiding, all others go over TLS alone, unless `plain_login` allows otherwise.

`starttls` is what FTP calls AUTH TLS (FTPS, explicit); a server that does not offer it is down, for somebody on
the way may have removed the offer. `tls` is the older way on a port of its own (990).

`directory` is listed over a passive connection, which finds what a firewall or a wrong NAT in between breaks:
it is made to the address that the server was reached at, whatever address it names. With TLS the listing is
encrypted, too; servers that want the TLS session of the login resumed for it (`require_ssl_reuse` of vsftpd)
refuse it.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from checks.base import Context, Kind, Observation, Value
from checks.ftp.session import Session
from checks.line_server import VALUES, Line, LineServerSpec, Login, Talk, observed
from checks.starttls import StartTls

_NOBODY = frozenset({"anonymous", "ftp"})


class FtpSpec(LineServerSpec):
    """Which server, and which directory."""

    protocol: ClassVar[StartTls] = "ftp"
    ports: ClassVar[tuple[int, int]] = (21, 990)

    directory: Line | None = Field(
        None, description="directory to list, after the login; default: none", examples=["/pub"]
    )

    @model_validator(mode="after")
    def _listing_wants_login(self) -> FtpSpec:
        if self.directory is not None and self.auth is None:
            raise ValueError("directory: wants auth: (user: anonymous, where that is allowed)")
        return self

    def _may_log_in(self, auth: Login) -> bool:
        return auth.user.lower() in _NOBODY or super()._may_log_in(auth)


async def probe(spec: FtpSpec, context: Context) -> Observation:
    """Connect, greet, log in and list, as far as asked to."""

    async def protocol(talk: Talk) -> None:
        session = Session(talk)
        await session.begin()
        talk.look.answered()
        if spec.directory is not None:
            talk.look.values["entries"] = await session.listed(spec.directory)
        await talk.end("QUIT")

    return await observed(spec, context, protocol)


KIND = Kind(
    name="ftp",
    summary="talks to a file server by FTP: greeting, features, TLS, login, listing of a directory",
    spec=FtpSpec,
    probe=probe,
    values=(
        *VALUES,
        Value("entries", "", "how many entries `directory` has", least=0, whole=True),
    ),
    counts_for_uptime=True,
    degraded="cert_days < 14",
    example=(
        "type: ftp\nhost: ftp.example.org\nstarttls: true\n"
        "auth: {user: probe, password: '${credential:ftp-probe}'}\n"
        "directory: /incoming\ndegraded: cert_days < 14 or entries > 500\n"
    ),
)
