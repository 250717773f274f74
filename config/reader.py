"""A block of the file -> a model: references followed, and every mistake noted at its place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.field_types import id_hint, is_id
from config.friendly import MISSING, Complaint, complaints, mapping_hint, shown, sort_of
from config.masks import leave_plain, mask
from config.places import Where
from config.references import SecretError, files_open_to_all, misspelt, references, resolve
from config.shapes import ANY, Shape, shape_of
from config.slips import plain_number
from config.sources import Sources
from config.targets import blanks

M = TypeVar("M", bound=BaseModel)
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_IN_ADDRESS = re.compile(r"://[^/@\s:]*:(?!\$\{)[^/@\s]+@")
_NO_TARGETS = "a service or check with targets: or targets_file: has it filled in"
_QUOTED = re.compile(r'".*"', re.DOTALL)
_KEEPS_SECRETS = re.compile(
    r"pass|secret|token|bearer|credential|cookie|dsn|auth|api.?key|private|signature", re.IGNORECASE
)
# Options whose entries may be secrets and mostly are none.
_PLAIN_AMONG = (("headers",), ("env",), ("form",))


class Reader:
    """Reads blocks of one merged tree; notes mistakes in `sources`.

    `partial`: what is lacking may be added by whoever uses the block, and is no mistake.
    """

    def __init__(self, sources: Sources, *, partial: bool = False) -> None:
        self.sources, self.partial = sources, partial

    def model(self, model: type[M], block: Any, where: Where, also: Collection[str] = ()) -> M | None:
        """The block as a model; without the options that are wrong (noted); None when that cannot be.

        `also` are keys that are known at this place beside the fields of the model.
        """
        given = {} if block is None else block
        if not isinstance(given, dict):
            self.sources.blame(where, f"expected a mapping, got {sort_of(block)}", mapping_hint(block))
            return None
        texts = _Texts(self.sources)
        ready = texts.followed(given, shape_of(model), where)
        try:
            return model.model_validate(ready)
        except ValidationError as error:
            found = list(complaints(error, model, ready, also))
        for complaint in found:
            self._note(complaint, where, texts)
        return _without(model, ready, {complaint.where[0] for complaint in found if complaint.where})

    def _note(self, complaint: Complaint, where: Where, texts: _Texts) -> None:
        place = (*where, *complaint.where)
        if any(place[: len(bad)] == bad for bad in texts.noted) or (
            self.partial and complaint.message == MISSING
        ):
            return
        hint = None if texts.follows(place) else complaint.hint
        self.sources.blame(place, texts.hidden(place, complaint.message), hint, key=complaint.key)


def good_id(sources: Sources, where: Where) -> bool:
    """Whether the last part of the place can be a name; noted when not."""
    name = str(where[-1])
    if is_id(name):
        return True
    sources.blame(where, f"{shown(name)} is no id", id_hint(name), key=True)
    return False


def _without(model: type[M], block: Mapping[str, Any], wrong: Iterable[str | int]) -> M | None:
    """What is left of the block is read all the same: the rest of the file may refer to it."""
    kept = {key: value for key, value in block.items() if key not in set(wrong)}
    if len(kept) == len(block):
        return None
    try:
        return model.model_validate(kept)
    except ValidationError:
        return None


class _Texts:
    """The texts of one block, made ready for its model."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.noted: list[Where] = []
        self._followed: dict[Where, str] = {}

    def followed(self, value: Any, shape: Shape, where: Where) -> Any:
        """The value with references followed where they do not stay secret; empty options left out."""
        if isinstance(value, str):
            return self._text(value, shape, where)
        if isinstance(value, dict):
            return self._mapping(value, shape, where)
        if isinstance(value, list):
            item = shape.item or ANY
            return [self.followed(below, item, (*where, number)) for number, below in enumerate(value)]
        return value

    def follows(self, place: Where) -> bool:
        """Whether a reference was followed at this place."""
        return place in self._followed

    def hidden(self, place: Where, message: str) -> str:
        """The message without what references gave: it names the reference instead."""
        followed = self._followed.get(place)
        if followed is not None:
            message = _QUOTED.sub(lambda _found: shown(followed), message)
        return mask(message) if self._followed else message

    def _mapping(self, block: Mapping[str, Any], shape: Shape, where: Where) -> dict[str, Any]:
        ready, fields, item = {}, shape.fields, shape.item or ANY
        for key, value in block.items():
            inner = item if fields is None else fields.get(key, ANY)
            if value is None and fields is not None:
                continue
            if isinstance(value, str) and inner.plain and "$" not in value and "@" not in value:
                ready[key] = value  # nearly all are: the short way
            else:
                ready[key] = self.followed(value, inner, (*where, key))
        return ready

    def _text(self, text: str, shape: Shape, where: Where) -> str:
        if shape.filled:
            return self._without_references(text, where)
        if "${" in text and (left := blanks(text)):
            self._blame(where, f"{left[0]} stands for nothing here", _NO_TARGETS)
            return text
        if shape.secret:
            self._look_at_secret(text, where)
            return text
        if "@" in text and _IN_ADDRESS.search(text):
            hint = "write ${env:NAME}, ${file:/path} or ${credential:NAME} instead"
            self.sources.warn(where, "a password stands in clear in the address", hint)
        if "${" in text:
            text = self._resolved(text, where)
        if (shape.whole or shape.number) and where not in self.noted:
            self._look_at_number(text, shape, where)
        return text

    def _resolved(self, text: str, where: Where) -> str:
        self._warn_of_misspelt(text, where)
        return self._without_references(text, where)

    def _without_references(self, text: str, where: Where) -> str:
        if not references(text):
            return text
        self._followed[where] = text
        found = {reference: self._followed_one(reference, where) for reference in references(text)}
        if None in found.values():
            return text
        return resolve(text)

    def _look_at_number(self, text: str, shape: Shape, where: Where) -> None:
        """Python would also take `1_000`, `1e3` and `007`; the operator may have meant something else."""
        wanted, pattern = ("a whole number", _WHOLE) if shape.whole else ("a number", _NUMBER)
        if pattern.fullmatch(text):
            return
        simple = plain_number(text)
        near = simple != text and pattern.fullmatch(simple) and not self.follows(where)
        hint = f"did you mean {simple}?" if near else None
        self._blame(where, self.hidden(where, f"expected {wanted}, got {shown(text)}"), hint)

    def _look_at_secret(self, text: str, where: Where) -> None:
        if not text:
            return
        named_so = _KEEPS_SECRETS.search(str(where[-1])) is not None
        if not references(text):
            self._look_at_clear(text, where, named_so=named_so)
            return
        self._warn_of_misspelt(text, where)
        for file in files_open_to_all(text):
            self.sources.warn(where, f"everybody on this host can read {file}", f"chmod 640 {file}")
        for reference in references(text):
            if self._followed_one(reference, where, secret=True) == "":
                self.sources.warn(where, f"{reference} is empty")

    def _followed_one(self, reference: str, where: Where, *, secret: bool = False) -> str | None:
        """What is there; None, noted, when nothing is: a mistake now, and not at three in the morning."""
        try:
            found = resolve(reference)
        except SecretError as error:
            self.sources.refer(reference, where, is_set=False)
            if secret and error.only_here:
                self.sources.warn(where, str(error), "not looked at here: the daemon must be able to read it")
            else:
                self._blame(where, str(error))
            return None
        self.sources.refer(reference, where, is_set=bool(found))
        return found

    def _look_at_clear(self, text: str, where: Where, *, named_so: bool) -> None:
        among = where[-2:-1] in _PLAIN_AMONG
        if misspelt(text) and (named_so or among):
            self._warn_of_misspelt(text, where)
        elif named_so:
            hint = "write ${env:NAME}, ${file:/path} or ${credential:NAME} instead"
            self.sources.warn(where, "a secret stands in clear in the file", hint)
        elif among:
            leave_plain(text)

    def _warn_of_misspelt(self, text: str, where: Where) -> None:
        for written, meant in misspelt(text):
            message = f"{shown(written)} is no reference: it is taken as it stands"
            self.sources.warn(where, message, f"did you mean {meant}?")

    def _blame(self, where: Where, message: str, hint: str | None = None) -> None:
        self.noted.append(where)
        self.sources.blame(where, message, hint)
