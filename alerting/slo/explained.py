"""Explained time: a service's spans, each traced to what gave it its class, cut where that changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from operator import attrgetter, itemgetter

from alerting.slo.events import Event
from alerting.slo.exclusions import HOURS, Exclusions
from alerting.slo.sources import UNRECORDED, Claim, Imported, LeftOut, Maker, Planned, Seen, Source
from alerting.slo.spans import Klass, Span, outside, union

MOST_NAMED = 20  # of the checks that made a service what it was
# A check in one of these classes makes its service the class: a down one that is not enough has degraded it.
_MAKES: Mapping[Klass, tuple[Klass, ...]] = {
    Klass.UP: (Klass.UP,),
    Klass.DEGRADED: (Klass.DOWN, Klass.DEGRADED),
    Klass.DOWN: (Klass.DOWN,),
    Klass.UNKNOWN: (Klass.UNKNOWN,),
    Klass.MAINTENANCE: (),
}
Members = Mapping[str, Sequence[Span]]


def explained(tiles: Sequence[Span], layers: Iterable[Sequence[Claim]]) -> list[Claim]:
    """The tiles again, cut so that each piece has one source; of each class they last as long as the tiles do.

    A piece goes to the first layer that claims its class for that time; where none does, it is unrecorded. Within
    a layer, claims are in order and do not overlap; nor do tiles.
    """
    truth = _Cursor([Claim(tile.start, tile.end, tile.klass, UNRECORDED) for tile in tiles])
    cursors = [_Cursor(layer) for layer in layers]
    bounds = {at for each in (truth, *cursors) for claim in each.claims for at in (claim.start, claim.end)}
    pieces: list[Claim] = []
    for low, high in pairwise(sorted(bounds)):
        tile = truth.at(low)
        if tile is not None:
            claims = (claim for cursor in cursors if (claim := cursor.at(low)) is not None)
            found = next((claim.source for claim in claims if claim.klass is tile.klass), UNRECORDED)
            _lay(pieces, Claim(low, high, tile.klass, found))
    return pieces


def judged(spans: Iterable[Span], checks: Members, expected: Iterable[str]) -> list[Claim]:
    """A service's own spans, each traced to the checks that made it so, at the finest boundaries.

    `checks` are the spans of those that counted, or may have: of a check that is not `expected` nobody knows, and it is
    named only where no other explains the time. One that was expected and has no span had not been looked at.
    """
    claims: list[Claim] = []
    inside = _Inside(expected)
    changes = _changes(checks)
    change = next(changes, None)
    for span in spans:
        at = span.start
        while at < span.end:
            while change is not None and change[0] <= at:
                inside.take(*change[1:])
                change = next(changes, None)
            until = span.end if change is None else min(change[0], span.end)
            _lay(claims, Claim(at, until, span.klass, inside.makers(span.klass)))
            at = until
    return claims


def imported(events: Iterable[Event], first: int, last: int) -> list[Claim]:
    """What imported events say of `[first, last)`, the time for which they stand; in order of time."""
    claims: list[Claim] = []
    ordered = sorted(events, key=attrgetter("at"))
    for event, following in pairwise([*ordered, Event(last, Klass.UNKNOWN)]):
        ends = min(following.at, last)
        until = ends if event.until is None else max(event.at, min(event.until, ends))
        for start, end, klass, lapsed in (
            (event.at, until, event.klass, False),
            (until, ends, Klass.UNKNOWN, True),
        ):
            if max(start, first) < end:
                claims.append(Claim(max(start, first), end, klass, Imported(event, lapsed)))
    return claims


def planned(works: Mapping[int, Iterable[tuple[int, int]]]) -> list[Claim]:
    """The windows of planned work by its number; several may cover one time, those of one do not overlap."""
    each = [(window, number) for number, windows in works.items() for window in windows]
    changes = sorted(
        (at, begins, number) for (start, end), number in each for at, begins in ((start, True), (end, False))
    )
    claims: list[Claim] = []
    running: set[int] = set()
    for (at, begins, number), (until, *_) in pairwise([*changes, *changes[-1:]]):
        (running.add if begins else running.discard)(number)
        if running and at < until:
            _lay(claims, Claim(at, until, Klass.MAINTENANCE, Planned(tuple(sorted(running)))))
    return claims


def left_out(tiles: Sequence[Span], exclusions: Exclusions) -> list[Claim]:
    """What an agreement takes out of the tiles, each stretch with the cause that took it; in order of time."""
    closed = [(LeftOut(HOURS, promised=False), replace(exclusions, down=()))] if exclusions.closed else []
    others = [(LeftOut(cause[0], promised=True), Exclusions(down=(cause,))) for cause in exclusions.down]
    claims: list[Claim] = []
    for source, part in closed + others:
        kept, _ = part.applied(tiles)
        taken = union(_ends(outside(tiles, list(_ends(kept)))))
        claims += [Claim(start, end, None, source) for start, end in taken]
        tiles = kept
    return sorted(claims, key=attrgetter("start"))


class _Cursor:
    """Claims in order, asked for moments in order."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims, self._next = claims, 0

    def at(self, moment: int) -> Claim | None:
        """The claim that covers the moment, if one does."""
        while self._next < len(self.claims) and self.claims[self._next].end <= moment:
            self._next += 1
        claim = self.claims[self._next] if self._next < len(self.claims) else None
        return claim if claim is not None and claim.start <= moment else None


