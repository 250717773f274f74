"""Reading one question: a value, an operator, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from config.conditions.errors import ConditionError
from config.conditions.hints import EXAMPLE, RESERVED, SIGNS, WORDS, name_hint, operator_hint, reserved_hint
from config.conditions.measures import Measure, misfit
from config.conditions.paths import PathError, compile_path
from config.conditions.patterns import glob, regex
from config.conditions.tokens import Kind, Token
from config.conditions.tree import (
    Body,
    Comparison,
    Exists,
    Header,
    JsonPath,
    Length,
    Literal,
    Operand,
    Range,
    Special,
    Value,
)

_VALUE = "value"
_CONSTANTS: dict[str, bool | Special] = {"true": True, "false": False, "null": Special.NULL}

Values = Mapping[str, Measure] | Collection[str] | None


class LeafReader:
    """A walk over the words; it notes what the condition needs to be given."""

    def __init__(self, text: str, tokens: list[Token], names: Values, *, others: bool = False) -> None:
        self.text = text
        self.names = None if others else names
        self._is_a_name = names is None or _VALUE in names  # of the prometheus kind's only result
        self.known: Mapping[str, Measure] = names if isinstance(names, Mapping) else {}
        self.asked: set[str] = set()
        self.needs_body = False
        self.needs_headers = False
        self._tokens = tokens
        self._at = 0

    def peek(self) -> Token:
        return self._tokens[self._at]

    def next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def take_word(self, word: str) -> bool:
        return self._take(Kind.WORD, word)

    def take_mark(self, mark: str) -> bool:
        return self._take(Kind.MARK, mark)

    def _take(self, kind: Kind, text: str) -> bool:
        found = self.peek().kind is kind and self.peek().text == text
        if found:
            self.next()
        return found

    def error(self, message: str, token: Token, hint: str | None = None) -> ConditionError:
        """The error to raise about a word."""
        return ConditionError(message, token.start, hint, self.text)

    def slice(self, start: Token) -> str:
        """The text as written from a word to the last one read, on one line."""
        return " ".join(self.text[start.start : self._tokens[self._at - 1].end].splitlines())

    def read(self) -> Comparison | Exists:
        """One question. Raises ConditionError."""
        start = self.peek()
        if self.take_word("exists"):
            of = self._operand(self.next(), right=False)
            return Exists(self.slice(start), of)
        left = self._operand(self.next(), right=False)
        turned, operator = self._operator(left)
        name = operator.text
        begun = self._at
        right = self._right(name)
        self._refuse_misfits(left, right, self._tokens[begun : self._at])
        if isinstance(right, Literal) and isinstance(right.value, Range):
            name = "range"
        negated = turned or name == "!="
        sign = "==" if name == "!=" else name
        return Comparison(self.slice(start), sign, left, right, negated, start.start)

    def _refuse_misfits(self, left: Operand, right: Operand, written: Sequence[Token]) -> None:
        """A value is compared with literals in its own unit, and with values in the same."""
        known = self.known.get(left.name) if isinstance(left, Value) else None
        if known is None:
            return
        for token in written:
            if not token.unit:
                continue
            wrong = misfit(left.text, known, token.text, token.unit, float(token.value))
            if wrong is not None:
                raise self.error(f'"{token.text}" does not fit: {wrong.why}', token, wrong.hint)
        other = self.known.get(right.name) if isinstance(right, Value) else None
        if other is not None and other.unit != known.unit and not (other.text or known.text):
            what = f"{left.text} is in {known.unit or 'no unit'}, {right.text} in {other.unit or 'none'}"
            raise self.error(f"these cannot be compared: {what}", written[0])

    def _operator(self, left: Operand) -> tuple[bool, Token]:
        turned = self.take_word("not")
        token = self.next()
        if token.kind is Kind.WORD and token.text in WORDS:
            return turned, token
        if token.kind is Kind.MARK and token.text in SIGNS and not turned:
            return False, token
        raise self.error(
            f"expected an operator after {left.text}", token, operator_hint(token.text, left.text)
        )

    def _right(self, operator: str) -> Operand:
        if operator == "in":
            return self._list_or_range()
        if operator in ("matches", "like"):
            return self._pattern(operator)
        return self._operand(self.next(), right=True)

    def _operand(self, token: Token, *, right: bool) -> Operand:
        if token.kind is Kind.WORD:
            return self._named(token, right=right)
        if token.kind in (Kind.NUMBER, Kind.TEXT) and right:
            return self._literal(token)
        if token.kind is Kind.PATH:
            raise self.error("a path stands after the word json", token, f"write json {token.text}")
        what = "expected a value or a literal" if right else "expected a value"
        hint = EXAMPLE if token.text == "[" or token.kind in (Kind.NUMBER, Kind.TEXT) else None
        raise self.error(what, token, hint)

    def _named(self, token: Token, *, right: bool) -> Operand:
        if token.text in _CONSTANTS and right:
            return self._literal(token)
        readers: dict[str, Callable[[Token], Operand]] = {
            "len": self._length,
            "json": self._path,
            "header": self._header,
            "value": self._label,
        }
        if token.text in readers:
            return readers[token.text](token)
        if token.text == "body":
            self.needs_body = True
            return Body("body")
        if token.text in RESERVED:
            raise self.error(f'"{token.text}" cannot stand here', token, reserved_hint(token.text))
        return self._value(token, token.text, right=right)

    def _value(self, token: Token, name: str, *, right: bool) -> Value:
        if self.names is not None and name not in self.names:
            raise self.error(f'no value is called "{name}"', token, name_hint(name, self.names, right=right))
        self.asked.add(name)
        return Value(self.slice(token), name)

    def _label(self, token: Token) -> Value:
        if self._is_a_name and self.peek().kind is not Kind.TEXT:
            return self._value(token, _VALUE, right=False)
        label = self._text_after("value", 'value "used %"')
        return self._value(token, str(label.value), right=False)

    def _header(self, token: Token) -> Header:
        name = self._text_after("header", 'header "Content-Type"')
        self.needs_headers = True
        return Header(self.slice(token), str(name.value).strip().lower())

    def _text_after(self, word: str, example: str) -> Token:
        token = self.next()
        if token.kind is not Kind.TEXT or not token.value:
            raise self.error(f"{word} takes a name in quotes", token, f"as in {example}")
        return token

    def _path(self, token: Token) -> JsonPath:
        path = self.next()
        if path.kind is not Kind.PATH:
            raise self.error("json takes a path that starts with $", path, "as in json $.status")
        try:
            compiled = compile_path(path.text)
        except PathError as error:
            raise ConditionError(str(error), path.start + error.offset, error.hint, self.text) from None
        self.needs_body = True
        return JsonPath(self.slice(token), compiled)

    def _length(self, token: Token) -> Length:
        if not self.take_mark("("):
            raise self.error("len takes a value in brackets", self.peek(), "as in len(body)")
        inner = self.next()
        if inner.text == "len":
            raise self.error("a length has no length", inner)
        of = self._operand(inner, right=False)
        if not self.take_mark(")"):
            raise self.error("expected )", self.peek())
        return Length(self.slice(token), of)

    def _literal(self, token: Token) -> Literal:
        if token.kind is Kind.WORD and token.text in _CONSTANTS:
            return Literal(token.text, _CONSTANTS[token.text])
        if token.kind in (Kind.NUMBER, Kind.TEXT):
            return Literal(token.text, token.value)
        hint = f'quote it: "{token.text}"' if token.kind is Kind.WORD else None
        raise self.error("expected a number or text in quotes", token, hint)

    def _list_or_range(self) -> Literal:
        start = self.peek()
        if self.take_mark("["):
            return self._list(start)
        low = self.next()
        if low.kind is not Kind.NUMBER:
            raise self.error("in takes a range such as 200..299 or a list such as [200, 204]", low)
        if not self.take_mark(".."):
            hint = f"or write a list: [{low.text}]"
            raise self.error("expected .. and the upper end of the range", self.peek(), hint)
        high = self.next()
        if high.kind is not Kind.NUMBER:
            raise self.error("expected the upper end of the range", high)
        if float(low.value) > float(high.value):
            raise self.error("this range is empty", low, f"did you mean {high.text}..{low.text}?")
        return Literal(self.slice(start), Range(_number(low), _number(high)))

    def _list(self, start: Token) -> Literal:
        found: list[str | int | float | Special] = []
        while not found or self.take_mark(","):
            if self.peek().text == "]" and not found:
                raise self.error("this list is empty", start)
            one = self._literal(self.next()).value
            assert isinstance(one, (str, int, float, Special))
            found.append(one)
        if not self.take_mark("]"):
            raise self.error("expected , or ]", self.peek())
        return Literal(self.slice(start), tuple(found))

    def _pattern(self, operator: str) -> Literal:
        token = self.next()
        if token.kind is not Kind.TEXT:
            hint = f'quote it: "{token.text}"' if token.kind in (Kind.WORD, Kind.NUMBER) else None
            raise self.error(f"{operator} takes a pattern in quotes", token, hint)
        try:
            compiled = regex(str(token.value)) if operator == "matches" else glob(str(token.value))
        except ValueError as error:
            raise self.error(str(error), token) from None
        return Literal(token.text, compiled)


def _number(token: Token) -> int | float:
    assert isinstance(token.value, int | float)
    return token.value
