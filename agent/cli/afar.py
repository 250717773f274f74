"""Whether a command asks a daemon elsewhere: `--url` or TOCSIN_URL, with a token."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.setting import fail

if TYPE_CHECKING:
    from agent.cli.server import Server

_USAGE = 64
_MOST = 4096
_chosen: dict[str, Any] = {}
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Ask the daemon there, by its API. Default: $TOCSIN_URL, where a token is named.",
        show_default=False,
    ),
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="Holds the token for it. Default: $TOCSIN_TOKEN_FILE, $TOCSIN_TOKEN.",
        show_default=False,
        readable=False,
    ),
]
CaOption = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        metavar="FILE",
        help="Who signs its certificate. Default: whom the system trusts, or $SSL_CERT_FILE.",
        show_default=False,
        readable=False,
    ),
]


def also_afar(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command, with the options that say which daemon is asked."""

    @functools.wraps(function)
    def command(
        *,
        url: str | None = None,
        token_file: Path | None = None,
        ca: Path | None = None,
        **words: Any,
    ) -> Any:
        before = dict(_chosen)  # `tickets bulk` runs other commands
        _chosen.clear()
        _chosen.update(url=url, token_file=token_file, ca=ca)
        try:
            return function(**words)
        except (KeyError, TypeError, ValueError) as error:
            _other_version(error)
            raise
        finally:
            _chosen.clear()
            _chosen.update(before)

    given = inspect.signature(function, eval_str=True)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in (("url", UrlOption), ("token_file", TokenFileOption), ("ca", CaOption))
    ]
    command.__signature__ = given.replace(parameters=[*given.parameters.values(), *options])  # type: ignore[attr-defined]  # what inspect and typer look at
    return command


def given() -> list[str]:
    """The options that say which daemon is asked, to be given to another command."""
    options = (("--url", "url"), ("--token-file", "token_file"), ("--ca", "ca"))
    return [word for option, name in options if _chosen.get(name) for word in (option, str(_chosen[name]))]


def must_be_here() -> None:
    """Ends the command (64) that can ask the daemon of this host alone, where the environment means another."""
    if _chosen or not os.environ.get("TOCSIN_URL"):
        return
    if os.environ.get("TOCSIN_TOKEN") or os.environ.get("TOCSIN_TOKEN_FILE"):
        fail("this is done on the host of the daemon alone: run it there, or here without TOCSIN_URL", _USAGE)


def met(version: str) -> None:
    """The daemon that is asked has that version."""
    _chosen["version"] = version


def _other_version(error: Exception) -> None:
    """Ends the command where what was not understood came from another version than ours."""
    from importlib.metadata import version

    theirs, ours = _chosen.get("version"), version("tocsin")
    if theirs is not None and theirs != ours:
        said = f"{type(error).__name__}: {error}"[:100]
        fail(f"its answer is not understood ({said}): it has version {theirs[:40]}, this is {ours}", 1)


def server() -> Server | None:
    """The daemon elsewhere that is meant; None for that of this host. Ends the command (64) without a token.

    TOCSIN_URL alone does not count: jobs that report by `tocsin exec` have it too, and no token.
    """
    if not _chosen:
        return None
    url, token = _chosen["url"] or os.environ.get("TOCSIN_URL"), _token()
    if not url or (not token and not _chosen["url"]):
        if _chosen["token_file"] or _chosen["ca"]:
            fail("--token-file and --ca go with --url, or with TOCSIN_URL", _USAGE)
        return None
    if not token:
        fail("name a token for it: --token-file, TOCSIN_TOKEN_FILE or TOCSIN_TOKEN", _USAGE)
    if not token.isascii() or not token.isprintable() or " " in token:
        fail("the token holds signs that no token has", _USAGE)
    from agent.cli.server import Server

    return Server(url, token, _chosen["ca"])


def _token() -> str:
    named = _chosen["token_file"] or os.environ.get("TOCSIN_TOKEN_FILE")
    if not named:
        return os.environ.get("TOCSIN_TOKEN", "").strip()
    try:
        with Path(named).open(encoding="utf-8") as file:
            text = file.read(_MOST).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        fail(f"{named}: cannot be read: {reason.lower()}", _USAGE)
    return text or fail(f"{named}: holds no token", _USAGE)
