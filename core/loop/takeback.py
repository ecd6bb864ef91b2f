"""Out of a unit's hands again without its asking: it may not have what it holds (33, 46, 48).

What comes out only after the dispatch - that this is retaliation, or that the complaint is about
the unit itself - counts as much as what was known before it.
"""

from __future__ import annotations

from core.loop.coordination import Coordination
from core.loop.dating import ASSIST_DUE
from core.loop.requests import OF_THE_UNIT
from core.loop.responsibility import kept_from
from core.loop.scene import Scene
from core.loop.states import WITH_UNIT
from core.policy.matrix import MatrixRow
from core.store.loop_tables import TaskRow


def wrongly_held(scene: Scene, row: MatrixRow) -> bool:
    """Whether a unit has it that may not: the way to units is closed, or it is the accused."""
    if scene.state not in WITH_UNIT:
        return False
    return "dispatch" not in row.ways or _kept_from(scene, scene.ticket.unit)


def drop_helpers(scene: Scene) -> None:
    """Those who assist and may not are out; the main unit goes on without them."""
    for part in _parts(scene):
        if part.part == "assist" and _kept_from(scene, part.unit):
            part.state = "withdrawn"
            scene.rows.add(part)
            scene.rows.void_timers(scene.number, [ASSIST_DUE + part.unit])
            scene.tell("taken_back", unit=part.unit)


def take_back(scene: Scene) -> dict[str, object]:
    """Nobody's part, nobody's clock; what was asked and planned is void. Who had it first stays."""
    ticket, rows = scene.ticket, scene.rows
    holder = ticket.unit
    for part in _parts(scene):
        if part.state != "done" or part.unit == holder or _kept_from(scene, part.unit):
            part.state = "withdrawn"
            rows.add(part)
    rows.void_requests(ticket.number, OF_THE_UNIT)
    rows.void_timers(ticket.number)
    Coordination(rows.session).settle(ticket.number)
    ticket.unit = ticket.countersigned_by = ""
    ticket.sign_due = ticket.handle_due = None
    ticket.signed_at = ticket.handled_at = ticket.suspended_at = None
    ticket.left = 0
    ticket.designated = False
    scene.tell("taken_back", unit=holder)
    return {"taken_from": holder}


def _parts(scene: Scene) -> list[TaskRow]:
    return scene.rows.tasks(scene.number)


def _kept_from(scene: Scene, unit: str) -> bool:
    today = scene.policy.calendar.day_of(scene.now)
    return kept_from(scene.policy, scene.ticket, unit, today)
