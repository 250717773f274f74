"""TCP: a conversation in steps: wait for a line, keep parts of it, answer, turn to TLS."""

from __future__ import annotations

import asyncio
import codecs
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from checks.base import ErrorKind, Spec
from checks.connection import Deadline, Fault, Link, refuse_read_ahead
from checks.spoken_text import Searchable, Words, encoded, excerpt
from checks.text import visible
from config.conditions.patterns import regex
from config.secrets import Secret, SecretError

MOST_READ = 64 * 1024
# A peer that sends single bytes must not make us search as often.
BETWEEN_SEARCHES = 0.01
_CRUMB = 512
_GROUP = re.compile(r"\$\{(\d)\}")
# A line that has no end yet may be a prompt, or the rest of it is on its way.
_SETTLES = 0.05
_VALUE_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")

_UTF8 = partial(codecs.getincrementaldecoder("utf-8"), "replace")

Turn = Callable[[Link], Awaitable[Link]]


def _value_names(values: Mapping[str, str]) -> Mapping[str, str]:
    for name in values:
        if not _VALUE_NAME.fullmatch(name):
            raise ValueError(f'"{visible(name, 40)}" is no name of a value: small letters, digits and _')
    return values


class Step(Spec):
    """One step: `expect` first, then `send`, then `starttls`."""

    expect: Searchable | None = Field(
        None,
        description="RE2 pattern that a line of the answer must match; lines before it are skipped",
        examples=["^220 "],
    )
    send: Words | None = Field(
        None,
        description="line to send, its end is put to it; `${1}` is the first group of the last `expect`",
        examples=["EHLO tocsin.example.org"],
    )
    starttls: bool = Field(False, description="turn to TLS here")
    values: Annotated[Mapping[str, str], AfterValidator(_value_names)] = Field(
        {},
        description="values of your own, made of the groups of `expect`",
        examples=[{"ssh_version": "${1}"}],
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Step:
        if self.expect is None and self.send is None and not self.starttls:
            raise ValueError("a step wants `expect`, `send` or `starttls: true`")
        if self.values and self.expect is None:
            raise ValueError("`values` are made of the groups of `expect`, which is lacking")
        return self


@dataclass(slots=True)
class Conversation:
    """What was heard, and how much of it is dealt with; the groups of the last line that was expected."""

    link: Link
    deadline: Deadline
    turn_to_tls: Turn
    heard: bytearray = field(default_factory=bytearray)
    values: dict[str, str] = field(default_factory=dict)
    _waiting: bytes = b""
    _ended: bool = False
    _groups: tuple[str, ...] = ()
    _decoder: codecs.IncrementalDecoder = field(default_factory=_UTF8)

    async def hold(self, steps: Sequence[Step]) -> None:
        """All steps in their order, within the deadline. Raises Fault, and what streams raise."""
        for number, step in enumerate(steps, 1):
            if step.expect is not None:
                await self._expect(number, step.expect)
                self.values |= {name: self._filled(text) for name, text in step.values.items()}
            if step.send is not None:
                await self._send(step.send)
            if step.starttls:
                await self._secure(number)

    async def _secure(self, number: int) -> None:
        if self._waiting.strip() or self._decoder.getstate()[0]:
            said = excerpt(self._waiting)
            more = "more was said in plain text before TLS began, which is not to be trusted"
            raise Fault(f"{self._where(number)}: {more}: {said}", ErrorKind.PROTOCOL)
        refuse_read_ahead(self.link)
        self.link = await self.turn_to_tls(self.link)

    async def _send(self, words: Secret) -> None:
        try:
            line = self._filled(words.words())
        except SecretError as error:
            raise Fault(str(error), ErrorKind.LOCAL) from None
        whole = line if line.endswith("\n") else line.removesuffix("\r") + "\r\n"
        self.link.writer.write(encoded(whole))
        try:
            async with asyncio.timeout(self.deadline.left):
                await self.link.writer.drain()
        except TimeoutError:
            where, patience = self.link.where, self.deadline
            text = f"{where} took nothing more that was sent, within {patience}"
            raise Fault(text, ErrorKind.TIMEOUT) from None

    def _filled(self, text: str) -> str:
        """With the groups put in; one that was not there is empty. A line end in them would be a second line."""

        def group(found: re.Match[str]) -> str:
            number = int(found[1])
            said = self._groups[number] if number < len(self._groups) else ""
            return said.replace("\r", "").replace("\n", "")

        return _GROUP.sub(group, text)

    async def _expect(self, number: int, expect: str) -> None:
        pattern = capturing(expect)
        while True:
            if await self._found(pattern):
                return
            if self._ended:
                raise self._not_heard(number, "the connection was closed")
            if len(self.heard) >= MOST_READ:
                raise self._not_heard(number, f"not in the first {MOST_READ // 1024}KiB")
            try:
                async with asyncio.timeout(self.deadline.left):
                    if await self._hear() < _CRUMB:
                        await asyncio.sleep(BETWEEN_SEARCHES)
            except TimeoutError:
                raise self._not_heard(number, f"not within {self.deadline}") from None

    async def _found(self, pattern: Any) -> bool:
        """Whether a line matches, of those that are whole or, when no more comes, of the one begun."""
        whole, newline, _ = self._waiting.rpartition(b"\n")
        if newline and self._take(pattern, whole + newline):
            return True
        if self._waiting.endswith(b"\n") or not pattern.search(self._waiting):
            return False
        if not self._ended and await self._more():
            return await self._found(pattern)
        return self._take(pattern, self._waiting)

    def _take(self, pattern: Any, said: bytes) -> bool:
        """Keep the groups of the match; what stands up to the end of its line is dealt with."""
        match = pattern.search(said)
        if match is None:
            return False
        groups = (match.group(0), *match.groups())
        self._groups = tuple((each or b"").decode("utf-8", "replace") for each in groups)
        end = said.find(b"\n", max(match.end() - 1, match.start()))
        self._waiting = self._waiting[end + 1 if end >= 0 else len(said) :]
        return True

    async def _more(self) -> bool:
        """Whether something more comes at once."""
        try:
            async with asyncio.timeout(min(_SETTLES, self.deadline.left)):
                await self._hear()
        except TimeoutError:
            return False
        return not self._ended

    async def _hear(self) -> int:
        """How many bytes came."""
        chunk = await self.link.reader.read(max(1, MOST_READ - len(self.heard)))
        self._ended = not chunk
        self.heard += chunk
        text = self._decoder.decode(chunk, not chunk).encode()  # `.` matches no bytes that are not UTF-8
        self._waiting = (self._waiting + text).replace(b"\r\n", b"\n")
        return len(chunk)

    def _where(self, number: int) -> str:
        return f"{self.link.where}, step {number} of `dialog`"

    def _not_heard(self, number: int, why: str) -> Fault:
        said = excerpt(self._waiting) or excerpt(self.heard)
        kind = ErrorKind.CONTENT if self.heard else ErrorKind.TIMEOUT
        if self._ended and not self.heard:
            kind = ErrorKind.PROTOCOL
        got = f", got: {said}" if said else ", and not a word was said"
        return Fault(f"{self._where(number)}: `expect` not found, {why}{got}", kind)


@lru_cache(maxsize=1024)
def capturing(text: str) -> Any:
    """A compiled RE2 pattern that keeps its groups; `^` and `$` match at each line."""
    import re2

    regex(text)  # for a mistake, with its reason
    options = re2.Options()
    options.log_errors = False
    return re2.compile(f"(?m){text}".encode(), options)
