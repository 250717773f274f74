"""What smtp, imap, pop3 and ftp share: where the server is, how it proves itself, who we are, what is measured."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from checks.base import Context, ErrorKind, Observation, Scalar, Spec, Traces, Value
from checks.connection import Deadline, Distrusted, Fault, Link, Secure, connected
from checks.dialogue import Dialogue
from checks.distrusted import explained
from checks.hosts import Host, addresses_of
from checks.starttls import StartTls
from checks.text import visible
from checks.tls_options import FamilyOption, ResolverAddress, Tls
from checks.trust import days_left, securely, sent_chain
from config.masks import remember
from config.secrets import Secret, SecretError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOST_CAPABILITIES = 2000


def one_line(text: str) -> str:
    """The text as it is; ValueError when it would break the line that it is put into."""
    if _CONTROL.search(text):
        raise ValueError("must not hold line ends or other control characters")
    return text


Line = Annotated[str, Field(min_length=1), AfterValidator(one_line)]


class Login(Spec):
    """Who we say we are."""

    user: Line = Field(description="user name to log in with", examples=["probe@example.org"])
    password: Secret = Field(description="its password", examples=["${credential:mail-probe}"])


class _Place(Spec):
    """Where the server is, and how TLS with it begins."""

    host: Host = Field(description="name or address of the server", examples=["mail.example.org"])
    port: int | None = Field(None, ge=1, le=65535, description="port; default: the protocol's own")
    tls: bool = Field(False, description="speak TLS from the first byte on")
    starttls: bool | Literal["required"] = Field(
        False,
        description="begin without TLS and turn to it before anything else; down when the server does not "
        "offer it (`required` says the same as `true`)",
    )


class LineServerSpec(Tls, _Place):
    """A server that is spoken to in lines."""

    # The protocol as STARTTLS knows it, and its ports without TLS and with it; each kind has its own.
    protocol: ClassVar[StartTls]
    ports: ClassVar[tuple[int, int]]

    auth: Login | None = Field(None, description="log in with these")
    plain_login: bool = Field(
        False, description="send the password even without TLS, where anybody on the way can read it"
    )
    ip: FamilyOption = Field("auto", description="IP version to use")
    resolver: ResolverAddress | None = Field(
        None, description="name server to ask instead of the system's", examples=["192.0.2.53"]
    )

    @model_validator(mode="after")
    def _fits_together(self) -> LineServerSpec:
        if self.tls and self.starttls:
            raise ValueError("tls: and starttls: exclude each other: leave one out")
        if self.auth is not None and not self._may_log_in(self.auth):
            raise ValueError(
                "auth: would send the password unencrypted: set tls: true or starttls: true "
                "(or plain_login: true to do so all the same)"
            )
        return self

    def _may_log_in(self, _auth: Login) -> bool:
        return bool(self.tls or self.starttls or self.plain_login)

    @property
    def its_port(self) -> int:
        return self.port or self.ports[self.tls]

    @property
    def secure(self) -> Secure:
        """What TLS with this server must prove. Raises Fault when the CA file is of no use."""
        return securely(self.server_name or self.host, self.ca, verify=self.verify, proof=self.proof)


@dataclass(slots=True)
class Look:
    """One look: until when, and what was seen so far. A failure keeps what came before it."""

    context: Context
    deadline: Deadline
    values: dict[str, Scalar] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    traces: Traces = field(default_factory=Traces)
    memo: Any = None
    began: float = 0.0  # to connect, on the loop's clock

    def reached(self, addresses: tuple[str, ...], took: float) -> None:
        """The name was looked up, which took so many seconds."""
        self.phases["resolve"] = took
        self.traces = Traces(addresses=addresses)
        self.began = asyncio.get_running_loop().time()

    def connected(self, link: Link) -> None:
        """One of the addresses accepts."""
        self.phases.update(link.phases)
        self.values["connect"] = round(link.phases["connect"], 6)
        self.traces = replace(self.traces, answered=link.address)

    def answered(self) -> None:
        """The last answer that counts for the latency has come; what comes after it counts no more."""
        if "latency" in self.values:
            return
        self.values["latency"] = round(asyncio.get_running_loop().time() - self.began, 6)

    def observation(self, fault: Fault | None = None) -> Observation:
        """The end of the look."""
        return Observation(
            values=self.values,
            failure=None if fault is None or fault.blind else fault.message,
            blind=fault.message if fault is not None and fault.blind else None,
            error_kind=fault.kind if fault is not None else None,
            phases={name: round(seconds, 6) for name, seconds in self.phases.items()},
            notes=tuple(self.notes),
            memo=self.memo,
            traces=self._traces(fault) if self.context.closely else None,
        )

    def _traces(self, fault: Fault | None) -> Traces:
        return replace(self.traces, chain=fault.chain) if isinstance(fault, Distrusted) else self.traces


class Talk:
    """What a protocol says on an open connection."""

    def __init__(self, look: Look, spec: LineServerSpec, dialogue: Dialogue) -> None:
        self.look, self.spec, self.dialogue = look, spec, dialogue

    def heard(self, banner: str, since: float) -> None:
        """The greeting has come; `since` is the loop's time when it began to be waited for."""
        self.look.values["banner"] = visible(banner.strip()) or None
        self.look.phases["greeting"] = asyncio.get_running_loop().time() - since

    def capable(self, capabilities: list[str]) -> None:
        """What the server says that it can do."""
        told = ", ".join(" ".join(each.split()) for each in capabilities)
        self.look.values["capabilities"] = visible(told, _MOST_CAPABILITIES)

    async def turn_to_tls(self) -> None:
        """After the server agreed to STARTTLS."""
        await self.dialogue.upgrade(self.spec.secure)
        self.certified()

    def certified(self) -> None:
        """What is to be said of the TLS that now stands."""
        link = self.dialogue.link
        self.look.phases.update(link.phases)
        self.look.values["tls"] = round(link.phases["tls"], 6)
        self.look.values["cert_days"] = days_left(link.ssl_object, self.look.context.now)
        if self.look.context.closely and link.ssl_object is not None:
            self.look.traces = replace(self.look.traces, chain=sent_chain(link.ssl_object))

    def not_offered(self, command: str, capabilities: list[str]) -> Fault:
        """The server, or somebody on the way to it, leaves TLS out."""
        told = f" (it offers: {visible(', '.join(capabilities), 100)})" if capabilities else ""
        text = f"{self.dialogue.where} does not offer {command}, or somebody on the way removes it{told}"
        return Fault(text, ErrorKind.TLS)

    async def end(self, words: str) -> None:
        """Part from the server; that counts for no latency."""
        self.look.answered()
        await self.dialogue.farewell(words)

    async def logged_in(self, way: Callable[[str, str], Awaitable[None]]) -> None:
        """Log in if asked to. `way(user, password)` raises Fault when it does not work."""
        auth = self.spec.auth
        if auth is None:
            return
        before = asyncio.get_running_loop().time()
        self.look.values["login"] = False
        await way(auth.user, _revealed(auth.password))
        self.look.values["login"] = True
        self.look.phases["login"] = asyncio.get_running_loop().time() - before


