"""The pages of one-time links: a reporter says whether it is mended, and what they think of it. No script."""

from __future__ import annotations

import asyncio
import hashlib
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from agent.clock import Clock
from agent.desk.asked import Asked, CannotDo, Refusal
from agent.desk.one_time import PATH
from agent.web import posted
from alerting.desk.survey import LEAST, LONGEST_COMMENT, MOST, QUESTIONS
from alerting.desk.ticket import IllegalMove

Ask = Callable[[str, Asked], Awaitable[Any]]
_TOKEN = re.compile(r"([1-9][0-9]{0,11})-([A-Za-z0-9_-]{20,100})")
_MOST_SENT = 16 * 1024
_MOST_FIELDS = 10
_PATIENCE = 15.0
_BURST, _PER_SECOND = 60.0, 2.0
_METHODS = ["GET", "HEAD", "POST"]
_FORM = "application/x-www-form-urlencoded"
_GONE = "This link is not valid. Perhaps it is an older one: the latest message has the newest."
_STYLE = (
    "body{font:1.1rem/1.5 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}"
    "fieldset{border:1px solid #bbb;margin:1rem 0;padding:.5rem 1rem}label{display:inline-block;margin-right:1.2rem}"
    "textarea{width:100%;box-sizing:border-box;font:inherit}button{font:inherit;padding:.4rem 1.2rem}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1a1a1a}}"
)
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


class Bucket:
    """So many at once, and so many a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._left, self._at = clock, _BURST, clock.monotonic()

    def takes(self) -> bool:
        now = self._clock.monotonic()
        self._left, self._at = min(_BURST, self._left + (now - self._at) * _PER_SECOND), now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def answer_routes(ask: Ask, clock: Clock) -> list[Route]:
    """`/t/TOKEN`; `ask` is that of the desk. To look changes nothing: programs that read mail follow links too."""
    bucket = Bucket(clock)

    async def answers(request: Request) -> Response:
        token = _TOKEN.fullmatch(request.path_params["token"])
        if token is None:
            return _page("Not found", _paragraph(_GONE), 404)
        if not bucket.takes():
            return _page("Try again", _paragraph("Too many at once. Please try again in a minute."), 429)
        arguments = {"ticket": int(token[1]), "secret": token[2]}
        try:
            async with asyncio.timeout(_PATIENCE):
                if request.method == "POST":
                    return await _given(ask, request, arguments, clock.now())
                return _form(await ask("answers.look", _asked(arguments, clock.now())))
        except (Refusal, IllegalMove):
            return _page("Not found", _paragraph(_GONE), 404)
        except posted.TooLong:
            return _page("Too long", _paragraph(f"At most {LONGEST_COMMENT} characters can be sent."), 413)
        except Exception:  # it was logged where it happened
            return _page("Try again", _paragraph("That could not be stored. Please try again later."), 503)

    return [Route(f"{PATH}{{token}}", answers, methods=_METHODS)]


async def _given(ask: Ask, request: Request, arguments: Mapping[str, Any], now: int) -> Response:
    """What was sent with the form; what it lacks is said beside it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return _page("Not understood", _paragraph("Please use the form of the link."), 415)
    sent = _fields(await posted.body(request, _MOST_SENT))
    seen = await ask("answers.look", _asked(arguments, now))
    if seen["over"]:
        return _form(seen, 409)
    try:
        done = await ask("answers.give", _asked({**arguments, **_read(sent)}, now))
    except CannotDo as error:
        if not error.usage:  # somebody else was faster, or the same person pressed twice
            return _form({**seen, "over": str(error)}, 409)
        return _form(seen, 400, str(error), sent.get("comment", ""))
    again = done["satisfied"] is False
    said = "We are sorry. It is looked at again." if again else "Your answer was received."
    return _page("Thank you", _paragraph(said))


def _read(sent: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: int(value) for name, value in sent.items() if _is_rating(name, value)}
    if sent.get("mended") in ("yes", "no"):
        found["satisfied"] = sent["mended"] == "yes"
    return {**found, "comment": sent.get("comment", "").replace("\r\n", "\n")}


def _is_rating(name: str, value: str) -> bool:
    return name in QUESTIONS and len(value) == 1 and value.isascii() and value.isdecimal()


def _asked(arguments: Mapping[str, Any], now: int) -> Asked:
    return Asked(arguments, "the reporter", now, "web")


def _form(seen: Mapping[str, Any], status: int = 200, wrong: str = "", comment: str = "") -> Response:
    heading = f"{seen['id']}: {seen['title']}"
    if seen["over"]:
        return _page(heading, _paragraph(seen["over"]), status)
    survey = seen["what"] == "survey"
    lines = [_paragraph(wrong)] if wrong else []
    if not survey and seen["resolution"]:
        lines.append(_paragraph(f"What was done: {seen['resolution']}"))
    questions = [_rating(*each) for each in QUESTIONS.items()] if survey else [_MENDED]
    said = f'<textarea id="comment" name="comment" rows="5" maxlength="{LONGEST_COMMENT}">{escape(comment)}</textarea>'
    lines += ['<form method="post">', *questions]
    lines += ['<p><label for="comment">Anything else?</label></p>', f"<p>{said}</p>"]
    lines += ['<p><button type="submit">Send</button></p>', "</form>"]
    return _page(heading, "\n".join(lines), status)


def _choice(name: str, value: str, shown: str) -> str:
    return f'<label><input type="radio" name="{name}" value="{value}" required> {shown}</label>'


_MENDED = (
    "<fieldset><legend>Is it mended for you?</legend>"
    f"{_choice('mended', 'yes', 'Yes')}{_choice('mended', 'no', 'No')}</fieldset>"
)


def _rating(name: str, question: str) -> str:
    choices = "".join(_choice(name, str(each), str(each)) for each in range(LEAST, MOST + 1))
    said = f"{escape(question)} ({LEAST}: not at all, {MOST}: very)"
    return f"<fieldset><legend>{said}</legend>{choices}</fieldset>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _page(heading: str, body: str, status: int = 200) -> Response:
    """`body` is HTML; the heading is text."""
    html = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(heading)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(heading)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
    return HTMLResponse(html, status, _HEADERS | ({"Retry-After": "60"} if status in (429, 503) else {}))


def _fields(body: bytes) -> dict[str, str]:
    """The fields of a form, the first of each name; nothing when it is none."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return {}
    return dict(reversed(pairs))
