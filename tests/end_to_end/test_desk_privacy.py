"""The troubleshooting log and a person's data by command, beside a daemon and without one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.end_to_end.daemon import Daemon

USAGE = 64
PAT = ("--reporter", "Pat Sample", "--email", "pat@example.org", "--phone", "+27 11 555 0100")


def test_the_log_masks_a_person_who_can_be_exported_and_forgotten(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("a log of Pat Sample\n", encoding="utf-8")
    with Daemon(tmp_path, services={}) as daemon:
        daemon.start()
        opened = daemon.tocsin("tickets", "open", "=Pat Sample cannot pay", *PAT, "--attach", str(note))
        assert opened.code == 0, opened.err
        assert daemon.tocsin("tickets", "resolve", "T-1", "--note", "paid by hand").code == 0
        rows = list(csv.DictReader(io.StringIO(daemon.tocsin("desk", "log", "--csv").out)))
        assert [(row["id"], row["title"], row["reporter"]) for row in rows] == [
            ("T-1", "'=*** cannot pay", "***")
        ]
        (told,) = daemon.json("desk", "log", "--with-personal-data")
        assert (told["reporter"], told["resolution"]) == ("Pat Sample", "paid by hand")
        assert daemon.tocsin("desk", "log", "--csv", "--json").code == USAGE
        assert daemon.json("desk", "log", "--until", "2020-01-01") == []
        daemon.stop()

        folder = tmp_path / "export"
        exported = daemon.json("desk", "export", "pat@example.org", "--files", str(folder))
        assert exported["tickets"][0]["reporter"]["phone"] == "+27 11 555 0100"
        assert (folder / "T-1-1-note.txt").read_text(encoding="utf-8") == "a log of Pat Sample\n"
        unasked = daemon.tocsin("desk", "forget", "pat@example.org")
        assert (unasked.code, "1 attachment" in unasked.err) == (USAGE, True)
        document = daemon.json("desk", "forget", "pat@example.org", "--yes")
        assert document == {"reported": ["T-1"], "mentioned": []}
        assert daemon.tocsin("desk", "export", "pat@example.org").code == 1
        state = tmp_path / "state"
        kept = [each for each in state.rglob("*") if each.is_file() and b"Pat Sample" in each.read_bytes()]
        assert kept == []
        assert daemon.json("desk", "figures")["times"]["resolve"]["count"] == 1
