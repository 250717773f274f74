"""SMTP: does the mail server greet, turn to TLS, take a login, and bring a mail to its mailbox in time?

Without further options the look ends after greeting, capabilities and TLS. A greeting that is no 220 is down,
with the server's own words. With `auth` it is logged in to; a login that is refused has the error kind `auth`,
one that the server is for the moment unable to decide (4xx) has not. The port is 25, with `tls` 465, and with
`auth` but without `tls` that of submission, 587.

With `starttls` nothing but EHLO and STARTTLS is said before TLS stands, and a server that does not offer it is
down: somebody on the way may have removed the offer. Passwords go over TLS alone, unless `plain_login` allows
otherwise.

`recipient` alone asks whether the server would take a mail, without sending any; `recipient_code` has the
answer, and from 400 on it is down. To be sure that a server is no open relay, name a recipient elsewhere and
turn the condition round: `down: recipient_code < 400`.

`roundtrip` sends a mail from `sender` to `recipient` and looks for it by IMAP until it is there or the
`timeout` is nearly over; then the next looks go on. A mail that has not come `within` its time is down. Each
look sends one mail, but none while one is under way, so `every: 5m` makes twelve an hour at most; one that the
server did not answer for is under way, too. One that does not come is given up after `within`, and a minute at
least. A mail is deleted once it is found, as are older
ones of this check, and those that any such check left behind more than a day ago; nothing else in the mailbox
is touched. Where a mail was found by a later look, `roundtrip` is the time that the mailbox gives for its
arrival. Give the mailbox a rule that lets mails with the header `X-Tocsin-Probe` pass the spam filter, or
name the folder as `mailbox`.
"""

from __future__ import annotations

from checks.base import Context, Kind, Observation, Value
from checks.connection import Deadline, Fault
from checks.line_server import VALUES, Look, Talk, talked
from checks.smtp.roundtrip import Trip
from checks.smtp.session import Session
from checks.smtp.spec import SmtpSpec


async def probe(spec: SmtpSpec, context: Context) -> Observation:
    """Connect, greet, log in, ask and send, as far as asked to."""
    look = Look(context, Deadline.after(context.timeout), memo=context.memo)
    trip = Trip(spec, spec.roundtrip, look) if spec.roundtrip is not None else None

    async def protocol(talk: Talk) -> None:
        session = Session(talk, spec.helo)
        await session.begin()
        look.values["max_size"] = session.max_size
        look.answered()
        if spec.recipient is not None and trip is None:
            look.values["recipient_code"] = await session.would_take(spec.sender or "", spec.recipient)
        if trip is not None:
            await trip.send(session)
        await talk.end("QUIT")

    try:
        await talked(spec, look, protocol)
        if trip is not None:
            await trip.find()
    except Fault as fault:
        return look.observation(fault)
    return look.observation()


KIND = Kind(
    name="smtp",
    summary="talks to a mail server by SMTP: greeting, capabilities, TLS, login, and a mail's way to its mailbox",
    spec=SmtpSpec,
    probe=probe,
    values=(
        *VALUES,
        Value("max_size", "bytes", "the largest mail that the server takes; absent when it names no limit"),
        Value("recipient_code", "", "the server's answer to `recipient`", least=200, most=599, whole=True),
        Value("roundtrip", "seconds", "how long a mail took to its mailbox; only when one was found"),
        Value("roundtrip_waiting", "seconds", "how long the mail that is under way has been waited for"),
    ),
    counts_for_uptime=True,
    down="recipient_code >= 400",
    degraded="cert_days < 14",
    example=(
        "type: smtp\nhost: mail.example.org\nstarttls: true\nevery: 5m\ntimeout: 30s\n"
        "auth: {user: probe@example.org, password: '${credential:mail-probe}'}\n"
        "sender: probe@example.org\nrecipient: probe@example.org\n"
        "roundtrip:\n  within: 2m\n  imap:\n    host: mail.example.org\n    tls: true\n"
        "    auth: {user: probe@example.org, password: '${credential:mail-probe}'}\n"
        "degraded: cert_days < 14 or roundtrip > 30s\n"
    ),
)
