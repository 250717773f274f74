"""What `tocsin validate` says of each file in broken/: `python -m tests.config.golden` writes the answers anew."""

from __future__ import annotations

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from agent.cli import main

BROKEN = Path(__file__).with_name("broken")
NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))
# What the files refer to and nobody sets.
UNSET = ("INTRANET_PASSWORD", "INTRANET_TOKEN", "CREDENTIALS_DIRECTORY")


def answer_file(name: str) -> Path:
    """Where the answer to broken/NAME.yaml is kept."""
    return BROKEN / f"{name}.txt"


def answer(name: str) -> tuple[int, str]:
    """Exit code and output of the command, run in this process and in the directory of the files."""
    said, code = io.StringIO(), None
    arguments, sys.argv = sys.argv, ["tocsin", "validate", "--config", f"{name}.yaml"]
    try:
        with chdir(BROKEN), redirect_stdout(said), redirect_stderr(said):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.argv = arguments
    assert isinstance(code, int)
    return code, said.getvalue()


def write() -> None:
    """Each answer as it is now; what changed is named, so that it will be read before it is kept."""
    for name in UNSET:
        os.environ.pop(name, None)
    for name in NAMES:
        path, (code, said) = answer_file(name), answer(name)
        assert code in (0, 78), said
        if not path.exists() or path.read_text() != said:
            path.write_text(said)
            print(f"{path.name}\n{said}")


if __name__ == "__main__":
    write()
