"""The older format beside promtool: what it refuses is refused, and what it reads is read, but for what is named."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks.metrics import text_format
from checks.metrics.exposition import Unreadable

TEXTS = (
    "",
    "\n\n",
    "a\n",
    "a 1\n\n\n",
    "\n a 1",
    "a  1\n",
    "\ta 1\n",
    "a{} 1\n",
    "a { } 1\n",
    'a{b="c"}1\n',
    'a{b="c",} 1\n',
    "a{,} 1\n",
    'a{b="c" ,d="e"} 1\n',
    'a{b="c"; d="e"} 1\n',
    'a{b="x"}\n',
    "a{b=x} 1\n",
    "a{b='x'} 1\n",
    'a{1="x"} 1\n',
    'a{b:c="x"} 1\n',
    'a:b{c="x"} 1\n',
    '{b="x"} 1\n',
    'a{__name__="x"} 1\n',
    'a{b="\\t"} 1\n',
    'a{b="\\\\"} 1\n',
    'a{b="x\\"} 1\n',
    'a{b="x"} 1 # {} 1\n',
    '{"a.b"} 1\n',
    'a{"b.c"="d"} 1\n',
    "a.b 1\n",
    "a 1\r\n",
    "a +5\n",
    "a .5\n",
    "a 1.\n",
    "a .\n",
    "a 1e5\n",
    "a Inf\n",
    "a infinity\n",
    "a nan\n",
    "a +nan\n",
    "a 0x1\n",
    "a 0x1p3\n",
    "a 1_0\n",
    "a 1e999\n",
    "a 1e-999\n",
    "a 1 +5\n",
    "a 1 -5\n",
    "a 1 5 x\n",
    "a 1 1.5\n",
    "a 1 99999999999999999999\n",
    '# HELP a b\\"c\na 1\n',
    "# HELP a b\\nc\na 1\n",
    "# HELP a b\\tc\na 1\n",
    "# HELP a\na 1\n",
    "# HELP a \n# HELP a x\na 1\n",
    "# HELP a x\n# HELP a \na 1\n",
    "# HELP 1a x\n",
    "# HELP a-b x\n",
    "# FOO a-b x\na 1\n",
    "#HELP\na 1\n",
    "#\na 1\n",
    "# TYPE a\na 1\n",
    "# TYPE a COUNTER\na 1\n",
    "# TYPE a unknown\na 1\n",
    "# TYPE a info\na 1\n",
    "# TYPE a gauge x\na 1\n",
    "#TYPE a gauge\na 1\n",
    "#  TYPE  a  gauge\na 1\n",
    '# TYPE h histogram\nh_bucket{le="x"} 1\n',
    "# TYPE h histogram\nh_bucket 1\n",
    '# TYPE h histogram\nh_count{le="x"} 1\n',
    '# TYPE s summary\ns{quantile="x"} 1\n',
    '# TYPE s summary\ns_bucket{le="x"} 1\n',
    '# TYPE g gauge\ng{le="x"} 1\n',
    "h_count 1\n# TYPE h histogram\nh_count 2\n",
    "h_count 1\n# TYPE h_count gauge\n",
    "# TYPE h_count gauge\n# TYPE h histogram\nh_count 1\n",
)
# Spaces at the end of a line are nothing, as the documentation says and as the server itself reads them.
MORE_IS_READ = ("a 1 \n", "a 1 5 \n")


def _is_read(text: str) -> bool:
    try:
        text_format.read(text, (), math.inf)
    except Unreadable:
        return False
    return True


def test_same_texts_are_read_as_by_promtool(program: Callable[[str, str], Path]) -> None:
    promtool = program("promtool", "prometheus")

    def theirs(text: str) -> bool:
        done = subprocess.run(
            [promtool, "check", "metrics"], input=text.encode(), capture_output=True, timeout=60, check=False
        )
        return done.returncode != 1

    with ThreadPoolExecutor(2) as several:
        told = dict(zip(TEXTS + MORE_IS_READ, several.map(theirs, TEXTS + MORE_IS_READ), strict=True))
    assert {text: _is_read(text) for text in TEXTS} == {text: told[text] for text in TEXTS}
    assert [(_is_read(text), told[text]) for text in MORE_IS_READ] == [(True, False)] * len(MORE_IS_READ)
