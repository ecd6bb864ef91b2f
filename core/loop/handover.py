"""Designated from above: a unit gets the ticket by a decision, whatever the directory says."""

from __future__ import annotations

from datetime import datetime

from core.loop.acts.dispatching import give
from core.loop.acts.reminding import SUSPENSION_REVIEW
from core.loop.errors import WayClosed
from core.loop.responsibility import checked_unit, pushes_down
from core.loop.scene import Scene


def hand_over(scene: Scene, unit: str, handle_due: datetime | None = None) -> dict[str, object]:
    """Give it to ``unit`` for good: no return any more, dated from now or until ``handle_due``.

    A stopped clock runs anew. Raises ``UnitUnknown``,
    ``AccusedHandles``, ``WayClosed``.
    """
    ticket, policy = scene.ticket, scene.policy
    chosen = checked_unit(policy, ticket, unit, policy.calendar.day_of(scene.now))
    if pushes_down(policy, ticket, chosen):
        raise WayClosed("a department's duty is not given to the grass roots", unit=chosen)
    ticket.designated = True
    ticket.suspended_at, ticket.left = None, 0
    scene.rows.void_timers(scene.number, [SUSPENSION_REVIEW])
    return {"unit": chosen, **give(scene, chosen, handle_due)}
