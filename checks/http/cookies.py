"""HTTP: cookies from one hop of a look to the next, as RFC 6265 has it; nothing outlives the look."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from checks.http.address import Target

_MOST, _LONGEST, _ROOM = 50, 4096, 16 * 1024
_PLAIN = re.compile(r"[\x20\x21-\x3a\x3c-\x7e]*")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One that an answer set. `alone`: for this host and none below it; `path` has no slash at its end."""

    name: str
    value: str
    domain: str
    path: str
    alone: bool
    secure: bool

    @property
    def key(self) -> tuple[str, str, str]:
        return self.name, self.domain, self.path


Jar = tuple[Cookie, ...]


def kept(jar: Jar, headers: tuple[tuple[str, str], ...], where: Target, now: float) -> Jar:
    """The jar after an answer from `where`; `now` in seconds since 1970. What is set last wins."""
    cookies = {cookie.key: cookie for cookie in jar}
    for name, text in headers:
        if name.lower() == "set-cookie" and len(text) <= _LONGEST and (found := _read(text, where, now)):
            cookie, lasts = found
            cookies.pop(cookie.key, None)
            if lasts and len(cookies) < _MOST:
                cookies[cookie.key] = cookie
    return tuple(cookies.values())


def cookie_line(jar: Jar, where: Target) -> str:
    """What is sent to `where`: `a=1; b=2`; empty for nothing."""
    fitting = sorted((each for each in jar if _belongs(each, where)), key=lambda each: -len(each.path))
    pairs, room = [], _ROOM
    for each in fitting:
        pair = f"{each.name}={each.value}" if each.name else each.value
        room -= len(pair) + 2
        if room >= 0:
            pairs.append(pair)
    return "; ".join(pairs)


def _read(text: str, where: Target, now: float) -> tuple[Cookie, bool] | None:
    """The cookie, and whether it lasts; None for one that is not to be taken."""
    pair, _, rest = text.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    name, value = name.strip(), value.strip()
    if not (name or value) or not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(value):
        return None
    said = _attributes(rest)
    domain = said.get("domain", "").lstrip(".").lower()
    secure = "secure" in said
    if (domain and not _may_speak_for(where.host, domain)) or (secure and where.scheme != "https"):
        return None
    path = said.get("path", "")
    place = path if path.startswith("/") else urlsplit(where.url).path.rpartition("/")[0]
    cookie = Cookie(name, value, domain or where.host, place.rstrip("/"), not domain, secure)
    return cookie, _lasts(said, now)


def _attributes(text: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        said[name.strip().lower()] = value.strip()
    return said


def _lasts(said: dict[str, str], now: float) -> bool:
    """Whether it is good for longer than this moment: servers take cookies back by such as are over."""
    age = said.get("max-age", "")
    if re.fullmatch(r"-?\d{1,18}", age):
        return int(age) > 0
    if "expires" in said:
        try:
            return parsedate_to_datetime(said["expires"].replace("-", " ")).timestamp() > now
        except (ValueError, OverflowError):
            return True
    return True


def _may_speak_for(host: str, domain: str) -> bool:
    """A host sets cookies for itself and for domains above it, but for no top-level domain."""
    return host == domain or ("." in domain and host.endswith(f".{domain}") and not _is_address(host))


def _belongs(cookie: Cookie, where: Target) -> bool:
    if cookie.secure and where.scheme != "https":
        return False
    if where.host != cookie.domain and (cookie.alone or not where.host.endswith(f".{cookie.domain}")):
        return False
    path = urlsplit(where.url).path
    return path == cookie.path or path.startswith(f"{cookie.path}/")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
