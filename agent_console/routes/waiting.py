"""What waits for a decision, or for a unit's word (articles 11, 12 to 27, 37)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked
from core.loop.errors import ActForbidden
from core.loop.query import QueryInvalid
from core.loop.views import WaitingPage
from core.loop.waiting import MOST

router = APIRouter(prefix="/api/waiting", tags=["waiting"])


@router.get("", responses=asked(ActForbidden, QueryInvalid))
async def waiting(
    parts: PartsOf,
    viewer: ViewerOf,
    after: Annotated[str, Query(max_length=40, description="Where the page before ended.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> WaitingPage:
    """What the viewer may decide, the oldest first; of a unit what it asked for and owes."""
    return await parts.offices.waiting.waiting(viewer, after, limit)
