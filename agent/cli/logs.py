"""`tocsin logs try`: an access log read once, before a check is built on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, cast

import typer

from agent.cli.output import print_json, rfc3339
from agent.cli.setting import JsonOption, fail

if TYPE_CHECKING:
    from checks.access_log.formats import Reader
    from checks.access_log.slices import Slice
    from checks.access_log.tally import Tally

app = typer.Typer(
    help="Logs: what the checks on them would read.", no_args_is_help=True, rich_markup_mode=None
)
_USAGE = 64
_BLOCK = 16 << 20
_LONGEST_LINE = 64 << 20
_MOST_CLIENTS = 100_000
_WIDTH = 80
_SHOWN = 5
# How a file begins that is no text yet, and what makes it one.
_UNREADABLE = {
    b"BZh": "bzcat", b"\xfd7zXZ": "xzcat", b"\x28\xb5\x2f\xfd": "zstdcat", b"PK\x03\x04": "unzip -p",
    b"\xff\xfe": "iconv -f UTF-16 -t UTF-8", b"\xfe\xff": "iconv -f UTF-16 -t UTF-8",
}  # fmt: skip


@app.callback()
def _group() -> None:
    """Logs: what the checks on them would read."""


@app.command("try")
def try_(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The log, also compressed by gzip; - is stdin.")
    ],
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="A name, an nginx log_format, an Apache LogFormat, or an RE2 pattern with named groups.",
        ),
    ] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Read an access log once, as an access_log check would, and say what is in it.

    Formats by name: common, combined (nginx, Apache), vhost_combined, json (Caddy, Traefik, Cloudflare and others),
    w3c (IIS), cloudfront, haproxy, alb, elb, envoy, npm, uwsgi. auto tells it from the lines. A format of your own is
    written as in nginx ('$remote_addr [$time_local] ...'), as in Apache ('%h %t ...'), or as a pattern with
    (?P<time>...) and (?P<status>...), and if it has them host, path or request, took, size, referrer, upstream, vhost.

    Lines that are no request, or one that was not answered with a status of 100 to 599, are malformed. Hosts are the
    addresses of the clients. Exit code 0; 64 when the file cannot be read or its format is not known.

    Example: tocsin logs try /var/log/nginx/access.log

    Example: tocsin logs try access.log.2.gz --format '%h %l %u %t "%r" %>s %b %D' --json
    """
    from agent.clock import SystemClock
    from checks.access_log.formats import reader
    from checks.access_log.tally import Tally

    try:
        known = reader(format_, now=SystemClock().now() / 1_000_000)
    except ValueError as error:
        fail(str(error), _USAGE)
    tally = Tally(client_cap=_MOST_CLIENTS)
    first = _feed(file, known, tally)
    if known.name == "auto" and first:
        fail(_unknown_format(file, first), _USAGE)
    name = None if known.name == "auto" else known.name
    if as_json:
        print_json(_document(name, tally))
    else:
        print("\n".join(_told(name or "empty", tally)))
        if first and not tally.total().requests:
            print(f"No line is of this format; the first is\n  {_line(first)}\nTry it without --format.")


def _feed(file: str, known: Reader, tally: Tally) -> bytes:
    """Read the whole file; the beginning of its first line that is neither empty nor a comment."""
    first = b""
    try:
        with _opened(file) as stream:
            for block in _whole_lines(stream):
                first = first or _first_line(block)
                known.feed(block, tally)
    except EOFError:
        fail(f"{_shown(file)}: ends in the middle: is it still being compressed?", _USAGE)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fail(f"{_shown(file)}: cannot be read: {reason.lower()}", _USAGE)
    return first


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    with ExitStack() as open_files:
        stream: IO[bytes] = sys.stdin.buffer
        if file != "-":
            stream = open_files.enter_context(Path(file).open("rb"))
        if isinstance(stream, BufferedReader) and stream.peek(2)[:2] == b"\x1f\x8b":
            import gzip

            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
        yield stream


