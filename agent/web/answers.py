"""The pages of one-time links: a reporter says whether it is mended, and what they think of it. No script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.clock import Clock
from agent.desk.asked import Asked, CannotDo, Refusal
from agent.desk.one_time import PATH
from agent.web import posted
from agent.web.small_pages import FORM, MOST_SENT, bucket, fields, paragraph, small_page
from alerting.desk.survey import LEAST, LONGEST_COMMENT, MOST, QUESTIONS
from alerting.desk.ticket import IllegalMove

Ask = Callable[[str, Asked], Awaitable[Any]]
_TOKEN = re.compile(r"([1-9][0-9]{0,11})-([A-Za-z0-9_-]{20,100})")
_PATIENCE = 15.0
_METHODS = ["GET", "HEAD", "POST"]
_GONE = "This link is not valid. Perhaps it is an older one: the latest message has the newest."


def answer_routes(ask: Ask, clock: Clock) -> list[Route]:
    """`/t/TOKEN`; `ask` is that of the desk. To look changes nothing: programs that read mail follow links too."""
    left = bucket(clock)

    async def answers(request: Request) -> Response:
        token = _TOKEN.fullmatch(request.path_params["token"])
        if token is None:
            return small_page("Not found", paragraph(_GONE), 404)
        if not left.take():
            return small_page("Try again", paragraph("Too many at once. Please try again in a minute."), 429)
        arguments = {"ticket": int(token[1]), "secret": token[2]}
        try:
            async with asyncio.timeout(_PATIENCE):
                if request.method == "POST":
                    return await _given(ask, request, arguments, clock.now())
                return _form(await ask("answers.look", _asked(arguments, clock.now())))
        except (Refusal, IllegalMove):
            return small_page("Not found", paragraph(_GONE), 404)
        except posted.TooLong:
            return small_page(
                "Too long", paragraph(f"At most {LONGEST_COMMENT} characters can be sent."), 413
            )
        except Exception:  # it was logged where it happened
            return small_page(
                "Try again", paragraph("That could not be stored. Please try again later."), 503
            )

    return [Route(f"{PATH}{{token}}", answers, methods=_METHODS)]


async def _given(ask: Ask, request: Request, arguments: Mapping[str, Any], now: int) -> Response:
    """What was sent with the form; what it lacks is said beside it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return small_page("Not understood", paragraph("Please use the form of the link."), 415)
    sent = fields(await posted.body(request, MOST_SENT))
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
    return small_page("Thank you", paragraph(said))


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
        return small_page(heading, paragraph(seen["over"]), status)
    survey = seen["what"] == "survey"
    lines = [paragraph(wrong)] if wrong else []
    if not survey and seen["resolution"]:
        lines.append(paragraph(f"What was done: {seen['resolution']}"))
    questions = [_rating(*each) for each in QUESTIONS.items()] if survey else [_MENDED]
    said = f'<textarea id="comment" name="comment" rows="5" maxlength="{LONGEST_COMMENT}">{escape(comment)}</textarea>'
    lines += ['<form method="post">', *questions]
    lines += ['<p><label for="comment">Anything else?</label></p>', f"<p>{said}</p>"]
    lines += ['<p><button type="submit">Send</button></p>', "</form>"]
    return small_page(heading, "\n".join(lines), status)


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
