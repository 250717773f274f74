"""API: the options an operator may set beside those of http."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checks.api.moments import number
from checks.base import Spec
from checks.http.spec import HttpSpec
from checks.status_page.kind import StatusPageSpec
from config.conditions.paths import PathError, compile_path
from config.units import Ratio


def _source(text: str) -> str:
    if text.startswith("$"):
        try:
            compile_path(text)
        except PathError as error:
            raise ValueError(str(error)) from None
    return text


def _limit(value: Any) -> Any:
    """A limit that is known from the contract may stand as the number itself."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _form(value: Any) -> Any:
    """`true` asks for any form, `false` for none."""
    told = {True: "auto", False: "none", "true": "auto", "false": "none", "yes": "auto", "no": "none"}
    return told.get(value, value) if isinstance(value, (bool, str)) else value


def _page(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


Source: TypeAlias = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_source)]
Form: TypeAlias = Literal[
    "auto", "health+json", "spring", "aspnet", "microprofile", "consul", "kubernetes", "none"
]


class QuotaSpec(Spec):
    """Where the quota stands, and how much of it this check leaves to others."""

    limit: Annotated[Source, BeforeValidator(_limit)] | None = Field(
        None,
        description="header or JSON path that tells the limit, or the limit itself; left out: the usual headers",
        examples=["$.plan.requests"],
    )
    remaining: Source | None = Field(
        None, description="header or JSON path that tells what is left", examples=["X-My-Calls-Left"]
    )
    used: Source | None = Field(
        None, description="header or JSON path that tells what is used", examples=["$.usage.count"]
    )
    reset: Source | None = Field(
        None,
        description="header or JSON path that tells when it is full again: seconds from now, a moment, or a duration",
        examples=["$.resets_at"],
    )
    reserve: Ratio = Field(
        Fraction(2, 100),
        description="with no more than this share left, nothing is asked until the quota is full again",
        examples=["5%"],
    )
    own_share: Ratio = Field(
        Fraction(50, 100),
        description="the share of the limit that this check itself may use; then it waits for the reset",
        examples=["10%"],
    )

    @property
    def sources(self) -> dict[str, str]:
        """What the operator named, by its role."""
        named = {"limit": self.limit, "remaining": self.remaining, "used": self.used, "reset": self.reset}
        return {role: source for role, source in named.items() if source is not None}

    @model_validator(mode="after")
    def _tells_something(self) -> QuotaSpec:
        if self.sources and self.remaining is None and self.used is None:
            raise ValueError("wants remaining: or used:, or none of the four to find the usual headers")
        if self.remaining is None and self.used is not None and self.limit is None:
            raise ValueError("used: says little without limit:")
        for role in ("remaining", "used", "reset"):
            if number(self.sources.get(role)) is not None:
                raise ValueError(f"{role}: wants a header's name or a JSON path, not a number")
        return self


class ApiSpec(HttpSpec):
    """Requests to somebody else's API."""

    quota: QuotaSpec = Field(QuotaSpec(), description="how much may be asked, and how much is left of it")
    health: Annotated[Form, BeforeValidator(_form, json_schema_input_type=Form | bool)] | None = Field(
        None,
        description="the answer is a health document, in any known form (`auto`) or the one named; `none`: it is not; "
        "left out: if it is plainly one",
        examples=["auto"],
    )
    status_page: (
        Annotated[StatusPageSpec, BeforeValidator(_page, json_schema_input_type=str | StatusPageSpec)] | None
    ) = Field(
        None,
        description="the vendor's status page, asked only when the request fails: its address, or the options of the "
        "kind `status_page`",
        examples=["https://www.githubstatus.com/api/v2/summary.json"],
    )
