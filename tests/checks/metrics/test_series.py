"""What conditions may ask of a page: values, shares, rates, ages, quantiles; several series; what is not there."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from checks.base import ErrorKind, Observation, Status
from checks.metrics.figures import MOST_PARTS
from checks.metrics.growth import MOST_REMEMBERED
from tests.checks.http.web import Asked, answer, serving
from tests.checks.metrics.exporters import (
    NOW,
    OPENMETRICS,
    TEXT,
    by_the_command,
    in_turn,
    judged,
    observed,
    reread,
    scraped,
    seen,
    shows,
    some_time_ago,
)

DISKS = """\
node_load1 0.5
free_bytes{mountpoint="/",device="sda"} 50
free_bytes{mountpoint="/srv",device="sdb"} 1
size_bytes{mountpoint="/",device="sda"} 100
size_bytes{mountpoint="/srv",device="sdb"} 100
"""


def one(page: str, **measured: Any) -> Observation:
    return seen(page, series={"x": measured})


def after(first: str, then: str, *, seconds: float = 10.0, **measured: Any) -> Observation:
    """The second of two looks so far apart."""
    before = one(first, **measured)
    return seen(then, memo=some_time_ago(reread(before), seconds), series={"x": measured})


def test_value_of_one_series_is_what_the_page_says() -> None:
    look = seen(DISKS, series={"load": "node_load1", "root": 'free_bytes{mountpoint="/"}'})
    assert {name: look.values[name] for name in ("load", "root", "series")} == {
        "load": 0.5,
        "root": 50,
        "series": 5,
    }
    assert look.values["size"] == len(DISKS)
    assert look.values["latency"] is not None


def test_each_of_several_series_is_judged_by_itself_and_the_worst_is_named() -> None:
    look = seen(DISKS, series={"load": "node_load1", "free": {"of": "free_bytes", "per": "size_bytes"}})
    reading = judged(look, down="free < 2%", degraded="load > 1")
    assert reading.status is Status.DOWN
    assert reading.message == 'device="sdb",mountpoint="/srv": free < 2% (free = 1%)'
    assert look.parts['device="sda",mountpoint="/"'].values["load"] == 0.5


def test_values_of_the_same_labels_are_judged_together() -> None:
    look = seen(DISKS, series={"free": "free_bytes", "total": "size_bytes"})
    assert judged(look, down="free < 2 and total == 100").message.startswith('device="sdb"')


@pytest.mark.parametrize(
    ("combine", "value"), [("sum", 51), ("min", 1), ("max", 50), ("avg", 25.5), ("count", 2)]
)
def test_several_series_make_one_value_as_the_operator_says(combine: str, value: float) -> None:
    assert one(DISKS, of="free_bytes", combine=combine).values["x"] == value


def test_share_of_sums_is_not_the_sum_of_shares() -> None:
    look = one('e{c="1"} 1\nr{c="1"} 10\nr{c="2"} 90\n', of="e", per="r", combine="sum")
    assert look.values["x"] == 0.01


def test_nothing_divided_by_nothing_is_absent_and_no_condition_is_true_of_it() -> None:
    look = one("e 0\nr 0\n", of="e", per="r")
    assert look.values["x"] is None
    assert judged(look, down="x > 1%").status is Status.OK


def test_shares_are_of_the_fellow_with_the_same_labels_or_of_one_for_all() -> None:
    page = 'u{m="/",d="a"} 50\nu{m="/srv",d="b"} 5\ns{m="/",d="a"} 100\nall 500\nof{k="x"} 10\n'
    of_one = one(page, of="u", per="s")
    assert of_one.parts['d="a",m="/"'].values["x"] == 0.5
    assert "no series of s has the same labels" in of_one.parts['d="b",m="/srv"'].unread["x"]
    assert judged(of_one, down="x < 10%").status is Status.UNKNOWN
    well = one(page, of="u", per="s", absent="ok")
    assert judged(well, down="x < 10%").status is Status.OK
    for per in ("all", 'of{k="x"}'):
        shares = one(page, of="u", per=per).parts.values()
        assert [each.values["x"] for each in shares] == [
            50 / (500 if per == "all" else 10),
            5 / (500 if per == "all" else 10),
        ]
    assert "no series of of" in one(page, of="all", per="of").unread["x"]


@pytest.mark.parametrize(
    "measured",
    [
        {"of": "big", "combine": "sum"},
        {"of": "big", "combine": "avg"},
        {"of": "one", "per": "tiny"},
    ],
)
def test_number_too_large_for_one_is_unknown(measured: dict[str, str]) -> None:
    page = 'big{n="1"} 1.5e308\nbig{n="2"} 1.5e308\none 1e308\ntiny 1e-308\n'
    assert "too large" in one(page, **measured).unread["x"]


def test_growth_too_large_for_a_number_is_unknown() -> None:
    look = after("c -1.5e308\n", "c 1.5e308\n", of="c", measure="increase")
    assert "too large" in look.unread["x"]


@pytest.mark.parametrize("bucket", ['h_bucket{le="wide"} 1', 'h_bucket{le="NaN"} 1', "h_bucket 1"])
def test_bucket_without_a_number_makes_its_quantile_unknown(bucket: str) -> None:
    page = f'{bucket}\nh_bucket{{le="+Inf"}} 2\n'
    assert "no number as le" in after(page, page, of="h", quantile="50%").unread["x"]


def test_series_whose_long_labels_look_the_same_are_each_judged() -> None:
    page = "".join(f'x{{u="{"long " * 50}{number}"}} {number}\n' for number in (3, 2, 1))
    look = one(page, of="x")
    assert [part.values["x"] for part in look.parts.values()] == [3, 2, 1]


def test_little_is_remembered_of_long_labels() -> None:
    page = f'c{{u="{"x" * 60_000}"}} '
    measured: dict[str, Any] = {"of": "c", "measure": "increase"}
    assert len(str(one(f"{page}1\n", **measured).memo)) < 1000
    assert after(f"{page}1\n", f"{page}4\n", **measured).values["x"] == 3


def test_age_is_the_time_since_the_moment_that_a_value_tells() -> None:
    assert one(f"boot_seconds {NOW - 90}\n", of="boot_seconds", measure="age").values["x"] == 90


def test_rate_is_over_the_time_since_the_last_look() -> None:
    look = after("c_total 100\n", "c_total 150\n", of="c_total", measure="rate")
    assert look.values["x"] == pytest.approx(5, rel=0.2)


def test_counter_that_began_anew_grew_by_what_it_shows() -> None:
    assert after("c_total 100\n", "c_total 7\n", of="c_total", measure="increase").values["x"] == 7


def test_new_series_has_no_rate_yet_and_spoils_no_sum() -> None:
    then = 'c{a="1"} 3\nc{a="2"} 1000\n'
    assert after('c{a="1"} 1\n', then, of="c", measure="increase", combine="sum").values["x"] == 2
    each = after('c{a="1"} 1\n', then, of="c", measure="increase")
    assert {name: part.values["x"] for name, part in each.parts.items()} == {'a="1"': 2, 'a="2"': None}


def test_series_that_counts_as_zero_when_absent_grew_from_there() -> None:
    look = after("up 1\n", "up 1\nc 4\n", of="c", measure="increase", absent="zero")
    assert look.values["x"] == 4
    assert one("up 1\n", of="c", measure="increase", absent="zero").values["x"] == 0


def test_first_look_takes_two_to_tell_a_rate() -> None:
    look, asked = scraped(
        in_turn("c_total 1\n", "c_total 11\n"),
        series={"x": {"of": "c_total", "measure": "increase"}},
        timeout=4.0,
    )
    assert len(asked) == 2
    assert look.values["x"] == 10
    assert look.memo["counters"] == {"c_total": {"[]": 11}}


def test_look_that_failed_keeps_what_was_remembered() -> None:
    before = one("c_total 1\n", of="c_total", measure="rate")
    look = seen("c_total\n", memo=before.memo, series={"x": {"of": "c_total", "measure": "rate"}})
    assert look.failure is not None
    assert look.memo == before.memo


@pytest.mark.parametrize(
    "memo",
    [None, 0, "x", [], {}, {"at": 1e400}, {"at": 0, "boot": "x", "counters": {"c_total": {"[]": 0}}}],
    ids=repr,
)
def test_no_memo_breaks_a_look(memo: Any) -> None:
    look = seen("c_total 1\n", memo=memo, series={"x": {"of": "c_total", "measure": "increase"}})
    assert look.values["x"] == 0


def test_quantile_is_of_what_was_observed_since_the_last_look() -> None:
    page = (
        'h_bucket{{p="{p}",le="1"}} {a}\nh_bucket{{p="{p}",le="2"}} {b}\nh_bucket{{p="{p}",le="+Inf"}} {b}\n'
    )
    first = page.format(p="a", a=1000, b=1000) + page.format(p="b", a=0, b=0)
    then = page.format(p="a", a=1000, b=1010) + page.format(p="b", a=10, b=10)
    assert after(first, then, of="h", quantile="75%").values["x"] == pytest.approx(1.5)
    assert after(first, then, of="h_bucket", quantile="0.5").values["x"] == pytest.approx(1.0)
    assert after(first, first, of="h", quantile="0.5").values["x"] is None


def test_series_that_is_not_there_is_unknown_with_what_is_near() -> None:
    look = seen(DISKS, series={"load": "node_lod1", "free": 'free_bytes{mountpoint="/home"}'})
    assert look.unread["load"] == 'no series is called node_lod1 (did you mean "node_load1"?)'
    assert 'there are free_bytes{mountpoint="/",device="sda"}' in look.unread["free"]
    reading = judged(look, down="load > 5")
    assert reading.status is Status.UNKNOWN
    assert reading.message == f"could not judge: load > 5 (load is unknown); load: {look.unread['load']}"
    assert judged(look, down="series == 0").status is Status.OK


def test_absent_may_be_well_and_conditions_may_ask() -> None:
    look = one(DISKS, of="backup", absent="ok")
    assert judged(look, down="x > 0").status is Status.OK
    assert judged(look, down="not exists x").status is Status.DOWN


@pytest.mark.parametrize(("number", "says"), [("NaN", "is NaN"), ("+Inf", "is Inf"), ("-Inf", "is -Inf")])
def test_what_is_no_number_is_unknown(number: str, says: str) -> None:
    look = one(f'x{{a="1"}} {number}\nx{{a="2"}} 1\n', of="x", combine="sum")
    assert says in look.unread["x"]
    assert judged(look, down="x > 0").status is Status.UNKNOWN


def test_timestamp_of_the_exporter_that_is_old_makes_a_series_unknown() -> None:
    page = f"x 1 {int((NOW - 600) * 1000)}\n"
    assert "stale: its own timestamp is 10m old" in one(page, of="x").unread["x"]
    assert seen(page, series={"x": "x"}, max_age="1h").values["x"] == 1
    openmetrics = f"x 1 {NOW - 700}\nx 2 {NOW - 1}\n# EOF\n"
    assert scraped(shows(openmetrics, OPENMETRICS), series={"x": "x"})[0].values["x"] == 2


def test_too_many_series_want_to_be_combined() -> None:
    page = "".join(f'x{{n="{number}"}} 1\n' for number in range(MOST_REMEMBERED + 1))
    look = one(page, of="x")
    assert "combine: sum" in look.unread["x"]
    assert one(page, of="x", combine="sum").values["x"] == MOST_REMEMBERED + 1
    assert "to remember" in one(page, of="x", measure="rate", combine="sum").unread["x"]
    few = "".join(page.splitlines(keepends=True)[:MOST_PARTS])
    assert len(one(few, of="x").parts) == MOST_PARTS


def test_series_that_comes_twice_is_noted() -> None:
    assert one("x 1\nx 2\n", of="x").notes == ("x came twice, and the first one counts",)


@pytest.mark.parametrize(
    ("content_type", "page", "said"),
    [
        (TEXT, "# a comment\nx 1\n", None),
        ("Content-Type: text/plain", "# a comment\nx 1\n", None),
        ("X-None: 1", "# a comment\nx 1\n", None),
        (OPENMETRICS, "x 1\n# EOF\n", None),
        ("content-type: Application/OpenMetrics-Text;Version=0.0.1", "x 1\n# EOF\n", None),
        (OPENMETRICS, "x 1\n", "no valid OpenMetrics 1.0: line 2: the page ends without # EOF"),
        ("Content-Type: application/openmetrics-text; version=2.0.0", "x 1\n# EOF\n", "OpenMetrics 2.0.0"),
        ("Content-Type: text/html", "x 1\n", "text/html, no text of metrics"),
        ("Content-Type: application/vnd.google.protobuf", "x 1\n", "protobuf, no text of metrics"),
        ("Content-Type: application/json", "{}", "json, no text of metrics"),
    ],
)
def test_format_is_what_the_answer_says_of_itself(content_type: str, page: str, said: str | None) -> None:
    look, asked = scraped(shows(page, content_type), series={"x": "x"})
    accepted = asked[0].all("Accept")[0]
    assert "text/plain;version=0.0.4" in accepted
    assert "application/openmetrics-text;version=1.0.0" in accepted
    if said is None:
        assert look.values["x"] == 1
    else:
        assert said in (look.failure or "")
        assert look.error_kind is ErrorKind.CONTENT


def test_format_may_be_told() -> None:
    look, asked = scraped(shows("# a comment\nx 1\n", OPENMETRICS), format="prometheus", series={"x": "x"})
    assert look.values["x"] == 1
    assert "openmetrics" not in asked[0].all("Accept")[0]


def test_packed_page_is_unpacked_and_operators_headers_go_first() -> None:
    def reply(asked: Asked) -> bytes:
        assert asked.all("Accept-Encoding")
        return answer(gzip.compress(b"x 1\n"), TEXT, "Content-Encoding: gzip")

    look, asked = scraped(
        reply, series={"x": "x"}, headers={"Accept": "text/special"}, auth={"bearer": "t0ken-t0ken"}
    )
    assert (look.values["x"], look.values["size"]) == (1, 4)
    assert asked[0].all("Accept") == ["text/special"]
    assert asked[0].all("Authorization") == ["Bearer t0ken-t0ken"]


@pytest.mark.parametrize(
    ("status", "kind", "blind"),
    [
        ("401 No", ErrorKind.AUTH, True),
        ("403 No", ErrorKind.AUTH, True),
        ("429 No", ErrorKind.QUOTA, True),
        ("404 No", ErrorKind.STATUS, False),
        ("500 No", ErrorKind.STATUS, False),
        ("503 No", ErrorKind.STATUS, False),
    ],
)
def test_bad_status_tells_whose_fault_it_is(status: str, kind: ErrorKind, *, blind: bool) -> None:
    look = scraped(lambda _asked: answer(b"x 1\n", TEXT, status=status))[0]
    assert look.error_kind is kind
    assert (look.blind is not None) is blind
    assert (look.failure is not None) is not blind
    assert status[:3] in (look.blind or look.failure or "")


def test_exporter_that_is_not_there_is_down(free_port: Any) -> None:
    look = asyncio.run(observed(f"http://127.0.0.1:{free_port()}/metrics"))
    assert look.failure is not None
    assert look.error_kind is ErrorKind.REFUSED


def test_command_asks_series_by_their_names_and_units(tmp_path: Any) -> None:
    async def run() -> dict[str, Any]:
        async with serving(shows(DISKS)) as web:
            check = {
                "type": "metrics",
                "url": web.url(),
                "series": {
                    "free": "free_bytes",
                    "errors": {"of": "err_total", "measure": "rate", "absent": "zero"},
                },
                "degraded": "free < 1KiB and errors == 0",
                "down": "free < 10B",
            }
            return (await asyncio.to_thread(by_the_command, {"disks": check}, tmp_path))["disks"]

    told = asyncio.run(run())
    assert told["status"] == "down"
    assert told["values"]["free"] == 1
    assert 'mountpoint="/srv"' in told["message"]
