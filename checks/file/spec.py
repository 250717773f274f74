"""File: the options an operator may set."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from checks.base import Spec
from checks.paths import AbsolutePath
from checks.text import visible
from config.units import Size

_GIB = 1024.0**3


def _one(path: str) -> str:
    if set(path) & set("*?"):
        folder, _, name = path.rpartition("/")
        remedy = f"write path: {visible(folder or '/', 60)} and match: {visible(name, 60)}"
        raise ValueError(f"is one path, without * and ? ({remedy})")
    return path


def _of_names(pattern: str) -> str:
    if "/" in pattern:
        raise ValueError(
            "is a pattern of names, without / (write the directory as path:, or set recursive: true)"
        )
    return pattern


class FileSpec(Spec):
    """Which file, or which files of a directory."""

    path: Annotated[AbsolutePath, AfterValidator(_one)] = Field(
        description="a file, or a directory whose files are looked at", examples=["/var/backups/db"]
    )
    match: Annotated[str, AfterValidator(_of_names), Field(min_length=1, max_length=255)] | None = Field(
        None,
        description="of a directory, the files whose name fits: `*`, `?` and `[a-z]` as in a shell; default: all",
        examples=["*.sql.gz"],
    )
    recursive: bool = Field(
        False, description="look into the directories below as well; links are not followed"
    )
    missing: Literal["down", "ok"] = Field(
        "down",
        description="whether it is down when there is no such file, or none that fits `match`; beside your own `down`",
    )
    hash: bool = Field(False, description="read the file and tell whether its content has changed")
    hash_limit: Annotated[Size, Field(ge=1, le=16 * _GIB)] = Field(
        64 * 1024.0 * 1024.0, description="larger files are not read; at most 16GiB", examples=["1GiB"]
    )


def when_missing(spec: FileSpec) -> str | None:
    """The condition that `missing` asks for."""
    return "present == false" if spec.missing == "down" else None
