"""Accounts: an administrator's business (articles 4 to 6). No answer holds a password or a hash."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import asked
from core.errors import NotFound
from core.people.accounts import AccountForm, AccountView, NewAccount, Password
from core.people.errors import AccountExists, AccountInvalid, AdminOnly, LastAdmin

router = APIRouter(prefix="/api/accounts", tags=["accounts"])

AccountNumber = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,32}$")]
After = Annotated[
    str, Query(pattern=r"^[0-9A-Za-z_-]{0,32}$", description="Where the page before ended.")
]


class NewPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Password


@router.get("", responses=asked(AdminOnly))
async def accounts(parts: PartsOf, viewer: ViewerOf, after: After = "") -> list[AccountView]:
    """Up to 500 accounts of the administrator's place, by number."""
    return await parts.offices.accounts.accounts(viewer, after)


@router.post("", status_code=201, responses=asked(AdminOnly, AccountInvalid, AccountExists))
async def create(body: NewAccount, parts: PartsOf, viewer: ViewerOf) -> AccountView:
    """A new account with its first password."""
    return await parts.offices.accounts.create(viewer, body)


@router.put("/{agent}", responses=asked(NotFound, AdminOnly, AccountInvalid, LastAdmin))
async def change(
    agent: AccountNumber, body: AccountForm, parts: PartsOf, viewer: ViewerOf
) -> AccountView:
    """Another name, role or place; whoever loses or gains rights logs in anew."""
    return await parts.offices.accounts.change(viewer, agent, body)


@router.post("/{agent}/deactivate", responses=asked(NotFound, AdminOnly, LastAdmin))
async def deactivate(agent: AccountNumber, parts: PartsOf, viewer: ViewerOf) -> AccountView:
    """Nobody logs in with it any more; who is logged in is so no longer."""
    return await parts.offices.accounts.deactivate(viewer, agent)


@router.post("/{agent}/activate", responses=asked(NotFound, AdminOnly))
async def activate(agent: AccountNumber, parts: PartsOf, viewer: ViewerOf) -> AccountView:
    """It may log in again."""
    return await parts.offices.accounts.activate(viewer, agent)


@router.put(
    "/{agent}/password", status_code=204, responses=asked(NotFound, AdminOnly, AccountInvalid)
)
async def reset_password(
    agent: AccountNumber, body: NewPassword, parts: PartsOf, viewer: ViewerOf
) -> None:
    """Whoever is logged in with the old one is so no longer."""
    await parts.offices.accounts.reset_password(viewer, agent, body.password)
