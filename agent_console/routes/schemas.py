"""The published form of what is sent over the WebSocket."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from agent_console.messages import schema
from agent_console.problems import problems

router = APIRouter(prefix="/api/schemas", tags=["schemas"])


@router.get("", responses=problems())
async def messages() -> dict[str, Any]:
    """JSON Schema of all messages (see ``agent_console.messages``)."""
    return schema()
