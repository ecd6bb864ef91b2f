"""What the routes work with, made once by ``create_app``, and how they get hold of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Security
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyCookie, HTTPBearer

from agent_console.consoles import Consoles
from agent_console.errors import TokenMissing
from agent_console.gate import LogInGate
from agent_console.settings import ConsoleSettings
from core.clock import Clock
from core.office_ports import ConsoleOffices
from core.pack.form import TicketForm
from core.people.roles import require_console
from core.ports import ConsoleDesk, RecordingShelf, RulesDesk, Switchboard, Viewer

COOKIE = "hotline_session"
Readiness = Callable[[], Awaitable[Mapping[str, bool]]]


@dataclass(frozen=True, slots=True)
class Parts:
    """``readiness`` says which parts behind the console work, by name."""

    desk: ConsoleDesk
    offices: ConsoleOffices
    rules: RulesDesk
    switchboard: Switchboard
    settings: ConsoleSettings
    clock: Clock
    form: Callable[[], TicketForm]
    recordings: RecordingShelf | None
    readiness: Readiness
    consoles: Consoles
    gate: LogInGate


def parts_of(connection: HTTPConnection) -> Parts:
    parts: Parts = connection.app.state.parts
    return parts


def token_of(connection: HTTPConnection) -> str:
    """The session token, from the Authorization header (command line) or the cookie (browser).

    Raises ``TokenMissing`` when there is none.
    """
    kind, _, bearer = connection.headers.get("authorization", "").partition(" ")
    token = bearer.strip() if kind.lower() == "bearer" else connection.cookies.get(COOKIE, "")
    if not token:
        raise TokenMissing
    return token


# For the published document: ``token_of`` is what really looks, also at WebSockets.
_BEARER = Security(HTTPBearer(scheme_name="bearer", auto_error=False))
_COOKIE = Security(APIKeyCookie(scheme_name="cookie", name=COOKIE, auto_error=False))


async def _token(connection: HTTPConnection, _: object = _BEARER, __: object = _COOKIE) -> str:
    return token_of(connection)


PartsOf = Annotated[Parts, Depends(parts_of)]
TokenOf = Annotated[str, Depends(_token)]


async def viewer_of(parts: PartsOf, token: TokenOf) -> Viewer:
    """Who asks. Raises an error of status 401."""
    return await parts.desk.viewer(token)


ViewerOf = Annotated[Viewer, Depends(viewer_of)]


async def telephone_viewer(viewer: ViewerOf) -> Viewer:
    """Who asks for something of the telephone. Raises ``NoConsole``."""
    require_console(viewer.role)
    return viewer


TelephoneViewerOf = Annotated[Viewer, Depends(telephone_viewer)]
