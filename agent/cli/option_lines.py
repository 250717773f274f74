"""Options and kinds as `tocsin checks` and `tocsin connectors` show them: lines for people, objects for programs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from agent.cli.folding import page_width, print_hanging, print_wrapped

if TYPE_CHECKING:
    from config.option_table import Option

_NAME, _LEAST = 16, 20


def print_summaries(named: Iterable[tuple[str, str]]) -> None:
    """A line for each name and summary; what does not fit is on its own page."""
    for name, summary in named:
        said = textwrap.shorten(summary, max(page_width() - _NAME, _LEAST), placeholder=" …")
        print(f"  {name:<{_NAME - 3}} {re.sub('[,:;] …$', ' …', said)}")


def print_option(option: Option) -> None:
    """What to write on the first line, what it means below."""
    from config.option_table import plain

    told = [plain(option.kind)]
    if option.required:
        told.append("required")
    elif option.default:
        told.append(f"default {option.default}")
    if option.example:
        told.append(f"such as {option.example}")
    print_hanging(f"  {option.name}", "; ".join(told), 22)
    print_wrapped(plain(option.description), " " * 22)


def option_document(option: Option) -> dict[str, Any]:
    """The JSON object of an option."""
    from config.option_table import plain

    return {
        "name": option.name,
        "type": plain(option.kind),
        "required": option.required,
        "default": option.default or None,
        "description": plain(option.description),
        "example": option.example or None,
    }
