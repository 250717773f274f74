"""References to what is kept elsewhere: `${env:NAME}`, `${file:/path}`, `${credential:NAME}`."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from config.masks import remember

_REFERENCE = re.compile(r"\$\{(env|file|credential):([^}]+)\}")
_LOOKS_LIKE_ONE = re.compile(r"\$\{\s*([A-Za-z_][\w.:/ -]*)\}")
_LEFT_OPEN = re.compile(r"\$\{(?:(?:env|file|credential):|target|label\.)[^{}\s]*$")
_SHELL_VARIABLE = re.compile(r"\$[A-Z_][A-Z0-9_]{2,}")
_OF_TARGETS = frozenset({"target", "targets", "label", "labels"})
_LARGEST = 64 * 1024
_READABLE_BY_ALL = 0o004


class SecretError(Exception):
    """A reference that cannot be followed; the text names it, never a value.

    `only_here` is True when it may well be followed elsewhere: by the user, or in the unit, that the daemon
    runs as.
    """

    def __init__(self, message: str, *, only_here: bool = False) -> None:
        super().__init__(message)
        self.only_here = only_here


def references(text: str) -> list[str]:
    """The references in a text, as written: `["${env:TOKEN}"]`."""
    if "${" not in text:
        return []
    return [found.group(0) for found in _REFERENCE.finditer(text)]


def resolve(text: str) -> str:
    """The text with its references followed; what they gave is masked from then on. Raises SecretError."""
    if "${" not in text:
        return text
    return _REFERENCE.sub(lambda found: _follow(found.group(1), found.group(2)), text)


def misspelt(text: str) -> list[tuple[str, str]]:
    """What looks like a reference and is none, each with the reference that was probably meant."""
    rest = _REFERENCE.sub("", text)
    if _SHELL_VARIABLE.fullmatch(text):
        return [(text, f"${{env:{text[1:]}}}")]
    left_open = [(found.group(0), f"{found.group(0)}}}") for found in _LEFT_OPEN.finditer(rest)]
    return [(found.group(0), _meant(found.group(1))) for found in _LOOKS_LIKE_ONE.finditer(rest)] + left_open


def files_open_to_all(text: str) -> list[str]:
    """The files behind a text's references that everybody on this host can read."""
    found = []
    for where, name in _REFERENCE.findall(text):
        if where == "file":
            try:
                mode = Path(name).stat().st_mode
            except (OSError, ValueError):
                continue
            if mode & _READABLE_BY_ALL:
                found.append(name)
    return found


def _meant(inside: str) -> str:
    word, dot, label = inside.strip().partition(".")
    if word.lower() in _OF_TARGETS:
        return f"${{label.{label or 'NAME'}}}" if dot or word.lower().startswith("label") else "${target}"
    return f"${{env:{_name_in(inside)}}}"


def _name_in(inside: str) -> str:
    return re.split(r"[.: /]", inside.strip())[-1] or "NAME"


def _follow(where: str, name: str) -> str:
    reference = f"${{{where}:{name}}}"
    if where == "env":
        return _from_environment(name, reference)
    if where == "file":
        if not name.startswith("/"):
            raise SecretError(f"{reference}: write a path from the root, such as ${{file:/etc/tocsin/token}}")
        return _from_file(Path(name), reference)
    if name in (".", "..") or "/" in name:
        raise SecretError(f"{reference}: a credential has a plain name, as in LoadCredential=")
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        reason = "known only inside the unit, by its LoadCredential"
        raise SecretError(f"{reference}: {reason}", only_here=True)
    path = Path(directory) / name
    if os.access(directory, os.X_OK) and not os.path.lexists(path):
        raise SecretError(
            f"{reference}: the unit loads no credential of that name (LoadCredential, then a restart)"
        )
    return _from_file(path, reference)


def _from_environment(name: str, reference: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretError(f"{reference}: the environment has no variable {name}")
    if not _is_text(value):
        raise SecretError(f"{reference}: the variable {name} is not UTF-8 text")
    if (
        not value.isdecimal()
    ):  # a port from the environment is no secret, and 65432 would be masked everywhere
        remember(value)
    return value


def _is_text(value: str) -> bool:
    """Python keeps bytes of the environment that are no UTF-8 as halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _from_file(path: Path, reference: str) -> str:
    try:
        value = _read(path).decode("utf-8").strip("\r\n")
    except PermissionError as error:
        raise SecretError(f"{reference}: cannot read {path}: {error.strerror}", only_here=True) from None
    except OSError as error:
        raise SecretError(f"{reference}: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretError(f"{reference}: {path} is not UTF-8 text") from None
    except ValueError as error:
        raise SecretError(f"{reference}: {path} {error}") from None
    remember(value)
    return value


def _read(path: Path) -> bytes:
    """The bytes of a small regular file: a FIFO would hold up the daemon for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            raw = stream.read(_LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(raw) > _LARGEST:
        raise ValueError("is larger than 64 KiB")
    return raw
