"""Cookies go from one hop of a look to the next, to where they belong, and no further."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.http.address import target
from checks.http.cookies import Jar, cookie_line, kept
from tests.checks.http.web import Asked, answer, look, looked, serving

NOW = 1_800_000_000.0


def jar(*headers: str, url: str = "https://www.shop.example/a/b", after: Jar = ()) -> Jar:
    return kept(after, tuple(("Set-Cookie", header) for header in headers), target(url), NOW)


def gate(asked: Asked) -> bytes:
    """Lets in who comes back with the cookie: as sites do that look for browsers."""
    if "seen=1" in "".join(asked.all("Cookie")):
        return answer(b"in")
    return answer(b"", "Set-Cookie: seen=1; Path=/; HttpOnly", f"Location: {asked.path}", status="302 F")


def test_page_behind_a_cookie_is_reached() -> None:
    reading, asked = looked(gate, down='body != "in"')
    assert (reading.values["redirects"], reading.status.value) == (1, "ok"), reading.message
    assert [each.all("Cookie") for each in asked] == [[], ["seen=1"]]


def test_cookies_of_ones_own_are_sent_before_those_of_the_server() -> None:
    _, asked = looked(gate, headers={"Cookie": "mine=2"})
    assert [each.all("Cookie") for each in asked] == [["mine=2"], ["mine=2; seen=1"]]


def test_nothing_is_kept_from_one_look_to_the_next() -> None:
    async def run() -> list[list[str]]:
        async with serving(gate) as web:
            for _ in range(2):
                await look(web.url())
            return [each.all("Cookie") for each in web.asked]

    assert asyncio.run(run()) == [[], ["seen=1"], [], ["seen=1"]]


def test_cookies_stay_with_their_host() -> None:
    async def run() -> list[str]:
        async with serving(lambda _asked: answer()) as other:
            where = f"Location: http://127.0.0.2:{other.port}/"
            async with serving(lambda _asked: answer(b"", "Set-Cookie: a=b", where, status="302 F")) as web:
                await look(web.url())
            return [each for asked in other.asked for each in asked.all("Cookie")]

    assert asyncio.run(run()) == []


@pytest.mark.parametrize(
    ("header", "url", "line"),
    [
        ("a=b", "https://www.shop.example/a/c", "a=b"),
        ("a=b", "https://www.shop.example/", ""),
        ("a=b; Path=/", "https://www.shop.example/", "a=b"),
        ("a=b; Path=/a", "https://www.shop.example/ab", ""),
        ("a=b; Path=/a", "https://www.shop.example/a", "a=b"),
        ("a=b; Path=/", "https://shop.example/", ""),
        ("a=b; Path=/; Domain=shop.example", "https://shop.example/", "a=b"),
        ("a=b; Path=/; Domain=.Shop.example", "https://other.shop.example/", "a=b"),
        ("a=b; Path=/; Domain=shop.example", "https://eshop.example/", ""),
        ("a=b; Path=/; Domain=example", "https://www.shop.example/", ""),
        ("a=b; Path=/; Domain=bank.example", "https://bank.example/", ""),
        ("a=b; Path=/; Secure", "http://www.shop.example/", ""),
        ("a=b; Path=/; Max-Age=0", "https://www.shop.example/", ""),
        ("a=b; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://www.shop.example/", ""),
        ("a=b; Path=/; Expires=Fri, 01-Jan-2100 00:00:00 GMT", "https://www.shop.example/", "a=b"),
        ("a=b; Path=/; Expires=soon", "https://www.shop.example/", "a=b"),
        ("lone; Path=/", "https://www.shop.example/", "lone"),
        ("; Path=/", "https://www.shop.example/", ""),
        ("a=b\x01c; Path=/", "https://www.shop.example/", ""),
        ("a=\u00e9; Path=/", "https://www.shop.example/", ""),
        (f"a={'x' * 5000}; Path=/", "https://www.shop.example/", ""),
    ],
)
def test_cookie_is_sent_where_it_belongs(header: str, url: str, line: str) -> None:
    assert cookie_line(jar(header), target(url)) == line


def test_last_one_of_a_name_wins_and_one_that_is_over_takes_it_back() -> None:
    home = target("https://www.shop.example/")
    first = jar("a=1; Path=/", "b=2; Path=/")
    assert cookie_line(jar("a=3; Path=/", after=first), home) == "b=2; a=3"
    assert cookie_line(jar("a=; Path=/; Max-Age=-1", after=first), home) == "b=2"


def test_many_and_large_cookies_are_bounded() -> None:
    many = jar(*(f"c{number}={'x' * 1000}; Path=/" for number in range(500)))
    assert len(many) == 50
    assert len(cookie_line(many, target("https://www.shop.example/"))) <= 16 * 1024


def test_cookie_of_an_address_is_for_it_alone() -> None:
    for domain in ("0.0.1", "127.0.0.1"):
        found = jar(f"a=b; Path=/; Domain={domain}", url="http://127.0.0.1/")
        assert cookie_line(found, target("http://127.0.0.1/")) == ("a=b" if domain == "127.0.0.1" else "")
        assert cookie_line(found, target("http://9.127.0.0.1.example/")) == ""


@given(st.text(max_size=80), st.sampled_from(["https://www.shop.example/a", "http://127.0.0.1/"]))
def test_no_cookie_breaks_a_header(header: Any, url: str) -> None:
    line = cookie_line(jar(header, url=url), target(url))
    assert line.isascii()
    assert line.isprintable()
