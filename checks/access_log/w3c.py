"""W3C extended log files: IIS, CloudFront, and whoever says `#Fields:`. Which field is which is written in the file.

https://www.w3.org/TR/WD-logfile.html
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.access_log.fields import STATUSES, address, named, seconds, site, size
from checks.access_log.moments import Moments
from checks.access_log.rows import Row

_CLOUDFRONT = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)
_IIS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status "
    "sc-substatus sc-win32-status time-taken"
)
_IIS_BYTES = _IIS.replace("time-taken", "sc-bytes cs-bytes time-taken")
_IIS_ALL = (
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version "
    "cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
)
# What a file without its header, such as the second half of one, is taken for.
_UNSAID = (
    _CLOUDFRONT, _IIS, _IIS.replace(" cs(Referer)", ""), _IIS_BYTES, _IIS_BYTES.replace(" cs(Referer)", ""), _IIS_ALL,
)  # fmt: skip
_NATIVE = 15  # fields of IIS' own format
_KEPT = 8  # headers of one file: those of before count for lines that only they fit
_LONGEST = 4000
_NAMES = {
    "status": ("sc-status", "sc(status)", "status", "c-status"),
    "path": ("cs-uri-stem", "cs-uri", "uri", "url"),
    "client": ("c-ip", "c-dns"),
    "site": ("x-host-header", "cs(host)", "cs-host", "host"),
    "size": ("sc-bytes", "bytes"),
    "took": ("time-taken", "timetakenms"),
    "referrer": ("cs(referer)", "cs(referrer)"),
    "day": ("date", "date-utc", "date-local"),
    "time": ("time", "time-utc", "time-local"),
}


class W3c:
    """Reads the lines of one file; `header` is what its last `#Fields:` said, to be remembered."""

    def __init__(self, header: str = "") -> None:
        self._headers: list[_Header] = []
        self._day = ""
        self._variety = "w3c"
        self._said = _Header("")
        if header:
            self.direct(header)

    @property
    def header(self) -> str:
        return self._said.text

    @property
    def variety(self) -> str:
        """`cloudfront` or `w3c`, by the fields of the line that was read last."""
        return self._variety

    def direct(self, line: str) -> None:
        """Take note of a line that begins with `#`."""
        name, _, text = line[1:_LONGEST].partition(":")
        if name.strip().lower() == "fields":
            self._said = _Header(line[:_LONGEST])
            self._headers = [self._said, *self._headers][:_KEPT]
        elif name.strip().lower() in {"date", "start-date"}:
            self._day = text.split()[0] if text.split() else ""

    def parse(self, line: str, moments: Moments) -> Row | None:
        """One line by the fields that were said last, or by earlier ones when only they fit."""
        for words in _ways_to_split(line):
            for header in self._headers or _DEFAULTS:
                row = header.row(words, self._day, moments) if header.fits(words) else None
                if row is not None:
                    self._variety = header.variety
                    return row
        self._variety = "w3c"
        return _native(line, moments) if line.count(", ") >= _NATIVE - 1 else None


class _Header:
    """One `#Fields:` line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names = [name.lower() for name in text.partition(":")[2].split()]
        self._at = {
            wanted: next((self.names.index(name) for name in names if name in self.names), None)
            for wanted, names in _NAMES.items()
        }
        # IIS writes whole milliseconds, CloudFront and the standard seconds.
        self.variety = "cloudfront" if "x-edge-location" in self.names else "w3c"
        self._unit = 1.0 if self.variety == "cloudfront" else 1e-3
        self._zone = "" if "time-local" in self.names else "Z"

    def fits(self, words: list[str]) -> bool:
        """As many fields as names; the defaults are for older files too, which have fewer at the end."""
        return len(words) == len(self.names) or (self in _DEFAULTS[:1] and 18 < len(words) < len(self.names))

    def row(self, words: list[str], day: str, moments: Moments) -> Row | None:
        def word(name: str) -> str:
            place = self._at[name]
            return "-" if place is None else words[place]

        status = STATUSES.get(word("status"))
        date = word("day") if self._at["day"] is not None else day
        at = moments.at(f"{date}T{word('time')}{self._zone}")
        if status is None or at is None:
            return None
        took = seconds(word("took"), 1.0 if "." in word("took") else self._unit)
        path, client, referrer = word("path"), address(word("client")), named(word("referrer"))
        return at, status, path, client, site(word("site")), took, size(word("size")), referrer, None


def _native(line: str, moments: Moments) -> Row | None:
    """IIS' own format: `client, user, 03/20/26, 7:55:20, W3SVC2, server, address, ms, received, sent, status, …`

    https://learn.microsoft.com/windows/win32/http/iis-logging Times are local, days as in the United States.
    """
    words = line.split(", ", _NATIVE - 1)
    month, _, rest = words[2].partition("/")
    day, _, year = rest.partition("/")
    status = STATUSES.get(words[10])
    if status is None or not words[4].startswith("W3SVC") or not year.isdigit():
        return None
    year = f"20{year}" if len(year) == 2 else year
    at = moments.at(f"{year}-{month:0>2}-{day:0>2}T{words[3]:0>8}")
    if at is None:
        return None
    return at, status, words[13], address(words[0]), None, seconds(words[7], 1e-3), size(words[9]), None, None


def _ways_to_split(line: str) -> Iterator[list[str]]:
    """At tabs where there are any, else at spaces; then with fields in quotes, `""` for a quote in them."""
    if "\t" in line:
        yield line.split("\t")
        return
    yield [word for word in line.split(" ") if word]
    if '"' in line:
        words: list[str] = []
        for number, part in enumerate(line.replace('""', "\0").split('"')):
            words += [part.replace("\0", '"')] if number % 2 else part.replace("\0", " - ").split()
        yield words


_DEFAULTS = [_Header(f"#Fields: {names}") for names in _UNSAID]
