"""TCP: the options an operator may set, and the values that a look declares."""

from __future__ import annotations

from pydantic import Field, model_validator

from checks.base import Spec, Value
from checks.hosts import Host
from checks.spoken_text import Searchable, Words
from checks.starttls import StartTls
from checks.tcp_dialog import Step
from checks.tls_options import FamilyOption, ResolverAddress, Tls

VALUES = (
    Value("latency", "seconds", "time to open the connection, TLS included, name lookup not"),
    Value(
        "banner",
        "",
        "what the target sent, as one line of at most 200 characters; with `expect` or `dialog`",
        text=True,
    ),
    Value("cert_days", "days", "days until the target's certificate ends; only with TLS", forecast=True),
    Value(
        "chain_days",
        "days",
        "days until the first certificate of its chain ends; only with TLS",
        forecast=True,
    ),
    Value("issuer", "", "who issued the certificate; only with TLS", text=True),
    Value("tls_version", "", "version spoken: TLS 1.2, TLS 1.3", text=True),
    Value("cipher", "", "cipher agreed on, in OpenSSL's words", text=True),
    Value("ip", "", "address that answered", text=True),
)
_DECLARED = frozenset(value.name for value in VALUES)


class TcpSpec(Spec):
    """What to connect to, what to say and what to hear."""

    host: Host = Field(description="name or address to connect to", examples=["db.example.org"])
    port: int = Field(ge=1, le=65535, description="port to connect to", examples=[5432])
    tls: bool | Tls = Field(
        False,
        description="speak TLS from the first byte on; or say how, by the options below (with `starttls` too)",
        examples=[True],
    )
    starttls: StartTls | None = Field(
        None, description="begin in plain text and ask for TLS in this protocol", examples=["smtp"]
    )
    ca: str | None = Field(
        None,
        description="file of the CAs to trust (PEM); default: those of the system",
        examples=["/etc/tocsin/ca.pem"],
    )
    server_name: Host | None = Field(
        None, description="name to ask for and to expect instead of `host`", examples=["db.example.org"]
    )
    send: Words | None = Field(
        None,
        description="text to send once connected, with `\\r`, `\\n`, `\\t`, `\\xHH`, `\\\\`; it may refer to secrets",
        examples=["PING\\r\\n"],
    )
    expect: Searchable | None = Field(
        None, description="RE2 pattern that must be found in the answer", examples=["^220 "]
    )
    dialog: tuple[Step, ...] = Field(
        (), max_length=100, description="steps of a longer talk, instead of `send` and `expect`"
    )
    ip: FamilyOption = Field("auto", description="IP version to use")
    resolver: ResolverAddress | None = Field(
        None, description="name server to ask instead of the system's", examples=["192.0.2.53"]
    )

    @model_validator(mode="after")
    def _fits_together(self) -> TcpSpec:
        if self.tls is True and self.starttls:
            raise ValueError(
                "tls: and starttls: exclude each other (tls: true speaks TLS from the first byte on)"
            )
        if self.dialog and (self.send is not None or self.expect is not None):
            raise ValueError("send: and expect: are steps of dialog: where there is one")
        if (self.tls is True or self.starttls) and self.turns:
            raise ValueError("`starttls: true` in dialog: comes too late, TLS stands already")
        twice = self.tls if isinstance(self.tls, Tls) else Tls()
        if (self.ca and twice.ca) or (self.server_name and twice.server_name):
            raise ValueError("ca: or server_name: stands here and in tls:; give it once")
        if taken := {name for step in self.dialog for name in step.values} & _DECLARED:
            raise ValueError(f"`{min(taken)}` is a value of every tcp check; choose another name")
        return self

    @property
    def turns(self) -> bool:
        """Whether the dialog turns to TLS by itself."""
        return any(step.starttls for step in self.dialog)

    @property
    def at_once(self) -> bool:
        """Whether TLS is spoken from the first byte on."""
        return bool(self.tls) and not self.starttls and not self.turns

    @property
    def trust(self) -> Tls:
        """How TLS is to be spoken, wherever it was written."""
        given = self.tls if isinstance(self.tls, Tls) else Tls()
        return given.model_copy(
            update={
                "ca": given.ca or self.ca,
                "server_name": given.server_name or self.server_name or self.host,
            }
        )
