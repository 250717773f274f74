"""Rows under their new names: several checks at once, whatever the table and however its key is ordered."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Table, select

from agent.store import schema
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from agent.store.rename import carry_over

WHEN = {
    schema.readings: "at", schema.packed_readings: "hour", schema.roll_ups: "start", schema.flips: "at",
    schema.spans: "start", schema.blips: "start", schema.requests: "hour",
}  # fmt: skip


@pytest.mark.parametrize("table", WHEN, ids=lambda table: table.name)
def test_several_checks_take_their_rows_along_at_once(tmp_path: Path, table: Table) -> None:
    engine = writing_engine(tmp_path / FILE_NAME)
    migrate(engine)
    with engine.begin() as connection:
        rows = [row(table, check, at) for check in ("home", "shop", "mail") for at in (1, 2, 3)]
        connection.execute(table.insert(), rows)
        carry_over(
            connection, "test", [(("web", "home"), ("web", "start")), (("web", "shop"), ("store", "shop"))]
        )
        key = (table.c.service, table.c.check_id, table.c[WHEN[table]])
        found = [tuple(each) for each in connection.execute(select(*key).order_by(*key))]
    engine.dispose()
    assert found == [
        *(("store", "shop", at) for at in (1, 2, 3)),
        *(("web", "mail", at) for at in (1, 2, 3)),
        *(("web", "start", at) for at in (1, 2, 3)),
    ]


def row(table: Table, check: str, at: int) -> dict[str, object]:
    given = {"agent_id": "test", "service": "web", "check_id": check, WHEN[table]: at, "step": "hour"}
    rest = {each.name: b"" if each.type.python_type is bytes else 9 for each in table.columns}
    texts = {each.name: "x" for each in table.columns if each.type.python_type is str}
    return {name: {**rest, **texts, **given}[name] for name in rest}
