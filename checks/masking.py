"""Evidence without secrets or personal data: what must not travel in a ticket becomes `***`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from config.secrets import HIDDEN, mask

_DEEPEST = 8
_SHORT = 200
_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

# What a name ends with whose value is nobody's business: DB_PASSWORD, X-Api-Key, csrf_token, JSESSIONID.
_NAME = (
    r"(?:(?:api|access|private)[_-]?key|token|secret(?:[_-]?key)?|passw(?:or)?d|passphrase|(?<!load)(?<!\$\{)credentials?"
    r"|[_-]pass|(?<![a-z])(?:pwd|session)|sess(?:ion)?[_-]?id)"
)
_SAYS = r"""(?:\\?["']?\]?\s{0,3}(?:=>|:=|={1,3}|:)\s{0,3}|["']\s{1,3}(?:value|content)=)"""
_WHAT = r"""(?:\\?"[^"\r\n]{1,500}"?|\\?'[^'\r\n]{1,500}'?|[^\s"'&,;<>\\]{3,500})"""
# A reference says where a secret is kept, not what it is: our own mistakes name it.
_REFERENCE = r"""(?!\s{0,3}["']?\$\{(?:env|file|credential):[^}\s]{1,200}\}(?:: |["',;)]|$))"""
_NOTHING = r"(?!(?:null|none|nil|true|false|undefined)(?![\w-]))"

# A text that was cut before it came here ends in dots: what stands there may be the first half of a secret.
_CUT = r"""(?<=\.\.\.)(?=["']?$)"""

Patterns = Sequence[tuple[list[str], re.Pattern[str]]]

# Each pattern is bounded and begins at few places, so that hostile text costs no more than other text; it is
# tried only where one of its words stands in the text (in small letters).
_PATTERNS = tuple(
    (words.split(), re.compile(pattern))
    for words, pattern in (
        ("cookie", r"""(?i)((?:set-)?cookie["']?\s{0,3}[:=]\s{0,3}["']?)[^\r\n"']{1,4000}"""),
        (
            "authorization",
            r"""(?i)(authorization["']?\s{0,3}[:=]\s{0,3}["']?)""" + _REFERENCE + r"""[^\r\n"',;]{1,4000}""",
        ),
        (
            "bearer basic",
            r"(\b(?i:bearer|basic)\s{1,3})(?=[\w.~+/-]{0,200}?(?:[0-9=+/~]|[a-z][A-Z]))[\w.~+/=-]{6,2000}",
        ),
        ("eyj", r"()\beyJ[\w-]{9,2000}+(?:\.[\w-]{0,2000}+){0,2}"),
        ("-----begin", r"()-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]{0,4000}"),
        (
            "akia asia gh glpat- xox",
            r"()\b(?:A[KS]IA[A-Z0-9]{16}|gh[opsur]_\w{20,200}|glpat-[\w-]{20,200}|xox[abeprs]-[\w-]{10,200})",
        ),
        (
            "key token secret pass credential pwd sess",
            rf"(?i)({_NAME}{_SAYS}){_NOTHING}{_REFERENCE}{_WHAT}",
        ),
        ("://", r"""(://)[^\s/@"'<>]{1,300}+(?:@[^\s/@"'<>]{1,100}+){0,3}@"""),
        (
            "://",
            rf"""(://)[^\s/@:"'<>]{{0,100}}+:(?!\d{{1,5}}(?:[/?#]|\.{{3}}))[^\s@"'<>]{{1,100}}+(?:@|{_CUT})""",
        ),
        (
            "@",
            r"()\b[A-Za-z0-9._%+-]{1,64}+@(?:[A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+){0,6}\.[A-Za-z]{2,24}"
            rf"|[A-Za-z0-9.-]{{0,190}}+{_CUT})",
        ),
        # Whoever knows the key of a heartbeat can speak for its job.
        ("/heartbeat/", r"(?i)(/api/v1/heartbeat/)(?!\*{3})[^\s/?#\"'<>]{1,400}"),
        ("", r"()\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
    )
)
# Of persons, not of programs: addresses of mail, numbers of accounts.
_SECRETS = tuple((words, pattern) for words, pattern in _PATTERNS if words not in ([], ["@"]))
_HINTS = tuple({word for words, _ in _SECRETS for word in words})
_CARD = re.compile(
    r"(?<!\w)(?<!\d[.-])[2-6]\d{3}"
    r"(?:\d{9,15}|([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|[ -]\d{6}[ -]\d{4,5})(?!\w)(?!\.\d)"
)
_PRIVATE = re.compile(rf"(?i)cookie|authorization|{_NAME}\b")


def masked(text: str) -> str:
    """The text without revealed secrets, tokens, passwords, e-mail addresses, card and account numbers.

    What names a secret stays, so that the evidence can be read: `password=***`.
    """
    text = mask(text)
    return _CARD.sub(_hide_card, _without(_PATTERNS, text, text.lower()))


def secretless(text: str) -> str:
    """The text without secrets, tokens and passwords; what is personal stays. It costs little where there is none."""
    text = mask(text)
    return _known(text) if len(text) <= _SHORT else _searched(text)


def _searched(text: str) -> str:
    small = text.lower()
    return _without(_SECRETS, text, small) if any(hint in small for hint in _HINTS) else text


# A reading comes each minute with the same few words: addresses, media types, versions.
_known = lru_cache(maxsize=4096)(_searched)


def _without(patterns: Patterns, text: str, small: str) -> str:
    for words, pattern in patterns:
        if not words or any(word in small for word in words):
            text = pattern.sub(_hide, text)
    return text


def masked_value(value: object, name: str = "", clean: Callable[[str], str] = masked) -> object:
    """The same for what JSON can hold: every text in it cleaned, all text under `password`, `Set-Cookie` … gone."""
    return _within(value, clean, private=is_private(name), deep=_DEEPEST)


def is_private(name: str) -> bool:
    """Whether the name alone says that its value is not to be shown."""
    return _PRIVATE.search(name) is not None


def _within(value: object, clean: Callable[[str], str], *, private: bool, deep: int) -> object:
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return HIDDEN if private else clean(value)
    if isinstance(value, (dict, list, tuple, set, frozenset)) and deep == 0:
        return HIDDEN
    if isinstance(value, dict):
        return {
            clean(str(key)): _within(inner, clean, private=private or is_private(str(key)), deep=deep - 1)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_within(inner, clean, private=private, deep=deep - 1) for inner in value]
    return HIDDEN if private else clean(repr(value))


def _hide(found: re.Match[str]) -> str:
    ending = "@" if found.group().endswith("@") else ""
    return f"{found.group(1)}{HIDDEN}{ending}"


def _hide_card(found: re.Match[str]) -> str:
    """Long numbers are mostly sizes and moments; the check digit tells a card."""
    digits = [int(mark) for mark in reversed(found.group()) if mark.isdigit()]
    total = sum(digits[::2]) + sum(_LUHN_DOUBLED[digit] for digit in digits[1::2])
    return found.group() if total % 10 else HIDDEN
