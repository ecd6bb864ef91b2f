"""The same matter told again urges on whoever has it, and in the end goes up the ladder (37)."""

from __future__ import annotations

from core.loop.ladder import named, reach, reached_already
from core.loop.repeats import REPEAT
from core.loop.scene import Outcome, Scene
from core.loop.states import WITH_UNIT
from core.policy.deadlines import due
from core.policy.supervision import Rung
from core.store.tables import TicketRow


def told_again(kind: str, scene: Scene) -> Outcome:
    """On the main ticket: how often its caller has told it, how many callers tell of it lately."""
    rules = scene.policy.conduct.repeats
    told, callers = _tellings(scene)
    details: dict[str, object] = {
        "repeats": told - 1,
        "callers": callers,
        "common": callers >= rules.callers_for_event,
    }
    if scene.state in WITH_UNIT:
        if kind == REPEAT and told >= rules.urge_at:
            scene.tell("urged", unit=scene.ticket.unit)
            details["urged"] = True
        details |= supervise_told(scene)
    return Outcome(reason=kind, details=details)


def supervise_told(scene: Scene) -> dict[str, object]:
    """Take the rung to which it leads that a unit's matter was told so often, once in a round."""
    rung = _rung(scene, *_tellings(scene))
    if rung is None:
        return {}
    return {"rung": rung.key} | ({} if reached_already(scene, rung) else reach(scene, rung))


def _rung(scene: Scene, told: int, callers: int) -> Rung | None:
    """The highest that is reached; None while none is."""
    rules = scene.policy.conduct.repeats
    if told >= rules.key_at or callers >= rules.callers_for_event:
        return named(scene, rules.key_rung)
    return named(scene, rules.rung) if told >= rules.supervise_at else None


def _tellings(scene: Scene) -> tuple[int, int]:
    """How often its own caller has told it, the first time too; and how many callers have within
    the span of the rules.

    Who told of the event twice counts once; who left no number is somebody of his own.
    """
    main, calendar = scene.ticket, scene.policy.calendar
    within = scene.policy.conduct.repeats.event_within
    merged = scene.rows.merged_into(scene.number)
    told = 1 + sum(one.parent_kind == REPEAT for one in merged)
    callers = {
        _caller(main if one.parent_kind == REPEAT else one)
        for one in (main, *merged)
        if scene.now <= due(calendar, one.created_at, within)
    }
    return told, len(callers)


def _caller(ticket: TicketRow) -> str:
    return ticket.caller_digest or ticket.contact_digest or ticket.number
