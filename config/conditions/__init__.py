"""The threshold language: conditions over what a check has seen."""

from __future__ import annotations

from config.conditions.errors import ConditionError
from config.conditions.evaluate import evaluate, holds
from config.conditions.facts import Facts
from config.conditions.measures import Measure, measure
from config.conditions.parser import MAX_HOLD_COUNT, parse
from config.conditions.render import render
from config.conditions.tree import Condition, Hold
from config.conditions.verdict import Leaf, Verdict

__all__ = [
    "MAX_HOLD_COUNT",
    "Condition",
    "ConditionError",
    "Facts",
    "Hold",
    "Leaf",
    "Measure",
    "Verdict",
    "evaluate",
    "holds",
    "measure",
    "parse",
    "render",
]
