"""Whom a matter is told against: named once, kept from it ever after (articles 33, 46, 48)."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from core.loop.errors import AccusedHandles, HigherLevel, UnitUnknown
from core.loop.responsibility import exists, kept_from
from core.loop.scene import Scene
from core.people.roles import Role

# The unit's key; empty takes the name back.
Accused = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,39})?$")]


def name_accused(scene: Scene, unit: str | None) -> dict[str, str]:
    """Keep it with the ticket; None says nothing. Returns what the step tells of it.

    Raises ``UnitUnknown``; ``HigherLevel`` where somebody else than a supervisor would take a name
    back or put another in its place; ``AccusedHandles`` while that unit has a part in the ticket.
    """
    ticket, policy = scene.ticket, scene.policy
    if unit is None or unit == ticket.accused:
        return {}
    if unit and not exists(policy.pack, unit):
        raise UnitUnknown(unit=unit)
    if ticket.accused and scene.viewer.role != Role.SUPERVISOR:
        raise HigherLevel("a name is taken back by a supervisor", role=Role.SUPERVISOR.value)
    ticket.accused = unit
    today = policy.calendar.day_of(scene.now)
    parts = [task.unit for task in scene.rows.tasks(scene.number) if task.state != "done"]
    for holder in filter(None, (ticket.unit, *parts)):
        if kept_from(policy, ticket, holder, today):
            raise AccusedHandles("it has a part in this: another one is designated", unit=holder)
    return {"accused": unit}
