"""What a person sees who looks closely is bounded, printable and free of secrets, also of a reading that is good."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from checks.base import Certificate, Kind, Observation, Reading, Spec, Status, Traces, Value
from checks.judge import Rules, judge
from checks.readable import readable
from checks.registry import KINDS
from config.conditions import parse

NASTY = "CN=\x1b[2Jwww\u202e, password=hunter2, jane@example.org\n"
HTTP = KINDS["http"]


def certificate(text: str = NASTY, names: int = 1, ends: float = 2e9) -> Certificate:
    """Serial, fingerprint and key are written by us, the rest by whoever made it."""
    return Certificate(text, text, (text,) * names, 1e9, ends, "3f", "9f2c6d", "RSA 2048")


def closely(seen: Observation, down: str = "status > 299", kind: Kind = HTTP) -> Reading:
    return judge(seen, Rules(kind, [parse(down)], [], explain=True, closely=True), 7, 0.1)


def texts(traces: Traces) -> list[str]:
    found = [*traces.addresses, traces.answered, *(each for pair in traces.headers for each in pair)]
    for each in traces.chain:
        found += [each.subject, each.issuer, *each.names]
    return found


@given(st.text(max_size=400))
def test_any_text_of_the_other_side_becomes_one_short_printable_line(text: str) -> None:
    traces = Traces((text,), (certificate(text),), text)
    reading = closely(Observation({"status": 200}, traces=traces, headers=((text, text),)))
    assert reading.traces is not None
    for shown in texts(reading.traces):
        assert shown.isprintable()
        assert len(shown) <= 300


def test_secrets_are_masked_although_nothing_is_wrong() -> None:
    headers = (("Set-Cookie", "sid=1234567"), ("X-Debug", "password=hunter2"), ("Server", "nginx"))
    seen = Observation(
        {"status": 200, "ip": "192.0.2.7", "http_version": "token=hunter2"},
        headers=headers,
        body="password=hunter2",
        notes=("password=hunter2",),
        traces=Traces(("192.0.2.7",), (certificate(),)),
    )
    reading = closely(seen, down='body contains "x" or header "Set-Cookie" contains "y"')
    assert reading.status is Status.OK
    assert "hunter2" not in repr(reading)
    assert "1234567" not in repr(reading)
    assert "jane@" not in repr(reading)
    assert reading.traces is not None
    assert reading.traces.headers == (("Set-Cookie", "***"), ("X-Debug", "password=***"), ("Server", "nginx"))
    assert reading.traces.answered == "192.0.2.7"


def test_there_is_an_end_to_everything() -> None:
    traces = Traces(("192.0.2.7",) * 999, (certificate("x" * 9999, names=999, ends=1e300),) * 99)
    found = closely(Observation(traces=traces, headers=(("a", "b"),) * 9999)).traces
    assert found is not None
    assert (len(found.addresses), len(found.chain), len(found.headers)) == (64, 10, 100)
    assert (len(found.chain[0].names), len(found.chain[0].subject)) == (100, 300)
    assert found.chain[0].ends == 253_402_300_799
    assert closely(Observation(traces=Traces(chain=(certificate(ends=float("nan")),)))).traces is not None


def test_what_failed_is_shown_as_far_as_it_came() -> None:
    traces = Traces(("192.0.2.7",), (certificate("CN=www"),))
    failed = closely(Observation(failure="certificate expired", traces=traces))
    assert (failed.status, failed.traces) == (Status.DOWN, traces)
    blind = closely(Observation(blind="no permission"))
    assert (blind.status, blind.traces) == (Status.UNKNOWN, Traces())


def test_every_part_is_kept_for_who_looks_closely_and_for_nobody_else() -> None:
    parts = {"/a": Observation({"status": 200}), "/b": Observation({"status": 503})}
    seen = Observation(parts=parts, notes=("password=hunter2",))
    reading = closely(seen)
    assert {name: part.status for name, part in reading.parts.items()} == {
        "/a": Status.OK,
        "/b": Status.DOWN,
    }
    assert "hunter2" not in repr(reading)
    plain = judge(seen, Rules(HTTP, [parse("status > 299")], []), 7, 0.1)
    assert (plain.parts, plain.traces) == ({}, None)
    assert judge(Observation(traces=Traces(("::1",))), Rules(HTTP, [], []), 7, 0.1).traces is None


def test_a_kind_of_ones_own_needs_nothing_for_it() -> None:
    async def probe(spec: Spec, context: object) -> Observation:
        return Observation()

    own = Kind("own", "a kind", Spec, probe, (Value("height", "", "a number"),), True, "type: own\n")
    reading = closely(Observation({"height": 3}), down="height > 2", kind=own)
    assert (reading.status, reading.traces) == (Status.DOWN, Traces())


def test_values_are_shown_as_people_read_them() -> None:
    assert [readable(0.0342, "seconds"), readable(1536, "bytes"), readable(0.914, "ratio")] == [
        "34.2ms",
        "1.5KiB",
        "91.4%",
    ]
    assert [readable(True, ""), readable(2.50, "days"), readable(3, ""), readable("a", "")] == [
        "true",
        "2.5",
        "3",
        "a",
    ]
