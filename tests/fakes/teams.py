"""A Teams workflow's webhook, from what is known of it: `python -m tests.fakes.teams [PORT]` runs it alone.

It answers 202 whatever comes, and shows only what is a sound card within its size; more than four a second are refused.
"""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.vendor import Reply, Request, Vendor, run_alone

_LARGEST = 28_672
_MEMBERS = {"$schema", "type", "version", "body", "actions", "fallbackText", "speak", "lang"}
_ELEMENTS = {"TextBlock": "text", "FactSet": "facts"}


class Teams(Vendor):
    """State: `cards` that the channel shows. What was taken and not shown is in `wrong`."""

    sig = "sv-signature-of-the-workflow"

    def __init__(self) -> None:
        super().__init__()
        self.state = {"cards": []}
        self.fast: list[float] = []

    @property
    def cards(self) -> list[str]:
        """The texts of each card, in order."""
        return ["\n".join(_texts(card)) for card in self.state["cards"]]

    def answer(self, request: Request) -> Reply:
        if request.first("sig") != self.sig:
            return Reply(
                401, {"error": {"code": "DirectApiInvalidAuthorizationScheme", "message": "no signature"}}
            )
        if request.method != "POST":
            return Reply(404, {"error": {"code": "NotFound", "message": "POST only"}})
        body = request.body
        if wrong := _wrong(body, len(request.raw)):
            self.wrong.append(wrong)
        else:
            self.state["cards"].append(body["attachments"][0]["content"])
        return Reply(202)


def _wrong(body: Any, size: int) -> str:
    if not isinstance(body, dict) or body.get("type") != "message" or set(body) != {"type", "attachments"}:
        return "no message"
    (attached,) = body["attachments"]
    card = attached["content"]
    if set(attached) != {"contentType", "content"} or not set(card) <= _MEMBERS:
        return "a member that nobody knows"
    if attached["contentType"] != "application/vnd.microsoft.card.adaptive" or card["type"] != "AdaptiveCard":
        return "no adaptive card"
    if card["version"] > "1.5":
        return "a version that Teams does not show"
    # It is written anew before it is measured, and takes more room than it took to send.
    if len(json.dumps(card, indent=1)) > _LARGEST or size > _LARGEST:
        return "too large"
    for element in card["body"]:
        if element.get("type") not in _ELEMENTS or not element.get(_ELEMENTS[element["type"]]):
            return f"an element that shows nothing: {element}"
    return ""


def _texts(card: dict[str, Any]) -> list[str]:
    found = []
    for element in card["body"]:
        found += [element["text"]] if "text" in element else []
        found += [f"{each['title']}: {each['value']}" for each in element.get("facts", ())]
    return found


if __name__ == "__main__":
    run_alone(Teams())
