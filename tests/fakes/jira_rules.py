"""What the fake Jira refuses, with whose words, and how it reads a search."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

CATEGORIES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done", "Declined": "done"}
PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
OFF_SCREEN = "It is not on the appropriate screen, or unknown."


def wrong_fields(
    fields: dict[str, Any], screen: set[str], required: dict[str, str], flavour: str
) -> dict[str, str]:
    """What is wrong with each field; `required` are names of those that must be given."""
    wrong = {
        name: f"Field '{name}' cannot be set. {OFF_SCREEN}"
        for name in fields
        if name not in screen | set(required)
    }
    wrong |= {name: f"{called} is required." for name, called in required.items() if not fields.get(name)}
    labels = fields.get("labels", ())
    if any(" " in each or len(each) > 255 for each in labels):
        wrong["labels"] = "The label contains spaces which is invalid, or is longer than 255 characters."
    if len(fields.get("summary", "")) > 255 or "\n" in fields.get("summary", ""):
        wrong["summary"] = "Summary must be one line of less than 255 characters."
    priority = fields.get("priority")
    if priority and priority.get("name") not in PRIORITIES:
        wrong["priority"] = "The priority selected is invalid."
    if "issuetype" in fields and fields["issuetype"] not in ({"name": "Task"}, {"name": "Bug"}):
        wrong["issuetype"] = "Specify a valid issue type"
    if "description" in fields and (said := wrong_text(fields["description"], flavour)):
        wrong["description"] = said
    return wrong


def wrong_text(text: Any, flavour: str) -> str:
    """What is wrong with a body; empty for nothing."""
    if flavour == "dc":
        return "" if isinstance(text, str) and len(text) <= 32_767 else "Operation value must be a string"
    sound = isinstance(text, dict) and text.get("type") == "doc" and text.get("version") == 1
    if not sound or '"text": ""' in json.dumps(text):
        return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    return "" if len(json.dumps(text)) <= 32_767 else "The entered text is too long."


def term(text: str) -> Callable[[dict[str, Any]], bool] | None:
    """One condition of JQL; None for one that is none."""
    if fits := re.fullmatch(r'project ?= ?"OPS"', text):
        return lambda issue: issue["keys"][0].startswith("OPS-")
    if fits := re.fullmatch(r'labels ?= ?"([^"]+)"', text):
        label = fits[1]
        return lambda issue: label in issue["fields"]["labels"]
    if fits := re.fullmatch(r'cf\[(\d+)\] ?~ ?"([^"*]+)\*?"', text):
        field, words = f"customfield_{fits[1]}", fits[2].split("-")[0]  # a text search finds words, not texts
        return lambda issue: words in str(issue["fields"].get(field) or "")
    if re.fullmatch(r"statusCategory ?!= ?Done", text):
        return lambda issue: CATEGORIES[issue["fields"]["status"]] != "done"
    return None
