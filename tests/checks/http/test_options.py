"""What the file may say, and what is refused at load with a remedy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.http.address import redirect_target, target, without_secrets
from config.errors import ConfigError
from tests.checks.http.web import check_of


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://Example.ORG:443/A?b#c", "https://example.org:443/A?b"),
        ("http://me:pw@example.org/", "http://example.org/"),
        ("http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
        ("http://bücher.example/ä", "http://xn--bcher-kva.example/%C3%A4"),
        ("http://example.org?q=1", "http://example.org/?q=1"),
        ("http://example.org/%20?x=%2f", "http://example.org/%20?x=%2f"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://0x7f000001/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0177.0.0.1/", "http://127.0.0.1/"),
        ("http://\uff11\uff12\uff17.0.0.1/", "http://127.0.0.1/"),
        ("http://a_b.example/", "http://a_b.example/"),
    ],
)  # fmt: skip
def test_address_has_one_form(text: str, url: str) -> None:
    assert target(text).url == url
    assert target(url).url == url


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no host"),
        ("http://", "names no host"),
        ("http:///path", "names no host"),
        ("http://...", "bad host name"),
        ("file:///etc/passwd", 'only http and https are looked at, got "file"'),
        ("ftp://example.org/", "only http and https"),
        ("http://example.org:0/", "port 0"),
        ("http://example.org:99999/", "port"),
        ("http://example.org:http/", "port"),
        ("http://example.org/a b", "%20"),
        ("http://example.org/\x1b[2J", "control character"),
        (" http://example.org/", "space"),
        ("http://exa mple.org/", "space"),
        ("http://[::1/", "IPv6"),
        ("http://300.1.1.1/", "no IPv4 address"),
        ("http://a..b\\c/", "bad host name"),
        ("me:pw-secret@example.org", "write the scheme"),
        ("http://me:pw-secret@/", "names no host"),
        ("http://me:pw-secret@exa%mple/", "bad host name"),
        ("http://me:pw-secret@example.org:port/", "port"),
    ],
)
def test_bad_address_is_refused_at_load_and_no_password_repeated(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_of(url=text)
    assert words in str(caught.value)
    assert "url" in str(caught.value)
    assert "pw-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accept_status": "2xx"}, "expected a status like 200 or a range like 200..299"),
        ({"accept_status": "299..200"}, "the range 299..200 is empty"),
        ({"accept_status": []}, "at least one status"),
        ({"accept_status": [200, "abc"]}, "expected a status"),
        ({"method": "GE T"}, "method"),
        ({"headers": {"X Y": "z"}}, "no header name"),
        ({"headers": {"X:": "z"}}, "no header name"),
        ({"auth": {"user": "a", "bearer": "b"}}, "either user: and password:, or bearer:"),
        ({"auth": {}}, "either user: and password:, or bearer:"),
        ({"auth": {"user": "a:b", "password": "p"}}, "colon"),
        ({"auth": {"user": "a"}}, 'wants its password: (write password: "" if it has none)'),
        ({"auth": {"bearer": "t"}, "headers": {"authorization": "u"}}, "give it once"),
        ({"auth": {"bearer": "t", "password": "p"}}, "password: goes with user:"),
        ({"url": "http://u:p@example.org/", "auth": {"user": "a", "password": "p"}}, "give it once"),
        ({"url": "https:/example.org/"}, "write https:// before the host"),
        ({"url": "htps://example.org/"}, "did you mean https?"),
        ({"tls": {"ca": "/nowhere/ca.pem"}}, "no such file"),
        ({"proxy": "socks://127.0.0.1:1080"}, "a proxy speaks http, https, socks4, socks4a, socks5, socks5h"),
        ({"proxy": "ftp://127.0.0.1"}, "a proxy speaks"),
        ({"proxy": "socks5://me:pw-secret@"}, "names no host"),
        ({"proxy": "127.0.0.1:8080", "resolve": "127.0.0.1"}, "no effect with proxy"),
        ({"resolve": "a b"}, "no web address"),
        ({"max_redirects": 51}, "50"),
        ({"max_body": "2GiB"}, "max_body"),
        ({"ip": "5"}, "ip"),
        ({"http_version": "4"}, "http_version"),
        ({"url": "https://a.example/", "http_version": "h2c"}, "write 2 for https"),
        ({"http_version": "3", "proxy": "127.0.0.1:1"}, "goes straight to the server"),
        ({"unix_socket": "run/x.sock"}, "expected a path from the root"),
        ({"unix_socket": f"/{'x' * 120}"}, "longer than 107 bytes"),
        ({"unix_socket": "/run/x.sock", "resolve": "127.0.0.1"}, "give one of them"),
        ({"body": "a", "json": {"b": 1}}, "body: and json: are both the request's body"),
        ({"form": {"a": "b"}, "json": [1]}, "form: and json:"),
        ({"compression": "zip"}, "compression"),
        (
            {"compression": "br", "headers": {"accept-Encoding": "gzip, br;q=0"}},
            "does not take compression: br",
        ),
        ({"auth": {"user": "a", "password": "p", "scheme": "ntlm"}}, "scheme"),
        ({"auth": {"bearer": "t", "scheme": "digest"}}, "scheme: goes with user:"),
        ({"auth": {"oauth2": {"client_id": "a", "client_secret": "b"}}}, "token_url"),
        ({"auth": {"oauth2": {"token_url": "ftp://a", "client_id": "a", "client_secret": "b"}}}, "only http"),
        ({"schema": "/nowhere/schema.json"}, "no such file: /nowhere/schema.json"),
        ({"schema": "/dev/zero"}, "no such file: /dev/zero"),
        ({"schema": {"type": "object"}, "method": "head"}, "write method: GET"),
        ({"tls": {"key": __file__}}, "key: is the key of cert:"),
        ({"json": '{"a": 1}'}, "is JSON inside a text"),
        (
            {
                "auth": {
                    "oauth2": {"token_url": "https://a:b@c.example/", "client_id": "a", "client_secret": "b"}
                }
            },
            "write client_id: and client_secret: instead",
        ),
        ({"schema": {"type": "objekt"}}, "is no valid JSON Schema: $.type"),
        ({"schema": {"$ref": "#/$defs/lost"}}, '"#/$defs/lost" leads nowhere'),
        ({"schema": {"$ref": "http://127.0.0.1:9/x"}}, "no other document is fetched"),
        ({"schema": {"pattern": "(?=x)"}}, 'the pattern "(?=x)" cannot be used'),
        ({"schema": {"patternProperties": {"a(": {}}}}, 'the pattern "a(" cannot be used'),
        ({"schema": {"unevaluatedProperties": False}}, "write additionalProperties"),
        ({"schema": ["x"]}, "expected a JSON Schema"),
        ({"folow_redirects": False}, "follow_redirects"),
    ],
)
def test_bad_option_is_refused_at_load_with_the_remedy(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_of(**{"url": "http://example.org/", **options})
    assert words in str(caught.value)


@given(st.text(max_size=60))
def test_any_location_leads_somewhere_on_the_web_or_is_refused(location: str) -> None:
    try:
        found = redirect_target("https://example.org/a/b?c", location)
    except ValueError as error:
        assert str(error).isprintable()
        return
    assert found.scheme in ("http", "https")
    assert found.url.isascii()
    assert found.url.isprintable()
    assert " " not in found.url
    assert target(found.url).origin == found.origin


@given(st.text(alphabet="abc:/@?#.%", max_size=30))
def test_shown_address_holds_no_query_and_no_password(rest: str) -> None:
    shown = without_secrets(f"http://user:canary@host/{rest}?canary=1#canary")
    assert "canary" not in shown
