"""A person forgotten in the rows that no memory holds: timelines, notices, attachments and their bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from agent.store import schema
from agent.store.dialect import folder_of, overwrite_what_goes
from agent.store.files import forget as forget_bytes
from agent.store.notices import notices_of, save_notices
from agent.store.tickets import timeline
from alerting.desk.forgetting import Forgotten, forgotten_event, forgotten_notice

_OURS = "tocsin"


def forget(connection: Connection, agent: str, wishes: Iterable[Forgotten]) -> None:
    """Within the transaction that forgets them on their tickets.

    Bytes go before COMMIT: should that fail, the rows that are left name files that are gone, and forgetting again
    takes them too; the other way round something of the person could be left for ever.
    """
    for wish in wishes:
        overwrite_what_goes(connection)
        for number in (*wish.reported, *wish.mentioned):
            _events(connection, agent, number, wish)
            told = notices_of(connection, agent, number)
            changed = [(each, forgotten_notice(each, wish)) for each in told]
            save_notices(connection, agent, [after for before, after in changed if after != before])
            _attachments(connection, agent, number, wish)


def _events(connection: Connection, agent: str, number: int, wish: Forgotten) -> None:
    table = schema.ticket_events
    mine = (table.c.agent_id == agent, table.c.ticket == number)
    places = connection.execute(select(table.c.seq).where(*mine).order_by(table.c.seq)).scalars().all()
    for seq, event in zip(places, timeline(connection, agent, number), strict=True):
        after = forgotten_event(event, wish)
        if after != event:
            values = {"by": after.by, "text": after.text}
            connection.execute(update(table).where(*mine, table.c.seq == seq).values(values))


def _attachments(connection: Connection, agent: str, number: int, wish: Forgotten) -> None:
    """On their own tickets all that was not made by the desk itself; elsewhere what they brought."""
    table = schema.attachments
    mine = (table.c.agent_id == agent, table.c.ticket == number)
    rows = connection.execute(select(table.c.number, table.c.by, table.c.sha256).where(*mine)).all()
    own = number in wish.reported
    for place, by, sha256 in rows:
        if (own and by != _OURS) or wish.is_theirs(by):
            connection.execute(delete(table).where(*mine, table.c.number == place))
            _bytes(connection, sha256)


def _bytes(connection: Connection, sha256: str) -> None:
    """Gone, unless another ticket, of whichever agent, has the same."""
    table = schema.attachments.c
    left = connection.execute(select(table.ticket).where(table.sha256 == sha256).limit(1)).first()
    folder: Path | None = folder_of(connection)
    if left is None and folder is not None:
        forget_bytes(folder, sha256)
