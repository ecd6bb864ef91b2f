"""The console's web application, made from its parts. No globals: two may live in one process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from agent_console import answers
from agent_console.consoles import Consoles
from agent_console.gate import LogInGate, Window
from agent_console.middleware import BoundedBody, OriginCheck, SecurityHeaders
from agent_console.parts import Parts, Readiness
from agent_console.routes import (
    agents,
    calls,
    health,
    recordings,
    schemas,
    sessions,
    socket,
    tickets,
)
from agent_console.settings import ConsoleSettings
from core.clock import Clock, SystemClock
from core.pack.form import TicketForm
from core.ports import ConsoleDesk, RecordingShelf, Switchboard

WEB = Path(__file__).parent / "web"


async def _always_ready() -> Mapping[str, bool]:
    return {}


def create_app(
    desk: ConsoleDesk,
    switchboard: Switchboard,
    settings: ConsoleSettings,
    *,
    form: TicketForm,
    shelf: RecordingShelf | None = None,
    readiness: Readiness = _always_ready,
    clock: Clock | None = None,
) -> FastAPI:
    """Build the application; ``ConsoleServer`` serves it.

    ``form`` is the city pack's ticket form; ``shelf`` and ``settings.recordings`` together
    allow playback; ``readiness`` says which parts behind the console work.
    """
    clock = clock or SystemClock()

    def window(limit: int) -> Window:
        return Window(limit, settings.attempts_window_seconds, settings.attempts_remembered, clock)

    # No documentation pages: they load scripts from other sites.
    app = FastAPI(
        title="12345 console", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.parts = Parts(
        desk=desk,
        switchboard=switchboard,
        settings=settings,
        clock=clock,
        form=form,
        recordings=shelf,
        readiness=readiness,
        consoles=Consoles(settings.consoles_per_agent),
        gate=LogInGate(window(settings.attempts_per_agent), window(settings.attempts_per_address)),
    )
    answers.install(app)
    for room in (sessions, calls, tickets, agents, recordings, health, schemas, socket):
        app.include_router(room.router)
    app.mount("/", StaticFiles(directory=WEB, html=True))
    # The last one added is the outermost.
    app.add_middleware(BoundedBody, limit=settings.body_bytes, seconds=settings.body_seconds)
    app.add_middleware(OriginCheck, allowed=settings.origins)
    app.add_middleware(SecurityHeaders)
    return app
