"""The ladder of supervision: each rung once in a round, whoever takes it (37)."""

from __future__ import annotations

from typing import Any

from core.loop.dating import FEEDBACK_DUE, RUNG
from core.loop.errors import ReasonUnknown, TooOften
from core.loop.responsibility import exists
from core.loop.scene import Scene
from core.loop.states import Act, TicketState
from core.policy.deadlines import due
from core.policy.supervision import Rung
from core.store.loop_tables import SupervisionRow


def named(scene: Scene, key: str) -> Rung:
    """The rung of that key. Raises ``ReasonUnknown``."""
    known = scene.policy.supervision.rung(key)
    if known is None:
        raise ReasonUnknown(rung=key)
    return known


def reached_already(scene: Scene, rung: Rung) -> bool:
    """Whether this round of the ladder has come to the rung before."""
    return scene.rows.supervision(scene.number, rung.key, scene.ticket.ladder) is not None


def reach(scene: Scene, reached: Rung) -> dict[str, Any]:
    """Write a rung down, once in a round of the ladder; tell whom it names; ask for feedback.

    Raises ``TooOften``.
    """
    ticket, rows = scene.ticket, scene.rows
    if reached_already(scene, reached):
        raise TooOften(rung=reached.key)
    unit, answers = ticket.unit, True
    if scene.state is TicketState.TRANSFERRED:  # an organ has no log-in: its result is its answer
        unit, answers = _organ(scene), False
    feedback = (
        due(scene.policy.calendar, scene.now, reached.feedback)
        if reached.feedback is not None and answers
        else None
    )
    rows.add(
        SupervisionRow(
            number=ticket.number,
            rung=reached.key,
            round=ticket.ladder,
            at=scene.now,
            by=scene.viewer.agent,
            unit=unit,
            enterprise=ticket.enterprise,
            feedback_due=feedback,
        )
    )
    rows.void_timers(ticket.number, [RUNG + reached.key])
    if feedback is not None:
        rows.set_timer(ticket.number, f"{FEEDBACK_DUE}:{reached.key}", feedback, ticket.version)
    for whom in reached.tells:
        if whom in ("unit", "head"):
            if unit:  # an emergency line is no unit that we write to
                scene.tell(f"rung_{whom}", unit=unit, rung=reached.name)
        else:
            scene.tell(f"rung_{whom}", rung=reached.name)
    return {
        "rung": reached.key,
        "round": ticket.ladder,
        "unit": unit,
        "enterprise": ticket.enterprise,
        "feedback_due": scene.day(feedback),
    }


def _organ(scene: Scene) -> str:
    """The unit that it was transferred to; empty for a line of its own."""
    organ = str(scene.rows.steps(scene.number, Act.TRANSFER)[-1].details["organ"])
    return organ if exists(scene.policy.pack, organ) else ""
