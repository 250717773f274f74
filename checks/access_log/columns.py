"""Many lines of the common log format at once: by columns, with a handful of calls for hundreds of lines.

Where every line of a chunk has the same shape, one split at the quotes gives every field of every line; the n-th
field of all lines is then a slice, and counting it is one call. A chunk in which anything is unusual is refused as a
whole and read line by line.
"""

from __future__ import annotations

from checks.access_log.clf import extras
from checks.access_log.fields import STATUSES, is_address
from checks.access_log.moments import Moments
from checks.access_log.rows import Columns, sum_of

_COMMON, _COMBINED = 3, 7  # pieces of a line between quotes
_MOST = 15


def columns(chunk: str, moments: Moments) -> Columns | None:
    """The columns of whole lines, each with its newline; None when they are not all of one plain shape."""
    if "\0" in chunk or "\ufeff" in chunk:
        return None
    lines = chunk.count("\n")
    first = chunk[: chunk.find("\n")].count('"') + 1
    if first != _COMMON and not (_COMBINED <= first <= _MOST and first % 2):
        return None
    pieces = ("\n" + chunk[:-1]).replace("\n", '"\n').split('"')
    if len(pieces) != lines * first + 1:
        return None
    found = Columns(requests=pieces[2::first])
    tails = pieces[3::first]
    joined = "".join(tails) if first > _COMMON else " ".join(tails) + " "
    if not _read_heads(pieces[1::first], moments, found) or not _read_tails(joined, lines, found):
        return None
    if first > _COMMON:
        found.referrers = pieces[4::first]
        _read_extras(pieces, first, found)
    return found


def _read_heads(heads: list[str], moments: Moments, found: Columns) -> bool:
    """`\\n[site ]client ident user [time zone] ` of every line; each word of it lies as far from the next line's."""
    words = "".join(heads).split(" ")
    each = heads[0].count(" ")
    if each not in {5, 6} or len(words) != each * len(heads) + 1:
        return False
    if not _read_times(words[each - 2 :: each], words[each - 1 :: each], moments, found):
        return False
    firsts = words[0:-1:each]
    together = "".join(firsts)  # a newline stands only where a quote was before it, so at the begin of a head
    if together.count("\n") != len(heads) or "," in together:
        return False
    if each == 5:
        found.clients = firsts
        return True
    found.sites, found.clients = firsts, words[1::each]
    return all(map(is_address, set(found.clients))) and not any(map(is_address, set(firsts)))


def _read_times(stamps: list[str], zones: list[str], moments: Moments, found: Columns) -> bool:
    """`[10/Oct/2000:13:55:36` and `-0700]`; a chunk over a change of the zone is refused."""
    zone = zones[0]
    if zone[-1:] != "]" or zones.count(zone) != len(zones):
        return False
    found.stamps = stamps
    for stamp in set(stamps):
        at = moments.at(f"{stamp[1:]} {zone[:-1]}") if stamp[:1] == "[" else None
        if at is None:
            return False
        found.moments[stamp] = at
    return True


def _read_tails(joined: str, lines: int, found: Columns) -> bool:
    """` status size ` of every line."""
    words = joined.split(" ")
    if len(words) != 3 * lines + 1 or any(words[0::3]):
        return False
    found.statuses = words[1::3]
    found.sizes = words[2::3]
    try:
        found.size = sum_of(found.sizes)
    except ValueError:
        return False
    return STATUSES.keys() >= set(found.statuses) and found.size >= 0


def _read_extras(pieces: list[str], each: int, found: Columns) -> None:
    """What follows the agent, where anything does."""
    if each == _COMBINED:
        behind = pieces[each::each]
        words = "".join(behind).split()
        if not words or _are_seconds(words, len(behind)):
            found.took = list(map(float, words))
            return
    else:
        behind = [" ".join(pieces[at : at + each - 6]) for at in range(7, len(pieces), each)]
    told = {text: extras(text) for text in set(behind)}
    found.took = [told[text][0] for text in behind]
    found.upstreams = [told[text][1] for text in behind]


def _are_seconds(words: list[str], lines: int) -> bool:
    """Whether there is one number with a fraction for each line, as nginx writes `$request_time`."""
    together = "".join(words)
    return len(words) == lines == together.count(".") and together.replace(".", "").isdecimal()
