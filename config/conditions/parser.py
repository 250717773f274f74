"""From words to a tree: `not` binds closer than `and`, `and` closer than `or`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from config.conditions.leaves import LeafReader, Values
from config.conditions.sense import refuse_senseless
from config.conditions.tokens import UNITS, Kind, Token, tokenize
from config.conditions.tree import And, Comparison, Condition, Exists, Hold, Node, Not, Or
from config.unit_table import TIME

MAX_NESTING = 64
MAX_LEAVES = 64
MAX_HOLD_COUNT = 64


def parse(text: str, values: Values = None, *, others: bool = False) -> Condition:
    """Read a condition. `values` are those it may ask for, by name; None accepts any, as do `others` beside them.

    With their measures, literals must fit their units, and no question may have only one possible answer.
    Raises ConditionError, with the place and where possible a remedy, for anything else.
    """
    reader = _Parser(LeafReader(text, tokenize(text), values, others=others))
    tree = reader.whole()
    if isinstance(values, Mapping):
        refuse_senseless(tree, values, text)
    asked = reader.leaf
    return Condition(
        text=text,
        tree=tree,
        must_hold=reader.hold,
        needs_body=asked.needs_body,
        needs_headers=asked.needs_headers,
        names=frozenset(asked.asked),
    )


class _Parser:
    """The joining words; single questions are read by the LeafReader."""

    def __init__(self, leaf: LeafReader) -> None:
        self.leaf = leaf
        self.hold: Hold | None = None
        self._depth = 0
        self._leaves = 0

    def whole(self) -> Node:
        if self.leaf.peek().kind is Kind.END:
            raise self.leaf.error("a condition is missing", self.leaf.peek())
        tree = self._or()
        self.hold = self._suffix()
        left = self.leaf.peek()
        if left.kind is not Kind.END:
            raise self.leaf.error(f"unexpected {_named(left)}", left, _ending_hint(left, self.hold))
        return tree

    def _or(self) -> Node:
        parts = [self._and()]
        while self.leaf.take_word("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Node:
        parts = [self._not()]
        while self.leaf.take_word("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Node:
        start = self.leaf.peek()
        if not self.leaf.take_word("not"):
            return self._primary()
        self._deeper(start)
        inner = self._not()
        self._depth -= 1
        if isinstance(inner, (Comparison, Exists)):
            return replace(inner, text=self.leaf.slice(start), negated=not inner.negated)
        return Not(inner)

    def _primary(self) -> Node:
        opening = self.leaf.peek()
        if not self.leaf.take_mark("("):
            self._leaves += 1
            if self._leaves > MAX_LEAVES:
                raise self.leaf.error(f"more than {MAX_LEAVES} comparisons in one condition", opening)
            return self.leaf.read()
        self._deeper(opening)
        inner = self._or()
        if not self.leaf.take_mark(")"):
            self._refuse_unclosed(opening)
        self._depth -= 1
        return inner

    def _refuse_unclosed(self, opening: Token) -> None:
        found = self.leaf.peek()
        if found.kind is Kind.END:
            raise self.leaf.error("this bracket is never closed", opening)
        hint = None
        if found.text == "for" or found.kind is Kind.NUMBER:
            hint = "for 5m and 3 of 5 stand at the end of the whole condition"
        message = f'expected ")", "and" or "or", got {_named(found)}'
        raise self.leaf.error(message, found, hint or _ending_hint(found, None))

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise self.leaf.error(f"nested deeper than {MAX_NESTING}", token)

    def _suffix(self) -> Hold | None:
        start = self.leaf.peek()
        if self.leaf.take_word("for"):
            return self._duration(self.leaf.next())
        if start.kind is Kind.NUMBER:
            return self._ratio(self.leaf.next())
        return None

    def _duration(self, token: Token) -> Hold:
        if token.kind is not Kind.NUMBER or token.unit not in TIME:
            hint = self._with_unit(token) if token.kind is Kind.NUMBER and not token.unit else None
            raise self.leaf.error("for takes a duration such as 5m", token, hint)
        if float(token.value) <= 0:
            raise self.leaf.error("a duration after for must be longer than 0s", token)
        return Hold(seconds=float(token.value))

    def _with_unit(self, number: Token) -> str:
        """`10 minutes` was meant to be `10m`."""
        word = self.leaf.peek().text.lower()
        unit = next((unit for unit in (word, word[:1]) if unit in TIME), "s")
        if word.startswith("mo"):
            return "months are of no certain length: write days, such as 30d"
        return f"did you mean {number.text}{unit}?"

    def _ratio(self, first: Token) -> Hold:
        if not self.leaf.take_word("of"):
            hint = "a condition may end in for 5m or 3 of 5"
            raise self.leaf.error(f"unexpected {_named(first)}", first, hint)
        last = self.leaf.next()
        for token in (first, last):
            if not token.text.isascii() or not token.text.isdigit():
                raise self.leaf.error("M of N takes two whole numbers, such as 3 of 5", token)
        count, of = int(first.text), int(last.text)
        if not 1 <= count <= of <= MAX_HOLD_COUNT:
            wrong = last if of > MAX_HOLD_COUNT else first
            near = f"did you mean {of} of {count}?" if 1 <= of < count <= MAX_HOLD_COUNT else None
            raise self.leaf.error(f"M of N needs 1 <= M <= N <= {MAX_HOLD_COUNT}", wrong, near)
        return Hold(count=count, of=of)


def _named(token: Token) -> str:
    return f'"{token.text}"' if token.kind is not Kind.END else "the end"


def _ending_hint(token: Token, hold: Hold | None) -> str | None:
    if hold is not None:
        return "nothing follows for 5m or 3 of 5"
    if token.text.lower() in ("and", "or", "for", "of"):
        return f"did you mean {token.text.lower()}?"
    if token.text in UNITS:
        return "a unit follows its number without a space"
    return None