def _whole_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Blocks that end with a line; a line without an end is given up after 64 MiB."""
    held = b""
    while block := stream.read(_BLOCK):
        end = block.rfind(b"\n") + 1
        if not end and len(held) < _LONGEST_LINE:
            held += block
            continue
        yield held + block[:end]
        held = block[end:]
    if held:
        yield held


def _first_line(block: bytes) -> bytes:
    lines = (line.strip(b"\r\n\0 ") for line in block[: 1 << 16].split(b"\n"))
    return next((line[:1000] for line in lines if line and not line.startswith(b"#")), b"")


def _unknown_format(file: str, first: bytes) -> str:
    from checks.access_log.formats import NAMES

    unpack = next((how for begin, how in _UNREADABLE.items() if first.startswith(begin)), None)
    if unpack is not None:
        return f"{_shown(file)}: is packed or encoded: try '{unpack} FILE | tocsin logs try -'"
    return (
        f"{_shown(file)}: no line is of a known format; the first is\n  {_line(first)}\n"
        f"Formats: {', '.join(NAMES)}.\n"
        "Name one with --format, or write it as in the server's configuration:\n"
        "  --format '$remote_addr [$time_local] \"$request\" $status' (nginx)\n"
        "  --format '%h %t \"%r\" %>s' (Apache)"
    )


def _line(written: bytes) -> str:
    """A line as people may see it."""
    from checks.masking import masked
    from checks.text import visible

    return visible(masked(written.decode("utf-8", "backslashreplace")), 100)


def _document(name: str | None, tally: Tally) -> dict[str, object]:
    """As the contract has it."""
    from checks.text import visible

    total = tally.total()
    hosts: dict[str, int] = {}
    for client, number in sorted(tally.clients.items(), key=lambda item: (-item[1], item[0])):
        shown = visible(client, 100)
        hosts[shown] = hosts.get(shown, 0) + number
    return {
        "format": name,
        "lines": tally.lines,
        "malformed": tally.malformed,
        "requests": total.requests,
        "status": {str(status): number for status, number in sorted(total.statuses.items())},
        "rate_404": total.share(404, 404),
        "rate_5xx": total.share(500, 599),
        "hosts": hosts,
        "first": _moment(total.first) if total.requests else None,
        "last": _moment(total.last) if total.requests else None,
    }


def _told(name: str, tally: Tally) -> Iterator[str]:
    """The same for people, in at most 80 columns, with what failed most."""
    from checks.access_log.latency import percentile

    total = tally.total()
    yield f"{name}: {tally.lines:,} lines, {total.requests:,} requests, {tally.malformed:,} malformed"
    if not total.requests:
        return
    yield f"from {_moment(total.first)} to {_moment(total.last)}"
    yield from _wrapped(
        "status", [f"{status}: {number:,}" for status, number in sorted(total.statuses.items())]
    )
    rates = [f"404 {_percent(total.share(404, 404))}", f"5xx {_percent(total.share(500, 599))}"]
    yield from _wrapped("rates", [*rates, f"sent {total.size / 1e6:,.1f} MB"])
    times = [(share, percentile(total.took, share / 100)) for share in (50, 95, 99)]
    if total.took:
        yield from _wrapped("took", [f"p{share} {_seconds(took or 0.0)}" for share, took in times])
    yield from _most("hosts", tally.clients)
    sites = {site: sum(statuses.values()) for site, statuses in total.sites.items()}
    yield from _most("virtual hosts", sites)
    yield from _most("top failing paths", _by_name(total, "faults"))
    yield from _most("their referrers", _by_name(total, "referrers"))
    yield from _most("their upstreams", _by_name(total, "upstreams"))


def _by_name(total: Slice, what: str) -> dict[str, int]:
    return {f"{status} {name}": number for (status, name), number in getattr(total, what).items()}


def _most(title: str, counted: dict[str, int]) -> Iterator[str]:
    from checks.masking import masked
    from checks.text import visible

    if not counted:
        return
    yield f"{title} ({len(counted):,}):"
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    for name, number in ranked[:_SHOWN]:
        count = f"{number:,}"
        yield f"  {count:>9}  {visible(masked(name), _WIDTH - 4 - max(len(count), 9))}"


def _wrapped(title: str, words: list[str]) -> Iterator[str]:
    import textwrap

    yield from textwrap.wrap(f"{title}  " + ", ".join(words), _WIDTH, subsequent_indent="  ")


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share * 100:.2f} %"


def _seconds(took: float) -> str:
    return f"{took * 1000:.0f}ms" if took < 1 else f"{took:.1f}s"


def _moment(at: float) -> str | None:
    return rfc3339(round(at * 1_000_000))


def _shown(file: str) -> str:
    from checks.text import visible

    return "stdin" if file == "-" else visible(file, 200)