class _Inside:
    """Which check is in which class, as time goes on."""

    def __init__(self, expected: Iterable[str]) -> None:
        self._expected = dict.fromkeys(expected)
        self._by_class: dict[Klass, dict[str, Maker]] = {klass: {} for klass in Klass}

    def take(self, check: str, before: Span | None, after: Span | None) -> None:
        """The check goes over from one span to the next, or to none."""
        if before is not None:
            del self._by_class[before.klass][check]
        if after is not None:
            self._by_class[after.klass][check] = Maker(check, after)

    def makers(self, klass: Klass) -> Source:
        """The checks that give their service the class."""
        found = self._in(_MAKES[klass])
        if klass in (Klass.UNKNOWN, Klass.UP) and not found:
            # Also up: where two of three must be down, a single unknown one is not enough to be unknown.
            seen = set(chain.from_iterable(self._by_class.values()))
            unseen = [Maker(check, None) for check in self._expected if check not in seen]
            found = [*self._in((Klass.UNKNOWN,)), *unseen]
        return Seen(tuple(found[:MOST_NAMED]), max(len(found) - MOST_NAMED, 0)) if found else UNRECORDED

    def _in(self, classes: Iterable[Klass]) -> list[Maker]:
        """The checks in the classes: those that are expected, or where there are none, all others."""
        found = [maker for klass in classes for maker in self._by_class[klass].values()]
        return [maker for maker in found if maker.check in self._expected] or found


def _changes(checks: Members) -> Iterator[tuple[int, str, Span | None, Span | None]]:
    """When a check goes over from one of its spans, or none, to another, or none; in order of time."""
    found: list[tuple[int, str, Span | None, Span | None]] = []
    for check, spans in checks.items():
        before: Span | None = None
        for span in spans:
            if before is not None and before.end < span.start:
                found.append((before.end, check, before, None))
                before = None
            found.append((span.start, check, before, span))
            before = span
        if before is not None:
            found.append((before.end, check, before, None))
    return iter(sorted(found, key=itemgetter(0)))


def _ends(spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    return ((span.start, span.end) for span in spans)


def _lay(laid: list[Claim], claim: Claim) -> None:
    """Append the claim, grown into the last one where they touch and say the same."""
    last = laid[-1] if laid else None
    alike = last is not None and (last.end, last.klass, last.source) == (
        claim.start,
        claim.klass,
        claim.source,
    )
    if last is not None and alike:
        laid[-1] = replace(last, end=claim.end)
    else:
        laid.append(claim)
