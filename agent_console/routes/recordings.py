"""Playback of a call's recording, whole or in ranges (so that a player can seek)."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread
from fastapi import APIRouter
from starlette.responses import FileResponse

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked
from agent_console.routes.calls import CallId
from core.calls import Leg
from core.errors import NotFound
from core.people.errors import NoConsole, RecordingClosed

router = APIRouter(prefix="/api/calls", tags=["recordings"])


def resolve(folder: Path, file: str) -> Path:
    """The file inside ``folder``; whatever leads outside of it (.., links) is not found.

    Raises ``NotFound``.
    """
    root = folder.resolve()
    try:
        path = (root / file).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as missing:
        raise NotFound("no such recording") from missing
    if not path.is_relative_to(root) or not path.is_file():
        raise NotFound("no such recording")
    return path


WAV = {"audio/wav": {"schema": {"type": "string", "contentMediaType": "audio/wav"}}}


@router.get(
    "/{call_id}/recordings/{leg}",
    response_class=FileResponse,
    responses=asked(NotFound, NoConsole, RecordingClosed)
    | {
        200: {"content": WAV, "description": "The whole leg."},
        206: {"content": WAV, "description": "The range that was asked for."},
        416: {"description": "There is no such range."},
    },
)
async def recording(call_id: CallId, leg: Leg, parts: PartsOf, viewer: ViewerOf) -> FileResponse:
    """One leg as WAV. 404 when there is none, or when it is not the viewer's to hear."""
    if parts.recordings is None or parts.settings.recordings is None:
        raise NotFound("recordings are not kept here")
    file = await parts.recordings.recording(viewer, call_id, leg)
    path = await anyio.to_thread.run_sync(resolve, parts.settings.recordings, file)
    return FileResponse(path, media_type="audio/wav")
