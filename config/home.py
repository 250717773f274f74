"""Where the daemon of a file keeps its state, found even when the file has mistakes."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from config.file_text import text_of
from config.includes import gather
from config.options import AgentConfig
from config.reader import Reader
from config.sources import Sources, TooManyProblems

_WRITTEN = re.compile(r"""\bstate_dir["']?\s*:\s*["']?([^\s"',}#]+)""")


def state_dir(path: Path) -> Path:
    """The state directory that the file names, or the default.

    Raises ConfigError when the file is no text; where it cannot be understood, the word behind `state_dir:` counts.
    """
    sources = Sources()
    with contextlib.suppress(TooManyProblems):
        gather(path, sources)
    home = path.absolute().parent
    if "agent" not in sources.tree and not sources.whole:
        written = _WRITTEN.search(text_of(path))
        return home / (written[1] if written else AgentConfig().state_dir)
    agent = Reader(sources).model(AgentConfig, sources.tree.get("agent"), ("agent",)) or AgentConfig()
    return home / agent.state_dir
