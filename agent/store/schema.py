"""The tables. Moments are microseconds UTC, ids are text, every row belongs to an agent."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

HEAD = "0007"
metadata = MetaData()

agents = Table(
    "agents",
    metadata,
    Column("agent_id", String(63), primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("alive_until", BigInteger, nullable=False),
)

checks = Table(
    "checks",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("kind", String(63), nullable=False),
    Column("state", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("memo", Text),
    Column("good", Text),
    PrimaryKeyConstraint("agent_id", "service", "check_id"),
)

readings = Table(
    "readings",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", String(8), nullable=False),
    Column("took", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("values", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "service", "check_id", "at"),
    sqlite_with_rowid=False,
)

# What is written, and dropped, together lies together: by the hour.
packed_readings = Table(
    "packed_readings",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("hour", BigInteger, nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("count", Integer, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("agent_id", "hour", "service", "check_id"),
)

# Latency: hourly sketches of a UTC day in one row, daily ones of 16 days in another (agent/store/roll_ups.py).
roll_ups = Table(
    "roll_ups",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("step", String(4), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("sketches", LargeBinary, nullable=False),
    PrimaryKeyConstraint("agent_id", "step", "start", "service", "check_id"),
)

flips = Table(
    "flips",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("before", String(8), nullable=False),
    Column("after", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "service", "check_id", "at"),
    sqlite_with_rowid=False,
)

# The services' own spans stand under the empty check id, and together. An open span has no end.
spans = Table(
    "spans",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger),
    Column("klass", String(11), nullable=False),
    PrimaryKeyConstraint("agent_id", "check_id", "service", "start"),
    sqlite_with_rowid=False,
)

# History that was imported: what others saw of a service at a moment; a state has no end.
told_events = Table(
    "told_events",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("klass", String(11), nullable=False),
    Column("until", BigInteger),
    PrimaryKeyConstraint("agent_id", "service", "at"),
    sqlite_with_rowid=False,
)

# Planned work of a service, and time in which nothing was watched (`unknown`, under the empty service).
told_windows = Table(
    "told_windows",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("klass", String(11), nullable=False),
    PrimaryKeyConstraint("agent_id", "service", "start", "end"),
    sqlite_with_rowid=False,
)

# Planned work, never changed: what is planned anew is a further row of the same number. `services` is a JSON list,
# empty for all of them; `plan` is the window of the configuration that it is an occurrence of.
maintenance = Table(
    "maintenance",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("services", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("plan", String(63)),
    PrimaryKeyConstraint("agent_id", "number", "at"),
)

# Time of which nobody can say what happened, whatever the spans say: `stopped` while the agent did not run,
# `clock` where the machine's clock was set. The key's columns come first: SQLite 3.40 would take the table for damaged.
gaps = Table(
    "gaps",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("why", String(7), nullable=False),
    Column("end", BigInteger, nullable=False),
    PrimaryKeyConstraint("agent_id", "start", "why"),
    sqlite_with_rowid=False,
)

# Failing readings that were never confirmed: from the first of them to the reading that ended the doubt.
blips = Table(
    "blips",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("worst", String(8), nullable=False),
    Column("count", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "service", "check_id", "start"),
    sqlite_with_rowid=False,
)

# Requests that a check saw in an hour: those that count, and those of them that were answered well.
requests = Table(
    "requests",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("hour", BigInteger, nullable=False),
    Column("valid", BigInteger, nullable=False),
    Column("good", BigInteger, nullable=False),
    PrimaryKeyConstraint("agent_id", "service", "check_id", "hour"),
    sqlite_with_rowid=False,
)

incidents = Table(
    "incidents",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("id", Integer, nullable=False),
    Column("service", String(63), nullable=False),
    Column("rule", String(63), nullable=False),
    Column("occurrence", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("level", String(8), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("watch_until", BigInteger),
    Column("reopened", Integer, nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key", String(36), nullable=False, server_default=""),
    Column("error_kind", String(16)),
    Column("merged_into", Integer),
    Column("follows", Integer),
    Column("flaps", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("agent_id", "id"),
    UniqueConstraint("agent_id", "service", "rule", "occurrence"),
)
# The database itself forbids a second incident for the same trouble. (Only the migration says it for
# PostgreSQL as well: naming that dialect here would load its drivers at every start.)
Index(
    "one_open_incident",
    incidents.c.agent_id,
    incidents.c.service,
    incidents.c.rule,
    unique=True,
    sqlite_where=text("state <> 'resolved'"),
)

# What is asked for by itself stands in columns, the rest of a ticket in `data` (JSON); `reporter` is their identity.
tickets = Table(
    "tickets",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("number", Integer, nullable=False),
    Column("service", String(63), nullable=False),
    Column("check_id", String(63), nullable=False),
    Column("state", String(12), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("priority", String(13), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("acknowledged_at", BigInteger),
    Column("resolved_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("assignee", Text),
    Column("tier", Integer, nullable=False),
    Column("due", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("team", String(63)),
    Column("reporter", Text),
    Column("origin", Text),
    Column("data", Text, nullable=False, server_default="{}"),
    PrimaryKeyConstraint("agent_id", "number"),
)
Index("tickets_by_state", tickets.c.agent_id, tickets.c.state)
Index("tickets_by_origin", tickets.c.agent_id, tickets.c.origin)
Index("tickets_by_reporter", tickets.c.agent_id, tickets.c.reporter)

ticket_events = Table(
    "ticket_events",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("what", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("internal", Boolean, nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("agent_id", "ticket", "seq"),
)

# The policies that tickets were opened under, as they were then.
policies = Table(
    "policies",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("digest", String(32), nullable=False),
    Column("name", String(63), nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "digest"),
)

# What people are told of tickets, one message to one person each; `data` is JSON.
notices = Table(
    "notices",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("key", String(40), nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("channel", String(63), nullable=False),
    Column("to", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("next_at", BigInteger),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "key"),
)
Index("notices_by_state", notices.c.agent_id, notices.c.state)
Index("notices_of_a_ticket", notices.c.agent_id, notices.c.ticket)

# Files that belong to tickets; what is in them lies in the state directory under its hash.
attachments = Table(
    "attachments",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("internal", Boolean, nullable=False),
    PrimaryKeyConstraint("agent_id", "ticket", "number"),
)

# Who is away (`away`) and who is on call instead of another (`on_call`), never changed: what is changed is a further
# row of the same number.
roster = Table(
    "roster",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("person", Text, nullable=False),
    Column("team", String(63), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "number", "at"),
)

# Confirmed trouble that lasts, whether it has an incident or is held back; `data` is JSON.
problems = Table(
    "problems",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("service", String(63), nullable=False),
    Column("rule", String(63), nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "service", "rule"),
)

# What belongs, or belonged, to an incident: its cause, and what it affects.
affected = Table(
    "affected",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("incident", Integer, nullable=False),
    Column("service", String(63), nullable=False),
    Column("rule", String(63), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("level", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("cause", Boolean, nullable=False),
    PrimaryKeyConstraint("agent_id", "incident", "service", "rule", "since"),
)

# Every decision on problems and incidents, in the order in which they were made; never changed.
decisions = Table(
    "decisions",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("service", String(63), nullable=False),
    Column("rule", String(63), nullable=False),
    Column("what", String(16), nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("incident", Integer),
    Column("ticket", Integer),
    Column("facts", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "seq"),
)
Index("decisions_of_a_rule", decisions.c.agent_id, decisions.c.service, decisions.c.rule, decisions.c.at)
Index("decisions_of_an_incident", decisions.c.agent_id, decisions.c.incident)

# Silences (`silence`) and paused checks (`pause`), never changed: what is changed is a further row of the same number.
# `match` is JSON.
suppressions = Table(
    "suppressions",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("match", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "kind", "number", "at"),
)

# Ties between tickets: `duplicate_of`, `follows`.
ticket_links = Table(
    "ticket_links",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("relation", String(16), nullable=False),
    Column("other", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("agent_id", "ticket", "relation", "other"),
)

# What other helpdesks are to hold, one row for each ticket there; `desired` and `observed` are JSON.
outbox = Table(
    "outbox",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("helpdesk", String(63), nullable=False),
    Column("key", String(36), nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("desired", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("observed", Text),
    Column("done_version", Integer, nullable=False),
    Column("remote_id", Text),
    Column("remote_url", Text),
    Column("remote_state", String(16)),
    Column("sent_priority", String(13)),
    Column("epoch", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger),
    Column("lease_until", BigInteger),
    Column("asked_state", String(8)),
    Column("last_error", Text),
    Column("first_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("lag_until", BigInteger),
    Column("twins_at", BigInteger),
    PrimaryKeyConstraint("agent_id", "helpdesk", "key"),
)
Index("outbox_due", outbox.c.agent_id, outbox.c.state, outbox.c.next_at)

# What was changed and by whom: `config`, `deploy` …; `services` is a JSON list, empty for all of them.
changes = Table(
    "changes",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("services", Text, nullable=False),
    Column("version", Text),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "number"),
)
Index("changes_by_time", changes.c.agent_id, changes.c.at)

Index("readings_by_time", readings.c.at)

# Who may sign in. `password` is an argon2id hash, empty for who comes another way; `teams` a JSON list, null for all.
# `version` rises with each change of password, role or teams: sessions of an earlier one are over.
users = Table(
    "users",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("name", String(63), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password", Text, nullable=False),
    Column("teams", Text),
    Column("email", Text),
    Column("disabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
    PrimaryKeyConstraint("agent_id", "name"),
)

# What programs show: only its digest is kept.
tokens = Table(
    "tokens",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("name", String(63), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("teams", Text),
    Column("made_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("used_at", BigInteger),
    PrimaryKeyConstraint("agent_id", "digest"),
    UniqueConstraint("agent_id", "name"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("user", String(63), nullable=False),
    Column("version", Integer, nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("whence", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "digest"),
)
Index("sessions_of_a_user", sessions.c.agent_id, sessions.c.user)

# Links that do one thing once: `what` is sign-in or ack; `about` is JSON.
one_time_links = Table(
    "one_time_links",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("what", String(16), nullable=False),
    Column("about", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    PrimaryKeyConstraint("agent_id", "digest"),
)

# Who did what by page or API, or was refused.
audit = Table(
    "audit",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("way", String(16), nullable=False),
    Column("what", String(63), nullable=False),
    Column("about", Text, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("whence", Text, nullable=False),
    PrimaryKeyConstraint("agent_id", "number"),
)
Index("audit_by_time", audit.c.agent_id, audit.c.at)

# What a program was answered, by the key that it gave: the same key gets the same answer.
idempotency = Table(
    "idempotency",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("who", String(80), nullable=False),
    Column("key", String(200), nullable=False),
    Column("request", String(64), nullable=False),
    Column("status", Integer),
    Column("answer", Text),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("agent_id", "who", "key"),
)

# Queries of the ticket queue that somebody keeps under a name.
saved_views = Table(
    "saved_views",
    metadata,
    Column("agent_id", String(63), nullable=False),
    Column("who", String(80), nullable=False),
    Column("name", String(63), nullable=False),
    Column("query", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    PrimaryKeyConstraint("agent_id", "who", "name"),
)
