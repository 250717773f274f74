"""The format of an access log out of the line of a configuration that sets it."""

from __future__ import annotations


def as_configured(text: str) -> str:
    """The format itself of a whole line of a configuration: `log_format main '…' '…';`, `LogFormat "…" combined`.

    Its quotes are taken off and its pieces joined, as the servers do.
    """
    text = text.strip()
    words = text.split(None, 2)
    directive = words[0].lower() if len(words) > 1 else ""
    if directive == "log_format" and len(words) == 3:
        text = words[2].partition(" ")[2].lstrip() if words[2].startswith("escape=") else words[2]
    elif directive == "logformat":
        text = text.partition('"')[2]
        end = next(
            (at for at, mark in enumerate(text) if mark == '"' and text[at - 1 : at] != "\\"), len(text)
        )
        return text[:end]
    text = text.removesuffix(";").rstrip()
    quote = text[:1]
    told = {"'", '"'} if directive == "log_format" else {"'"}  # else double quotes are mostly what is written
    if quote not in told or len(text) < 2 or text[-1] != quote:
        return text
    pieces = text[1:-1].replace(f"\\{quote}", "\0").split(quote)
    if any(between.strip() for between in pieces[1::2]):  # the quotes are part of what is written
        return text
    return "".join(pieces[0::2]).replace("\0", f"\\{quote}")
