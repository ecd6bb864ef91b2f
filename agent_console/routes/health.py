"""For whoever watches the machine: no log-in, no secrets."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from agent_console.parts import PartsOf
from agent_console.problems import problems

router = APIRouter(prefix="/api/health", tags=["health"])


class Health(BaseModel):
    """``parts`` says by name which part works."""

    ok: bool
    parts: dict[str, bool] = {}


@router.get("/live", responses=problems())
async def live() -> Health:
    """The process answers."""
    return Health(ok=True)


@router.get(
    "/ready",
    responses=problems() | {503: {"model": Health, "description": "A part is away."}},
)
async def ready(response: Response, parts: PartsOf) -> Health:
    """200 when every part works and we are not shutting down, else 503."""
    standing = dict(await parts.readiness())
    ok = all(standing.values()) and not parts.consoles.closing
    response.status_code = 200 if ok else 503
    return Health(ok=ok, parts=standing)
