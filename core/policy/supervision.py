"""``supervision.yaml``: the ladder of article 37 and the way up of hard problems (27)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.pack.base import Key, Name, PackModel
from core.policy.figures import Article, Limit, Sourced, Span


class Rung(Sourced):
    """One step of the ladder: ``moment`` lies ``span`` before or after what is due.

    ``of``: the limit to sign for, or the limit to handle. ``tells`` are recipients of the notice.
    ``feedback``: the unit has to say what it does within this span.
    """

    key: Key
    name: Name
    article: Article
    of: Literal["sign", "handle"] = "handle"
    moment: Literal["before", "after"]
    span: Span
    tells: tuple[Literal["unit", "head", "authority", "government"], ...] = Field(min_length=1)
    feedback: Span | None = None


class ProblemLevel(Sourced):
    """A level to which a hard problem rises: who decides there, and within what."""

    key: Key
    name: Name
    role: Literal["supervisor", "authority", "government"]
    term: Limit


class Supervision(PackModel):
    """All of ``supervision.yaml``; the rungs in rising order."""

    ladder: tuple[Rung, ...] = Field(min_length=1)
    levels: tuple[ProblemLevel, ...] = Field(min_length=1)

    def rung(self, key: str) -> Rung | None:
        return next((rung for rung in self.ladder if rung.key == key), None)
