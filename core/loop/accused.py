"""Whom a matter is told against: named once, kept from it ever after (articles 33, 46, 48)."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from core.loop.errors import HigherLevel, UnitUnknown
from core.loop.responsibility import exists
from core.loop.scene import Scene
from core.people.roles import Role

# The unit's key; empty takes the name back.
Accused = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,39})?$")]


def name_accused(scene: Scene, unit: str | None) -> dict[str, str]:
    """Keep it with the ticket; None says nothing. Returns what the step tells of it.

    A unit that has a part in the ticket loses it (``core.loop.takeback``). Raises ``UnitUnknown``;
    ``HigherLevel`` where somebody else than a supervisor would take a name back or put another in
    its place.
    """
    ticket, policy = scene.ticket, scene.policy
    if unit is None or unit == ticket.accused:
        return {}
    if unit and not exists(policy.pack, unit):
        raise UnitUnknown(unit=unit)
    if ticket.accused and scene.viewer.role != Role.SUPERVISOR:
        raise HigherLevel("a name is taken back by a supervisor", role=Role.SUPERVISOR.value)
    ticket.accused = unit
    return {"accused": unit}
