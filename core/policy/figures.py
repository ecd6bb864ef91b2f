"""Figures with where they come from, and spans of time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.pack.base import PackModel

Article = Annotated[str, StringConstraints(min_length=1, max_length=40)]
SpanUnit = Literal["minutes", "hours", "days", "workdays"]


class Sourced(PackModel):
    """Something that somebody has to answer for.

    ``kind``: found in a source, own knowledge, our recommendation, or a gap that the city must
    fill; a figure of another city is an analogue, never the city's own rule.
    """

    source: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    kind: Literal["found", "own_knowledge", "recommendation", "gap"]
    confidence: Literal["high", "medium", "low", "none"]


class Span(PackModel):
    """A length of time. Minutes and hours run day and night, days are natural days."""

    amount: int = Field(ge=0, le=10_000)
    unit: SpanUnit


class Limit(Span, Sourced):
    """A span that the rules set."""


class Count(Sourced):
    """A number of times that the rules set."""

    times: int = Field(ge=0, le=1000)
