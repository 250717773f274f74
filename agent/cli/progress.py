"""How far a long command is: a bar for people at a terminal, nothing for anybody else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(doing: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """What is called with each amount that is done of the total, None where nobody knows it. Drawn on stderr."""
    if not sys.stderr.isatty():
        yield lambda _amount: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda amount: progress.advance(task, amount)
