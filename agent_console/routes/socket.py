"""``/ws``: who may open a console, before a byte is exchanged on it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.websockets import WebSocket

from agent_console.answers import answer
from agent_console.console import Console
from agent_console.errors import OriginRefused
from agent_console.origin import is_ours
from agent_console.parts import parts_of, token_of
from core.errors import HotlineError
from core.people.roles import require_console

router = APIRouter()


@router.websocket("/ws")
async def console(websocket: WebSocket) -> None:
    """Refused with an HTTP status and our error form; accepted, it speaks ``messages``."""
    parts = parts_of(websocket)
    try:
        if not is_ours(websocket.headers, parts.settings.origins):
            raise OriginRefused
        token = token_of(websocket)
        viewer = await parts.desk.viewer(token)
        require_console(viewer.role)
        opened = Console(parts, websocket, token, viewer)
        with parts.consoles.entered(opened):
            await websocket.accept()
            await opened.run()
    except HotlineError as error:
        await websocket.send_denial_response(answer(error))
