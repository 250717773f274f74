"""An explanation through the installed command: imported history, a live daemon, a kill, planned work."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.website import Site


def hence(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def lived(daemon: Daemon, site: Site) -> None:
    """Up, then down under planned work and after it, killed meanwhile, and up again."""
    daemon.start()
    wait_for(
        lambda: daemon.rows("SELECT 1 FROM spans WHERE check_id = 'home' AND klass = 'up'"), "time that is up"
    )
    add = ("maintenance", "add", "--service", "shop", "--for", "1h", "--reason", "new disks")
    assert daemon.tocsin(*add).code == 0
    site.turn(good=False)
    wait_for(lambda: daemon.rows("SELECT 1 FROM flips WHERE \"after\" = 'down'"), "a confirmed failure")
    assert daemon.tocsin("maintenance", "end", "M-1").code == 0
    daemon.kill()
    daemon.start()
    down = "SELECT count(*) FROM spans WHERE check_id = 'home' AND klass = 'down'"
    wait_for(lambda: daemon.rows(down)[0][0] > 1, "time that is down after the kill")
    site.turn(good=True)
    wait_for(lambda: daemon.rows("SELECT 1 FROM flips WHERE \"after\" = 'ok'"), "a recovery")
    daemon.stop()


def imported(directory: Path) -> str:
    lines: list[dict[str, Any]] = [
        {"service": "shop", "kind": "state", "at": hence(-7200), "state": "up"},
        {"service": "shop", "kind": "reading", "at": hence(-3600), "status": "down", "valid_for": 60},
        {"service": "shop", "kind": "maintenance", "from": hence(-6000), "to": hence(-5900)},
        {"kind": "agent_off", "from": hence(-5000), "to": hence(-4900)},
    ]
    file = directory / "told.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return str(file)


def test_pieces_of_a_lived_history_sum_up_to_its_figures(tmp_path: Path) -> None:
    with Site() as site:
        check = {"type": "http", "url": site.url, "every": "1s", "timeout": "1s", "recover": 1}
        with Daemon(tmp_path, services={"shop": {"checks": {"home": check}}}) as daemon:
            assert daemon.tocsin("history", "import", imported(tmp_path)).code == 0
            lived(daemon, site)
            asked = ("--period", "24h", "--as-of", hence(10))
            (figure,) = daemon.json(
                "uptime", "--service", "shop", "--from", hence(-86400), "--to", asked[3], *asked[2:]
            )
            found = daemon.json(
                "explain", "uptime", "shop", "--from", figure["period"]["from"], "--to", asked[3], *asked[2:]
            )
            page = daemon.tocsin("explain", "uptime", "shop", "--period", "24h", "--all").out
    sums: Counter[str] = Counter()
    for piece in found["pieces"]:
        sums[piece["class"]] += Fraction(piece["seconds"])  # type: ignore[assignment]
    assert {name: sums[name] for name in figure["seconds"]} == {
        name: Fraction(text) for name, text in figure["seconds"].items()
    }
    ends = [found["observed"]["from"], *(piece["to"] for piece in found["pieces"])]
    assert ends == [*(piece["from"] for piece in found["pieces"]), found["observed"]["to"]]
    assert found["uptime"] == figure["uptime"]
    sources = [piece["source"] for piece in found["pieces"]]
    assert {source["kind"] for source in sources} >= {"imported", "maintenance", "reading", "gap"}
    assert {source["why"] for source in sources if source["kind"] == "gap"} >= {
        "agent_off",
        "stopped",
        "ended",
    }
    told = {work["id"]: work for work in found["maintenance"]}
    assert told[None]["hides"].keys() == {"up"}
    assert set(told["M-1"]["hides"]) >= {"down"}
    seen = [check for source in sources for check in source.get("checks", ()) if check["class"] == "down"]
    assert all("503" in check["reading"]["message"] for check in seen if check["reading"])
    assert any(check["confirmed"] for check in seen)
    assert "back-dated" in page
    assert max(map(len, page.splitlines())) <= 80
