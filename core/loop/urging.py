"""The same matter told again urges on whoever has it, and in the end goes up the ladder (37)."""

from __future__ import annotations

from core.loop.ladder import named, reach, reached_already
from core.loop.repeats import REPEAT
from core.loop.scene import Outcome, Scene
from core.loop.states import WITH_UNIT


def told_again(kind: str, scene: Scene) -> Outcome:
    """On the main ticket: how often its caller has repeated it, how many callers tell of it."""
    rules, told = scene.policy.conduct.repeats, scene.rows.merged_into(scene.number)
    repeats = sum(one.parent_kind == REPEAT for one in told)
    others = [one for one in told if one.parent_kind != REPEAT]
    # A caller who told of the event twice counts once; who left no number is somebody of his own.
    callers = 1 + len({one.caller_digest or one.contact_digest or one.number for one in others})
    details: dict[str, object] = {
        "repeats": repeats,
        "callers": callers,
        "common": callers >= rules.callers_for_event,
    }
    if kind == REPEAT and scene.state in WITH_UNIT:
        if repeats >= rules.urge_at:
            scene.tell("urged", unit=scene.ticket.unit)
            details["urged"] = True
        if repeats >= rules.supervise_at:
            rung = named(scene, rules.rung)
            details["rung"] = rung.key
            if not reached_already(scene, rung):
                details |= reach(scene, rung)
    return Outcome(reason=kind, details=details)
