"""The console's web application, made from its parts. No globals: two may live in one process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from agent_console import answers
from agent_console.consoles import Consoles
from agent_console.gate import LogInGate, Window
from agent_console.middleware import BoundedBody, OriginCheck, SecurityHeaders
from agent_console.parts import Parts, Readiness
from agent_console.problems import Problem
from agent_console.routes import (
    accounts,
    acts,
    agents,
    audit,
    calls,
    health,
    hearings,
    measures,
    meetings,
    policy,
    rates,
    recordings,
    schemas,
    sessions,
    socket,
    tickets,
    waiting,
)
from agent_console.settings import ConsoleSettings
from core.clock import Clock, SystemClock
from core.office_ports import ConsoleOffices
from core.pack.form import TicketForm
from core.ports import ConsoleDesk, RecordingShelf, RulesDesk, Switchboard

WEB = Path(__file__).parent / "web"
API = "/api/"
ROOMS = (
    sessions,
    calls,
    tickets,
    acts,
    hearings,
    meetings,
    measures,
    waiting,
    rates,
    audit,
    accounts,
    agents,
    recordings,
    policy,
    health,
    schemas,
    socket,
)


class Page(Mount):
    """The page's files. An address of the API is never one, whatever the method: there it is the
    API that says 404, or 405 with what is allowed."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].startswith(API):
            return Match.NONE, {}
        return super().matches(scope)


class Api(FastAPI):
    """Its document knows what every error looks like, which the routes only name."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        known = document["components"]["schemas"]
        document["components"]["schemas"] = problem.pop("$defs", {}) | {"Problem": problem} | known
        return document


async def _always_ready() -> Mapping[str, bool]:
    return {}


def create_api() -> FastAPI:
    """The routes without anything behind them: what the published document describes."""
    # No documentation pages: they load scripts from other sites.
    app = Api(
        title="12345 console",
        version="1",
        summary="Calls, tickets and their closed loop, for consoles and for other programs.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}openapi.json",
        generate_unique_id_function=_operation_id,
    )
    for room in ROOMS:
        app.include_router(room.router)
    return app


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def create_app(
    desk: ConsoleDesk,
    switchboard: Switchboard,
    settings: ConsoleSettings,
    *,
    offices: ConsoleOffices,
    rules: RulesDesk,
    form: Callable[[], TicketForm],
    shelf: RecordingShelf | None = None,
    readiness: Readiness = _always_ready,
    clock: Clock | None = None,
) -> FastAPI:
    """Build the application; ``ConsoleServer`` serves it.

    ``offices`` are the work-order side, ``rules`` the city's rules, ``form`` the city pack's ticket
    form as it is now; ``shelf`` and ``settings.recordings`` together allow playback;
    ``readiness`` says which parts behind the console work.
    """
    clock = clock or SystemClock()

    def window(limit: int) -> Window:
        return Window(limit, settings.attempts_window_seconds, settings.attempts_remembered, clock)

    app = create_api()
    app.state.parts = Parts(
        desk=desk,
        offices=offices,
        rules=rules,
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
    app.router.routes.append(Page("/", StaticFiles(directory=WEB, html=True)))
    # The last one added is the outermost.
    app.add_middleware(BoundedBody, limit=settings.body_bytes, seconds=settings.body_seconds)
    app.add_middleware(OriginCheck, allowed=settings.origins)
    app.add_middleware(SecurityHeaders)
    return app
