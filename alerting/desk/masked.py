"""Personal data in the desk's texts: a person's own, and whatever looks like an address or a phone's number. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from alerting.desk.parts import Reporter

HIDDEN = "***"
_SHORTEST_NAME, _SHORTEST_ID = 3, 4
_PHONE_DIGITS = range(9, 16)

# Each is bounded, so that hostile text costs no more than other text.
_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}+@(?:[\w-]{1,63}+\.){1,8}\w{2,24}")
_PHONE = re.compile(
    r"(?<![\w.:/+-])(?:\+\d(?:[ ().-]{0,2}\d){7,14}|00[1-9](?:[ ().-]{0,2}\d){7,13}"
    r"|\(?0\d{1,3}\)?(?:[ .-]{0,2}\d){6,9}|\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4})(?![\w:/])"
)
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)")
_IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")


@dataclass(frozen=True, eq=False)
class Personal:
    """What one person is known by. `spared` are names of others: words of them stay, though the person shares them.

    `parts`: first and last names by themselves are the person's too.
    """

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    parts: bool = True

    @classmethod
    def of(cls, reporters: Iterable[Reporter], spared: Iterable[str] = ()) -> Personal:
        """All that these entries, of one person, say of them."""
        known = list(reporters)
        return cls(
            names=_each(each.name for each in known),
            emails=_each(each.email for each in known),
            phones=_each(each.phone for each in known),
            ids=_each(said for each in known for said in (each.user_id, each.account)),
            spared=tuple(spared),
        )

    @property
    def elsewhere(self) -> Personal:
        """What names the person in texts that are about others: numbers and first names may be anybody's there."""
        return Personal(self.names, self.emails, self.phones, parts=False)

    @property
    def contacts(self) -> Personal:
        """What nobody else has."""
        return Personal(emails=self.emails, phones=self.phones)

    def without(self, text: str, word: str = HIDDEN) -> str:
        """The text with the word instead of each thing that names the person."""
        for pattern in self._patterns:
            text = pattern.sub(lambda _found: word, text)
        return text

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        """The longest first: the whole name before its parts."""
        whole = [*self.emails, *(each for each in self.ids if len(each) >= _SHORTEST_ID), *self.names]
        found = [
            re.compile(rf"(?<!\w){re.escape(each)}(?!\w)", re.IGNORECASE)
            for each in sorted(whole, key=len, reverse=True)
        ]
        found += [_digits(each) for each in self.phones if sum(map(str.isdigit, each)) >= _SHORTEST_ID]
        return found + [re.compile(rf"(?<!\w){re.escape(each)}(?!\w)") for each in self._parts()]

    def _parts(self) -> list[str]:
        """First and last names: `Dear Ann` names her too. As they are written, so that common words stay."""
        if not self.parts:
            return []
        others = {word for name in self.spared if name not in self.names for word in name.split()}
        parts = {word.strip(".,") for name in self.names for word in name.split()}
        wanted = (each for each in parts - others if len(each) >= _SHORTEST_NAME and each[:1].isupper())
        return sorted(wanted, key=len, reverse=True)


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _digits(phone: str) -> re.Pattern[str]:
    """The same number however it is grouped."""
    digits = [mark for mark in phone if mark.isdigit()]
    return re.compile(r"(?<!\d)\+?\(?" + r"[ ().-]{0,2}".join(digits) + r"(?!\d)")


def without_contacts(text: str, word: str = HIDDEN) -> str:
    """The text without addresses of mail and numbers of phones, whosesoever they are."""
    return _PHONE.sub(lambda found: _if_phone(found, word), _EMAIL.sub(lambda _found: word, text))


def without_addresses(text: str, word: str = HIDDEN) -> str:
    """The text without IP addresses."""
    text = _IP4.sub(lambda found: _if_address(found, word), text)
    return _IP6.sub(lambda found: _if_address(found, word), text)


def cleaner(personal: Personal, word: str = HIDDEN, *, ips: bool = True) -> Callable[[str], str]:
    """What takes all of these out of a text: the person's own data, contacts and, if so, IP addresses."""

    def clean(text: str) -> str:
        text = without_contacts(personal.without(text, word), word)
        return without_addresses(text, word) if ips else text

    return clean


def _if_phone(found: re.Match[str], word: str) -> str:
    return word if sum(map(str.isdigit, found.group())) in _PHONE_DIGITS else found.group()


def _if_address(found: re.Match[str], word: str) -> str:
    try:
        address = ipaddress.ip_address(found.group())
    except ValueError:
        return found.group()
    return found.group() if address.is_unspecified else word
