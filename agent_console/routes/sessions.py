"""Logging in and out, and who is logged in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from agent_console.errors import TokenMissing, TooManyAttempts
from agent_console.messages import ViewerView
from agent_console.parts import COOKIE, PartsOf, TokenOf, ViewerOf
from agent_console.problems import guarded, problems
from core.desk.sessions import LogInRefused
from core.errors import Invalid
from core.ports import Viewer
from core.store.database import DatabaseAway

router = APIRouter(prefix="/api/sessions", tags=["sessions"])

AgentNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,32}$")]


class LogIn(BaseModel):
    """``bearer`` asks for the token in the answer, for a client that is no browser.

    Browsers get it as a cookie that no script can read.
    """

    model_config = ConfigDict(extra="forbid")

    agent: AgentNumber
    password: Annotated[SecretStr, Field(max_length=256)]
    bearer: bool = False


class LoggedIn(BaseModel):
    viewer: ViewerView
    token: str | None = None


def _view(viewer: Viewer) -> ViewerView:
    return ViewerView(agent=viewer.agent, name=viewer.name, role=viewer.role)


@router.post(
    "",
    status_code=201,
    responses=problems(Invalid, LogInRefused, TooManyAttempts, DatabaseAway),
)
async def log_in(body: LogIn, request: Request, response: Response, parts: PartsOf) -> LoggedIn:
    """Open a session. 401 when refused, 429 (with Retry-After) after too many attempts."""
    parts.gate.enter(body.agent, request.client.host if request.client else "")
    token, viewer = await parts.desk.log_in(body.agent, body.password.get_secret_value())
    parts.gate.passed(body.agent)
    if body.bearer:
        return LoggedIn(viewer=_view(viewer), token=token)
    response.set_cookie(
        COOKIE,
        token,
        max_age=parts.settings.session_seconds,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return LoggedIn(viewer=_view(viewer))


@router.delete("", status_code=204, responses=problems(TokenMissing, DatabaseAway))
async def log_out(response: Response, parts: PartsOf, token: TokenOf) -> None:
    """End the session and every console that it opened."""
    await parts.desk.log_out(token)
    parts.consoles.close_session(token)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


@router.get("/me", responses=guarded())
async def me(viewer: ViewerOf) -> ViewerView:
    return _view(viewer)