Protocol = Callable[[Talk], Awaitable[None]]


async def observed(spec: LineServerSpec, context: Context, protocol: Protocol) -> Observation:
    """One look at the server. Never raises for anything the world does."""
    look = Look(context, Deadline.after(context.timeout), memo=context.memo)
    try:
        await talked(spec, look, protocol)
    except Fault as fault:
        return look.observation(fault)
    return look.observation()


async def talked(spec: LineServerSpec, look: Look, protocol: Protocol) -> None:
    """Connect as the options say and let the protocol speak. Raises Fault."""
    loop, deadline = asyncio.get_running_loop(), look.deadline
    secure = await asyncio.to_thread(lambda: spec.secure) if spec.tls or spec.starttls else None
    before = loop.time()
    addresses = await addresses_of(spec.host, look.context, deadline, spec.ip, resolver=spec.resolver)
    look.reached(addresses, loop.time() - before)
    try:
        async with connected(addresses, spec.its_port, deadline, secure if spec.tls else None) as link:
            look.connected(link)
            talk = Talk(look, spec, Dialogue(link, deadline))
            if spec.tls:
                talk.certified()
            try:
                await protocol(talk)
            finally:
                look.answered()
    except Distrusted as fault:
        place = (addresses, spec.its_port, spec.protocol if spec.starttls else None)
        trust = spec.model_copy(update={"server_name": spec.server_name or spec.host})
        raise await explained(fault, place, trust, look.context, deadline) from None


def _revealed(password: Secret) -> str:
    try:
        found = password.reveal()
    except SecretError as error:
        raise Fault(str(error), ErrorKind.LOCAL) from None
    if _CONTROL.search(found):
        raise Fault("the password holds a line end or another control character", ErrorKind.LOCAL)
    remember(found.strip())  # a server may repeat it without the blanks around it
    return found


VALUES = (
    Value("latency", "seconds", "time from connecting to the last answer, name lookup not"),
    Value("connect", "seconds", "time spent connecting"),
    Value("tls", "seconds", "time spent in the TLS handshake"),
    Value("banner", "", "what the server greets with, one line of at most 200 characters", text=True),
    Value("capabilities", "", "what the server says it can do, separated by commas", text=True),
    Value("cert_days", "days", "days until the server's certificate ends; only with TLS", forecast=True),
    Value("login", "", "whether the login worked; only with `auth`"),
)
