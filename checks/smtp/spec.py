"""SMTP: the options an operator may set."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from checks.base import Spec
from checks.imap import ImapSpec
from checks.line_server import Line, LineServerSpec
from checks.starttls import StartTls
from config.field_types import MailAddress
from config.units import Duration


class RoundTrip(Spec):
    """A mail of our own is sent, and must be found in its mailbox in time."""

    imap: ImapSpec = Field(
        description="where the mail to `recipient` arrives: the options of the kind `imap`, `auth` among them; "
        "`mailbox` is INBOX unless it says otherwise"
    )
    within: Annotated[Duration, Field(gt=0)] = Field(
        120.0, description="how long a mail may take to its mailbox", examples=["2m"]
    )

    @model_validator(mode="after")
    def _opens_the_mailbox(self) -> RoundTrip:
        if self.imap.auth is None:
            raise ValueError("imap: wants auth:, for the mail is looked for in a mailbox")
        return self


class SmtpSpec(LineServerSpec):
    """Which server, and which mail to try."""

    protocol: ClassVar[StartTls] = "smtp"
    ports: ClassVar[tuple[int, int]] = (25, 465)

    helo: Line | None = Field(
        None,
        description="name to introduce ourselves with; default: our own address in brackets",
        examples=["monitor.example.org"],
    )
    sender: MailAddress | None = Field(
        None, description="address that mail is sent from", examples=["probe@example.org"]
    )
    recipient: MailAddress | None = Field(
        None,
        description="ask whether the server would take mail for this address; none is sent but by `roundtrip`",
        examples=["probe@example.net"],
    )
    roundtrip: RoundTrip | None = Field(
        None, description="send a mail from `sender` to `recipient` and find it in its mailbox"
    )

    @model_validator(mode="after")
    def _knows_both_ends(self) -> SmtpSpec:
        if self.roundtrip is not None and (self.sender is None or self.recipient is None):
            raise ValueError("roundtrip: wants sender: and recipient:")
        if self.sender is not None and self.recipient is None:
            raise ValueError("sender: wants a recipient:")
        return self

    @property
    def its_port(self) -> int:
        """Who logs in submits mail, for which there is a port of its own (RFC 6409)."""
        submits = self.auth is not None and not self.tls
        return self.port or (587 if submits else self.ports[self.tls])
