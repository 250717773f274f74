"""Is a new ticket about trouble that is known already? By service, kind of error and words; always the same. Pure.

Each of the three adds to a score: the same service 0.4, words for the kind of error that both have 0.3, and up to 0.6
for the share of words that are the same. From 0.5 on it is the same trouble: one of the three alone is not enough,
unless nearly all words are the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

SERVICE, KIND, WORDS = 0.4, 0.3, 0.6
ENOUGH = 0.5
_TITLE_COUNTS = 2
_LONGEST = 4000
_WORD = re.compile(r"[^\W_]+")
_STAND_EVERYWHERE = """
    a about after again all also am an and any are as at be been but by can could did do does for from get got had has
    have he help her here hello hi his how i if in into is it its just me my no not now of off on one or our out please
    since so some such than thank thanks that the their them then there these they this to today too up us very was we
    were what when where which while who why will with would you your
"""
_EVERYWHERE = frozenset(_STAND_EVERYWHERE.split())
# Words by which people, and checks, tell the same kind of failure.
_KINDS: tuple[frozenset[str], ...] = tuple(
    frozenset({word for said in words.split() for word in (said, said.removesuffix("s"))})
    for words in (
        "timeout timeouts slow slowly slowness hang hangs hanging latency waiting loading takes forever",
        "refused connect connection reset unreachable",
        "certificate tls ssl expired insecure https handshake",
        "dns resolve resolved name host unknown nxdomain",
        "500 502 503 504 error errors exception crash crashes crashed internal",
        "404 missing found broken",
        "401 403 login log sign password denied forbidden auth authentication credentials",
        "payment payments pay card checkout billing",
        "mail email smtp imap",
        "disk space full quota",
    )
)
# What anybody says of something that fails, whatever fails about it.
_SAY_THAT_IT_FAILS = """
    down fail fails failed failing failure broken outage offline unavailable unreachable stuck dead wrong cannot cant
    unable stopped
"""
_FAILS = frozenset(_SAY_THAT_IT_FAILS.split())
_NEGATED = re.compile(
    r"\b(?:not|no longer|does ?n.t|is ?n.t|won.t|can.t)\b[^.]{0,30}\b(?:work|load|open|respond|answer)", re.I
)


@dataclass(frozen=True, slots=True)
class Known:
    """Trouble that is known: an open incident's ticket or an earlier one. `names` are those of its service."""

    ticket: int
    service: str
    title: str
    text: str
    error_kind: str = ""
    names: tuple[str, ...] = ()
    lasts: bool = False
    incident: bool = False
    workaround: str = ""
    public_workaround: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """What a ticket is the same as, how surely (0 to 1.3), and by what."""

    known: Known
    score: float
    why: str


def best(service: str, title: str, text: str, known: Iterable[Known]) -> Match | None:
    """The likeliest; of equals one that lasts, one with a workaround, the newest."""
    return next(iter(likely(service, title, text, known)), None)


def likely(service: str, title: str, text: str, known: Iterable[Known]) -> list[Match]:
    """Those that are the same trouble, the likeliest first."""
    asked = _said(title, text)
    matches = (_match(service, asked, each) for each in known)
    return sorted((match for match in matches if match.score >= ENOUGH), key=_rank, reverse=True)


def _rank(match: Match) -> tuple[float, bool, bool, int]:
    known = match.known
    return round(match.score, 6), known.lasts, bool(known.workaround or known.public_workaround), known.ticket


@dataclass(frozen=True, slots=True)
class _Said:
    """What a text says: its words with what they count, the kinds of failure, and whether something fails at all."""

    words: Mapping[str, int]
    weight: int
    kinds: frozenset[int]
    fails: bool

    @classmethod
    def of(cls, title: str, text: str) -> _Said:
        words: dict[str, int] = {}
        for part, counts in ((title, _TITLE_COUNTS), (text, 1)):
            for word in _words(part):
                words[word] = max(counts, words.get(word, 0))
        said = f"{title}. {text}"[:_LONGEST]
        fails = bool(_FAILS & words.keys()) or _NEGATED.search(said) is not None
        return cls(words, sum(words.values()), _kinds(words), fails)


def _kinds(words: Collection[str]) -> frozenset[int]:
    return frozenset(place for place, kind in enumerate(_KINDS) if not kind.isdisjoint(words))


def _words(text: str) -> tuple[str, ...]:
    """In small letters, without those that stand in every text; a plural is its singular."""
    found = (word.casefold() for word in _WORD.findall(text[:_LONGEST]))
    return tuple(_singular(word) for word in found if len(word) > 1 and word not in _EVERYWHERE)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word


def _match(service: str, asked: _Said, known: Known) -> Match:
    of_known = _said(known.title, known.text)
    same_service = bool(known.service) and (
        service == known.service or (not service and _names_it(asked.words, known))
    )
    kind = _same_kind(asked, of_known, known)
    likeness = _likeness(asked, of_known)
    other_service = bool(service) and bool(known.service) and service != known.service
    score = SERVICE * same_service + KIND * (kind and not other_service) + WORDS * likeness
    reasons = [f"the same service {known.service}"] if same_service else []
    reasons += ["the same kind of failure"] if kind and not other_service else []
    reasons += [f"{likeness:.0%} of the words"] if likeness >= 0.1 else []
    return Match(known, score, ", ".join(reasons))


def _names_it(words: Collection[str], known: Known) -> bool:
    """Whether a name of its service stands in the text, all words of it."""
    named = map(_name, (known.service, *known.names))
    return any(name and all(word in words for word in name) for name in named)


def _same_kind(asked: _Said, of_known: _Said, known: Known) -> bool:
    if known.lasts and asked.fails and (known.incident or of_known.fails):
        return True  # it fails now, and somebody says that it does
    return not asked.kinds.isdisjoint(of_known.kinds | _kinds(_name(known.error_kind)))


def _likeness(one: _Said, other: _Said) -> float:
    """The weight of the words that both have, of that of all words of either."""
    both = sum(min(one.words[word], other.words[word]) for word in one.words.keys() & other.words.keys())
    either = one.weight + other.weight - both
    return both / either if either else 0.0


# Each new ticket is compared with the same few hundred.
_said = lru_cache(maxsize=4096)(_Said.of)
_name = lru_cache(maxsize=4096)(_words)
