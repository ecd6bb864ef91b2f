"""The rules that are in force, and taking new ones without a restart."""

from __future__ import annotations

from fastapi import APIRouter

from agent_console.parts import PartsOf, ViewerOf
from agent_console.problems import guarded
from core.loop.errors import ActForbidden
from core.loop.rules import PolicyView
from core.pack.load import PackInvalid
from core.policy.book import PolicyUnknown
from core.policy.shelf import PolicyInUse, PolicyUnsound

router = APIRouter(prefix="/api/policy", tags=["policy"])


@router.get("", responses=guarded(PolicyUnknown))
async def rules(parts: PartsOf, viewer: ViewerOf) -> PolicyView:
    """The versions that are loaded."""
    return await parts.rules.rules(viewer)


@router.post(
    "/reload",
    responses=guarded(ActForbidden, PackInvalid, PolicyUnsound, PolicyInUse, PolicyUnknown),
)
async def reload(parts: PartsOf, viewer: ViewerOf) -> PolicyView:
    """Read the rules' files anew: all of them, or none (administrators only)."""
    return await parts.rules.reload(viewer)
