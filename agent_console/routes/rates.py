"""The figures of a period, for the heads (articles 38, 42)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked
from core.loop.acts.intake import Moment
from core.loop.errors import ActForbidden
from core.loop.shares import Period, PeriodInvalid, Rates, Slice

router = APIRouter(prefix="/api/rates", tags=["rates"])


class PeriodQuery(BaseModel):
    """From ``start`` until just before ``end``."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[Moment, Field(examples=["2026-01-12T00:00:00+08:00"])]
    end: Annotated[Moment, Field(examples=["2026-01-19T00:00:00+08:00"])]

    def period(self) -> Period:
        """Raises ``PeriodInvalid``."""
        return Period(self.start, self.end)


class RatesQuery(PeriodQuery):
    """``by`` cuts the figures; without it all are together, under the empty key."""

    by: Slice | None = None


@router.get("", responses=asked(ActForbidden, PeriodInvalid))
async def rates(
    query: Annotated[RatesQuery, Query()], parts: PartsOf, viewer: ViewerOf
) -> dict[str, Rates]:
    """Response, solution, satisfaction, rating and what was done in time; parts and wholes."""
    return await parts.offices.rates.rates(viewer, query.period(), query.by)


@router.get("/agents", responses=asked(ActForbidden, PeriodInvalid))
async def agents_ratings(
    query: Annotated[PeriodQuery, Query()], parts: PartsOf, viewer: ViewerOf
) -> dict[str, dict[str, int]]:
    """How often callers gave each agent which key after the talk; for the whole city's heads."""
    return {**await parts.offices.rates.agents_ratings(viewer, query.period())}
