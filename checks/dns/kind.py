"""DNS: the probe: asks every server at once and puts together what they say.

The name is asked for as it stands; nothing is appended. An answer with NXDOMAIN, SERVFAIL or any other error is
down, and so is one without a record of the type asked for. `accept_rcodes` names the codes that are right instead;
where your own condition asks for `rcode`, it alone decides about them, and one that asks for `answer_count` decides
about records that are lacking.

`answers` has the data of all records of the type, aliases followed, in a fixed order with a comma between: a TXT as
one text without quotes, an MX as `10 mail.example.org.`, the null MX as `.`. What is to be there exactly is best
written in `answer`. Patterns there, in `authority` and in `additional` are RE2, searched in each record as a zone
file has it, with the letters the server sent and single spaces, or tabs where the pattern has `\\t`:
`example.org. 3600 IN A 192.0.2.1`.

With several servers, each is asked; the values are those of the first that answered rightly, and the check is down
when none did. `servers_failed` counts the others, `agree` tells whether all that answered say the same, and
`serial_drift` how far the serials of their SOA are apart.

Each check is a question of its own: nothing is remembered, and what answers something else is no answer. `timeout`
bounds all of it; by UDP the question is sent up to three times within.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from checks.base import Context, Kind, Observation, Value
from checks.connection import Deadline, Fault
from checks.dns.asking import Told, ask, ask_in_turn
from checks.dns.findings import WHOLE_CIRCLE, put_together
from checks.dns.servers import given, of_the_system
from checks.dns.spec import DnsSpec

VALUES = (
    Value("rcode", "", "response code: NOERROR, NXDOMAIN, SERVFAIL, REFUSED …", text=True),
    Value(
        "answers",
        "",
        "data of the records asked for, aliases followed; absent when there are none",
        text=True,
    ),
    Value(
        "latency",
        "seconds",
        "time from connecting to the answer, the lookup of the server's name not included",
    ),
    Value("answer_count", "", "records in the answer section, aliases included", whole=True),
    Value("authority_count", "", "records in the authority section", whole=True),
    Value("additional_count", "", "records in the additional section", whole=True),
    Value("ttl", "seconds", "least time to live in the answer section"),
    Value("authenticated", "", "whether the server says that it has verified the answer (AD bit)"),
    Value("authoritative", "", "whether the server speaks for the zone itself (AA bit)"),
    Value("recursion_available", "", "whether the server looks elsewhere for others (RA bit)"),
    Value("truncated", "", "whether the answer did not fit into UDP and was asked for again by TCP"),
    Value(
        "tries", "", "how often the question was sent; more than once where a datagram was lost", whole=True
    ),
    Value("serial", "", "serial of the SOA record in the answer", whole=True, most=WHOLE_CIRCLE - 1),
    Value(
        "serial_drift",
        "",
        "how far the serials of several servers are apart",
        whole=True,
        most=WHOLE_CIRCLE - 1,
    ),
    Value("agree", "", "whether all servers that answered say the same; absent for fewer than two"),
    Value("servers_failed", "", "servers that did not answer, or wrongly", whole=True),
    Value(
        "cert_days",
        "days",
        "days until the server's certificate ends; only by `dot` and `doh`",
        forecast=True,
    ),
    Value("server", "", "server whose answer this is", text=True),
    Value("ip", "", "its address", text=True),
    Value("transport", "", "how the answer came: udp, tcp, dot, doh", text=True),
)


async def probe(spec: DnsSpec, context: Context) -> Observation:
    """Ask, compare, and say what was seen. Never raises for anything the world does."""
    deadline = Deadline.after(context.timeout)
    try:
        told = await _told(spec, context, deadline)
    except Fault as fault:  # the system names no server
        return Observation(blind=fault.message, error_kind=fault.kind)
    return put_together(told, closely=context.closely)


async def _told(spec: DnsSpec, context: Context, deadline: Deadline) -> Sequence[Told]:
    if not spec.server:
        servers = of_the_system(spec.port, spec.transport)
        return [await ask_in_turn(servers, spec, context, deadline)]
    named = given(spec.server, spec.port, spec.transport)
    return await asyncio.gather(*(ask(server, spec, context, deadline) for server in named))


KIND = Kind(
    name="dns",
    summary="asks name servers and judges the answer, its speed and proof, and whether the servers agree",
    spec=DnsSpec,
    probe=probe,
    values=VALUES,
    counts_for_uptime=True,
    degraded="agree == false or servers_failed > 0 or cert_days < 14",
    example="type: dns\nname: www.example.org\nrecord: A\nserver: [192.0.2.53, 198.51.100.53]\n"
    "answer: {contains: 203.0.113.10}\ndegraded: latency > 200ms or ttl < 1m\n",
)
