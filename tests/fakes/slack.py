"""Slack's Web API and an incoming webhook, as far as they are known: `python -m tests.fakes.slack [PORT]` runs both.

Nearly everything that goes wrong is HTTP 200 with `"ok": false`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.fakes.vendor import Reply, Request, Vendor, run_alone

_LONGEST_TEXT, _LONGEST_SECTION, _MOST_BLOCKS, _LARGEST_BLOCKS = 40_000, 3000, 50, 13_000
_READ = {"conversations.history", "conversations.replies"}
# The published schema is of before there were metadata.
_NEWER = ("metadata", "include_all_metadata")
_PAGE = 3


class Slack(Vendor):
    """State: `messages` of the channel, the oldest first, replies among them, `posts` what the webhook was sent.

    `scopes` are those of the token; `error` answers every call, `errors` calls of one method.
    """

    contract = "slack-web"
    token = "xoxb-1111-2222-canary-of-slack"
    channel = "C0123456789"
    hook = "/services/T0001/B0001/canary-of-the-webhook"

    def __init__(self) -> None:
        super().__init__()
        self.state = {"messages": [], "posts": [], "clock": 0}
        self.scopes = ["chat:write", "channels:history", "metadata.message:read"]
        self.is_member = True
        self.errors: dict[str, dict[str, Any]] = {}
        self.page = _PAGE
        self.taken = Reply(200, b"ok", {"Content-Type": "text/html"})

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state["messages"]
        return found

    def answer(self, request: Request) -> Reply:
        if request.path.startswith("/services/"):
            return self._hooked(request)
        if not request.path.startswith("/api/"):
            return Reply(404, b"<html>nothing here</html>", {"Content-Type": "text/html"})
        method = request.path.removeprefix("/api/")
        told = self._refused(request, method) or self._done(request, method)
        return Reply(200, told, {"X-OAuth-Scopes": ",".join(self.scopes)})

    def says(self, text: str, user: str = "U0000TWO", thread: str | None = None) -> str:
        """A person writes; the ts of it."""
        message = {"type": "message", "user": user, "text": text}
        return self._add({**message, "thread_ts": thread} if thread else message)

    def delete(self, ts: str) -> None:
        """A person deletes a message; one with replies leaves a tombstone."""
        (message,) = [each for each in self.messages if each["ts"] == ts]
        if any(each.get("thread_ts") == ts and each is not message for each in self.messages):
            kept = {"type": "message", "subtype": "tombstone", "text": "This message was deleted.", "ts": ts}
            message.clear()
            message.update(kept)
        else:
            self.messages.remove(message)

    def _verify(self, request: Request) -> None:
        if request.path.startswith("/services/"):
            return
        body = request.body
        kept = {name: value for name, value in body.items() if name not in _NEWER} if body else None
        query = {name: value for name, value in request.query.items() if name not in _NEWER}
        raw = json.dumps(kept).encode() if kept is not None else b""
        super()._verify(replace(request, query=query, raw=raw))

    def _refused(self, request: Request, method: str) -> dict[str, Any] | None:
        bearer = request.headers.get("authorization", "")
        if not bearer:
            return {"ok": False, "error": "not_authed"}
        if bearer != f"Bearer {self.token}":
            return {"ok": False, "error": "invalid_auth"}
        if method in self.errors:
            return {"ok": False, **self.errors[method]}
        needed = (
            "channels:history" if method in _READ else "chat:write" if method.startswith("chat.") else None
        )
        if needed and needed not in self.scopes:
            return {
                "ok": False,
                "error": "missing_scope",
                "needed": needed,
                "provided": ",".join(self.scopes),
            }
        said = request.body or {name: values[0] for name, values in request.query.items()}
        if method != "auth.test" and said.get("channel") != self.channel:
            return {"ok": False, "error": "channel_not_found"}
        if method != "auth.test" and not self.is_member:
            return {"ok": False, "error": "not_in_channel"}
        return None

    def _done(self, request: Request, method: str) -> dict[str, Any]:
        match method:
            case "auth.test":
                whose = {"user": "tocsin", "user_id": "U0000BOT", "bot_id": "B0000BOT", "team": "Example"}
                return {"ok": True, "url": "https://example.slack.com/", "team_id": "T1", **whose}
            case "chat.postMessage":
                return self._posted(request.body)
            case "chat.update":
                return self._updated(request.body)
            case "conversations.history":
                return self._paged(request, self._history(request))
            case "conversations.replies":
                return self._replies(request)
        return {"ok": False, "error": "unknown_method"}

    def _posted(self, said: dict[str, Any]) -> dict[str, Any]:
        if wrong := _wrong(said):
            return wrong
        thread = said.get("thread_ts")
        if thread and not any(each["ts"] == thread for each in self.messages):
            return {"ok": False, "error": "thread_not_found"}
        message = {"type": "message", "user": "U0000BOT", "bot_id": "B0000BOT", **_kept(said)}
        ts = self._add({**message, "thread_ts": thread} if thread else message)
        return {"ok": True, "channel": self.channel, "ts": ts, "message": message}

    def _updated(self, said: dict[str, Any]) -> dict[str, Any]:
        found = [each for each in self.messages if each["ts"] == said.get("ts")]
        if not found or found[0].get("subtype") == "tombstone":
            return {"ok": False, "error": "message_not_found"}
        if found[0].get("bot_id") != "B0000BOT":
            return {"ok": False, "error": "cant_update_message"}
        if wrong := _wrong(said):
            return wrong
        found[0].update(_kept(said))
        return {"ok": True, "channel": self.channel, "ts": said["ts"], "text": found[0]["text"]}

    def _history(self, request: Request) -> list[dict[str, Any]]:
        oldest = float(request.first("oldest", "0"))
        heads = [each for each in self.messages if each.get("thread_ts", each["ts"]) == each["ts"]]
        return [each for each in reversed(heads) if float(each["ts"]) > oldest]

    def _replies(self, request: Request) -> dict[str, Any]:
        ts = request.first("ts")
        thread = [each for each in self.messages if ts in (each["ts"], each.get("thread_ts"))]
        if not thread:
            return {"ok": False, "error": "thread_not_found"}
        return self._paged(request, thread)

    def _paged(self, request: Request, found: list[dict[str, Any]]) -> dict[str, Any]:
        begin, size = int(request.first("cursor", "0")), min(int(request.first("limit", "100")), self.page)
        shown = [self._shown(each, request) for each in found[begin : begin + size]]
        more = begin + size < len(found)
        following = {"next_cursor": str(begin + size) if more else ""}
        return {"ok": True, "messages": shown, "has_more": more, "response_metadata": following}

    def _shown(self, message: dict[str, Any], request: Request) -> dict[str, Any]:
        asked = request.first("include_all_metadata") == "true" and "metadata.message:read" in self.scopes
        return {name: value for name, value in message.items() if name != "metadata" or asked}

    def _add(self, message: dict[str, Any]) -> str:
        self.state["clock"] += 1
        ts = f"{int(self.now())}.{self.state['clock']:06}"
        self.messages.append({**message, "ts": ts})
        return ts

    def _hooked(self, request: Request) -> Reply:
        plain = {"Content-Type": "text/html"}
        if request.path != self.hook:
            return Reply(404, b"no_service", plain)
        said = request.body
        wrong = _wrong(said) if isinstance(said, dict) else {"error": "invalid_payload"}
        if wrong:
            return Reply(400, str(wrong["error"]).encode(), plain)
        if self.taken.body == b"ok":
            self.state["posts"].append(said)
        return self.taken


def _kept(said: dict[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in ("text", "blocks", "metadata") if name in said}


def _wrong(said: dict[str, Any]) -> dict[str, Any] | None:
    blocks = said.get("blocks", [])
    if not said.get("text") and not blocks:
        return {"ok": False, "error": "no_text"}
    if len(said.get("text", "")) > _LONGEST_TEXT:
        return {"ok": False, "error": "msg_too_long"}
    if len(blocks) > _MOST_BLOCKS or len(json.dumps(blocks)) > _LARGEST_BLOCKS:
        return {"ok": False, "error": "msg_blocks_too_long"}
    if bad := [each for each in texts(blocks) if not 0 < len(each) <= _LONGEST_SECTION]:
        told = f"[ERROR] a text of {len(bad[0])} characters [json-pointer:/blocks]"
        return {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [told]}}
    return None


def texts(node: Any) -> Iterator[str]:
    """All texts of blocks, in order."""
    if isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        for below in node.values():
            yield from texts(below) if not isinstance(below, str) else ()
    elif isinstance(node, list):
        for below in node:
            yield from texts(below)


if __name__ == "__main__":
    run_alone(Slack())
