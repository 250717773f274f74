"""What a server may answer to a query, word for word, and what the reading is."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.base import Context, ErrorKind, Observation, Reading, Status
from checks.judge import Rules, judge
from checks.network import Network
from checks.prometheus.answer import MOST_SERIES, NoAnswer, Refusal, Result, understood
from checks.prometheus.kind import KIND, probe
from checks.prometheus.spec import PrometheusSpec, named
from config.conditions import parse
from tests.checks.http.web import Answer, Asked, answer, serving

NOW = 1_700_000_000.0
JSON = "Content-Type: application/json"


def tells(document: Any, status: str = "200 OK") -> Answer:
    return lambda _asked: answer(json.dumps(document).encode(), JSON, status=status)


def success(kind: str, result: Any, **more: Any) -> Answer:
    return tells({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def series(value: str, at: float = NOW, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [at, value]}


def error(sort: str, text: str, status: str) -> Answer:
    return tells({"status": "error", "errorType": sort, "error": text}, status)


def asked(reply: Answer, path: str = "", **options: Any) -> tuple[Observation, list[Asked]]:
    async def run() -> tuple[Observation, list[Asked]]:
        network = Network()
        try:
            async with serving(reply) as web:
                spec = PrometheusSpec.model_validate({"url": web.url(path), "query": "up", **options})
                return await probe(spec, Context(timeout=5, network=network, now=NOW)), web.asked
        finally:
            await network.aclose()

    return asyncio.run(run())


def seen(reply: Answer, **options: Any) -> Observation:
    return asked(reply, **options)[0]


def judged(look: Observation, down: str) -> Reading:
    return judge(look, Rules(KIND, (parse(down, KIND.measures),), ()), 0, 0.1)


def test_one_series_gives_the_value() -> None:
    look = seen(success("vector", [series("0.5", NOW - 2, job="x")]))
    assert {name: look.values[name] for name in ("value", "series", "age")} == {
        "value": 0.5,
        "series": 1,
        "age": 2,
    }
    assert judged(look, "value > 0.4").status is Status.DOWN


def test_scalar_and_string_give_value_and_text() -> None:
    assert seen(success("scalar", [NOW, "7"])).values["value"] == 7
    text = seen(success("string", [NOW, "ready"]))
    assert text.values["text"] == "ready"
    assert judged(text, 'text != "ready" or value > 1').status is Status.OK


def test_each_of_several_series_is_judged_by_itself() -> None:
    reply = success("vector", [series("1", job="x", host="a"), series("0", job="x", host="b")])
    reading = judged(seen(reply), "value < 1")
    assert reading.status is Status.DOWN
    assert reading.message == 'host="b": value < 1 (value = 0)'


@pytest.mark.parametrize("moment", ["1" + "0" * 400, "1e999", "-1e999", "NaN", "true", '"1"'])
@pytest.mark.parametrize("point", ['"value":[%s,"1"]', '"histogram":[%s,{}]'])
def test_moment_that_is_no_number_is_no_answer(point: str, moment: str) -> None:
    one = '{"metric":{},' + point % moment + "}"
    text = f'{{"status":"success","data":{{"resultType":"vector","result":[{one}]}}}}'
    look = seen(lambda _asked: answer(text.encode(), JSON))
    assert look.error_kind is ErrorKind.CONTENT
    assert look.failure is not None


def test_names_of_series_are_short_and_harmless_and_none_hides_another() -> None:
    long = "\x1b[31m" * 100
    look = seen(
        success("vector", [series(str(number), NOW, **{long: f"{long}{number}"}) for number in range(3)])
    )
    assert [part.values["value"] for part in look.parts.values()] == [0, 1, 2]
    assert all(name.isprintable() and len(name) < 300 for name in look.parts)


def test_same_labels_twice_are_two_series() -> None:
    assert len(seen(success("vector", [series("1"), series("2")])).parts) == 2


def test_answer_without_series_is_what_the_operator_says() -> None:
    empty = success("vector", [])
    unknown = seen(empty)
    assert unknown.blind is not None
    assert "finds no series" in unknown.blind
    assert "finds no series" in (seen(empty, absent="down").failure or "")
    well = seen(empty, absent="ok")
    assert judged(well, "series > 0 or value > 0").status is Status.OK
    assert judged(well, "not exists value").status is Status.DOWN


@pytest.mark.parametrize(
    ("point", "says"),
    [
        (series("NaN"), "is NaN"),
        (series("+Inf"), "is Inf"),
        (series("-Inf"), "is -Inf"),
        (series("1", NOW - 301), "stale: its timestamp is 5m1s old"),
        ({"metric": {}, "histogram": [NOW, {"count": "1"}]}, "native histogram"),
    ],
)
def test_what_cannot_be_judged_is_unknown_with_the_reason(point: Any, says: str) -> None:
    look = seen(success("vector", [point]))
    assert says in look.unread["value"]
    assert judged(look, "value > 0").status is Status.UNKNOWN


def test_how_old_a_value_may_be_is_told() -> None:
    assert seen(success("vector", [series("1", NOW - 500)]), max_age="10m").values["value"] == 1


def test_range_and_too_many_series_are_not_judged() -> None:
    assert "max_over_time" in (seen(success("matrix", [])).blind or "")
    many = [series("1", n=str(number)) for number in range(MOST_SERIES + 1)]
    assert "use sum, max or topk" in (seen(success("vector", many)).blind or "")


def test_warnings_are_notes() -> None:
    look = seen(success("vector", [series("1")], warnings=["one store is \x1b[31mout"], infos=["no counter"]))
    assert look.notes == ("the server says: one store is \\x1b[31mout", "the server says: no counter")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error("bad_data", "1:4: parse error", "400 Bad Request"), ErrorKind.LOCAL),
        (error("execution", "many-to-many matching", "422 Unprocessable Entity"), ErrorKind.CONTENT),
        (error("timeout", "query timed out", "503 Service Unavailable"), ErrorKind.TIMEOUT),
        (error("canceled", "query was canceled", "503 Service Unavailable"), ErrorKind.TIMEOUT),
        (error("422", "cannot parse query", "422 Unprocessable Entity"), ErrorKind.CONTENT),
        (error("bad_data", "too many samples", "429 Too Many Requests"), ErrorKind.LOCAL),
        (error("", "slow down", "429 Too Many Requests"), ErrorKind.QUOTA),
        (error("", "no org id", "401 Unauthorized"), ErrorKind.AUTH),
    ],
)
def test_word_of_the_server_against_the_query_is_unknown(reply: Answer, kind: ErrorKind) -> None:
    look = seen(reply)
    assert look.blind is not None
    assert look.error_kind is kind
    assert look.failure is None


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "407 Proxy"])
def test_refused_login_is_unknown_and_no_outage(status: str) -> None:
    look = seen(lambda _asked: answer(b"no", "Content-Type: text/plain", status=status))
    assert look.error_kind is ErrorKind.AUTH
    assert "login" in (look.blind or "") or "refuses us" in (look.blind or "")


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (error("internal", "storage is broken", "500 Internal"), ErrorKind.STATUS, "500: storage is broken"),
        (error("unavailable", "starting", "503 No"), ErrorKind.STATUS, "503: starting"),
        (
            lambda _asked: answer(b"404 page not found", status="404 No"),
            ErrorKind.STATUS,
            "without /api/v1/query",
        ),
        (lambda _asked: answer(b"bad gateway", status="502 No"), ErrorKind.STATUS, "502"),
        (
            lambda _asked: answer(b"<html>", "Content-Type: text/html"),
            ErrorKind.CONTENT,
            "no JSON (text/html)",
        ),
        (lambda _asked: answer(b"[" * 100_000), ErrorKind.CONTENT, "no JSON"),
        (tells({"status": "ok"}), ErrorKind.CONTENT, "not of a query"),
        (success("vector", [{"metric": {}}]), ErrorKind.CONTENT, "no value"),
        (success("vector", [{"metric": {}, "value": [NOW, "many"]}]), ErrorKind.CONTENT, "expected a number"),
        (success("tensor", []), ErrorKind.CONTENT, "unknown sort"),
    ],
)
def test_server_that_is_ill_or_is_none_is_down(reply: Answer, kind: ErrorKind, says: str) -> None:
    look = seen(reply)
    assert look.error_kind is kind
    assert says in (look.failure or "")


@pytest.mark.parametrize(
    ("path", "asked_at"),
    [
        ("", "/api/v1/query"),
        ("/", "/api/v1/query"),
        ("/prometheus/", "/prometheus/api/v1/query"),
        ("/graph", "/api/v1/query"),
        ("/select/0/prometheus/api/v1/query", "/select/0/prometheus/api/v1/query"),
    ],
)
def test_query_goes_behind_the_base_address(path: str, asked_at: str) -> None:
    query = 'up{a="ü &+%"}'
    _, (request,) = asked(success("vector", []), path, query=query)
    where = urlsplit(request.path)
    assert (request.method, where.path) == ("GET", asked_at)
    assert parse_qs(where.query) == {"query": [query]}


def test_parameters_of_the_address_stay() -> None:
    _, (request,) = asked(success("vector", []), "/?dedup=true")
    assert parse_qs(urlsplit(request.path).query) == {"dedup": ["true"], "query": ["up"]}


def test_long_query_is_posted_and_a_tenant_named() -> None:
    query = " + ".join(["${1}"] + ["up"] * 1000)
    look, (request,) = asked(success("vector", [series("1")]), query=query, tenant="shop")
    assert request.method == "POST"
    assert parse_qs(request.body.decode()) == {"query": [query]}
    assert request.all("X-Scope-OrgID") == ["shop"]
    assert look.values["value"] == 1


def test_value_is_in_the_unit_that_the_operator_says() -> None:
    spec = PrometheusSpec.model_validate({"url": "http://p", "query": "up", "unit": "ratio"})
    condition = parse("value > 90%", {**KIND.measures, **named(spec)})
    assert condition.names == {"value"}


@pytest.mark.parametrize(
    "options", [{"query": " "}, {"query": "x" * 40_000}, {"tenant": "a/b"}, {"absent": "zero"}]
)
def test_what_cannot_be_asked_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PrometheusSpec.model_validate({"url": "http://p", "query": "up", **options})


_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["success", "error", "vector"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["status", "data", "resultType", "result", "metric", "value", "histogram", "error"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(document=_ANY, result=_ANY)
def test_any_document_is_understood_or_no_answer(document: Any, result: Any) -> None:
    around = {"status": "success", "data": {"resultType": "vector", "result": [result]}, "warnings": document}
    for text in (json.dumps(document), json.dumps(around)):
        try:
            found = understood(text)
        except NoAnswer as reason:
            assert str(reason).isprintable()
        else:
            assert isinstance(found, (Result, Refusal))
