"""What the rates are made of: a period, a cut, shares whose two numbers are kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

from sqlalchemy import SQLColumnExpression, and_

from core.errors import Invalid


class Slice(StrEnum):
    """What the figures may be cut by; ``UNIT`` is whoever signed, handled or was rated."""

    SUBJECT = "subject"
    UNIT = "unit"
    COUNTY = "county"
    TYPE = "type"


class PeriodInvalid(Invalid):
    """A period begins before it ends, and both moments carry their zone."""

    error_id = "period_invalid"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` until just before ``end``. Raises ``PeriodInvalid``."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if None in (self.start.tzinfo, self.end.tzinfo) or self.start >= self.end:
            raise PeriodInvalid

    def holds(self, moment: SQLColumnExpression[Any]) -> SQLColumnExpression[bool]:
        return and_(moment >= self.start, moment < self.end)


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole``; of nothing there is no share."""

    part: int = 0
    whole: int = 0

    @property
    def value(self) -> Fraction | None:
        return Fraction(self.part, self.whole) if self.whole else None


@dataclass(slots=True)
class Rates:
    """``rating``: the unit's ratings that count as satisfied. The agent's is never in here.

    ``left_out``: how often a follow-up was lawfully left out, by its reason.
    """

    response: Share = Share()
    solution: Share = Share()
    satisfaction: Share = Share()
    rating: Share = Share()
    signed_in_time: Share = Share()
    handled_in_time: Share = Share()
    left_out: Counter[str] = field(default_factory=Counter)
