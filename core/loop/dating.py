"""A ticket's dates and what the clock will do about them: the ladder's rungs, reminders."""

from __future__ import annotations

from datetime import datetime

from core.loop.scene import Scene
from core.policy.deadlines import before, due
from core.policy.figures import Span, SpanUnit
from core.policy.limits import TimeRow
from core.policy.supervision import Rung
from core.store.tables import TicketRow

FEEDBACK_DUE = "feedback_due"  # followed by ":" and the rung's key
RUNG = "rung:"  # followed by the rung's key
FOLLOW_UP_DUE = "follow_up_due"
ASSIST_DUE = "assist_due:"  # followed by the unit


def row_for(rows: tuple[TimeRow, ...], ticket: TicketRow) -> TimeRow:
    """The first row that fits; the last one always does (checked when the rules are loaded)."""
    return next(
        row
        for row in rows
        if row.when.fits(
            type=ticket.type,
            urgency=ticket.urgency,
            category=ticket.category,
            enterprise=ticket.enterprise,
            fast_track=ticket.fast_track,
        )
    )


def date_from(scene: Scene, start: datetime, handle_due: datetime | None = None) -> dict[str, str]:
    """Set both limits from ``start``; returns which rows of the rules did it.

    ``handle_due`` is a date that was resolved, in place of the one that the rules would give.
    """
    ticket, limits = scene.ticket, scene.policy.limits
    sign, handle = row_for(limits.sign, ticket), row_for(limits.handle, ticket)
    ticket.sign_due = due(scene.policy.calendar, start, sign.limit)
    ticket.handle_due = handle_due or due(scene.policy.calendar, start, handle.limit)
    ticket.handle_unit = handle.limit.unit
    plan_ladder(scene)
    return {"sign": sign.key, "handle": handle.key}


def plan_ladder(scene: Scene) -> None:
    """Replace what is planned: rungs that this round has not reached yet, at their moments."""
    ticket, rows = scene.ticket, scene.rows
    ladder = scene.policy.supervision.ladder
    reached = {row.rung for row in rows.supervisions(ticket.number) if row.round == ticket.ladder}
    rows.void_timers(ticket.number, [RUNG + rung.key for rung in ladder])
    planned = {RUNG + one.key: _moment(scene, one) for one in ladder if one.key not in reached}
    moments = {kind: moment for kind, moment in planned.items() if moment is not None}
    rows.set_timers(ticket.number, moments, ticket.version)


def move_due(scene: Scene, end: datetime) -> None:
    """The handling limit ends at another moment: so do the open parts, and the ladder follows."""
    scene.ticket.handle_due = end
    for part in scene.rows.tasks(scene.number):
        if part.state != "done":
            part.due = end
            scene.rows.add(part)
            if part.part == "assist":
                scene.rows.void_timers(scene.number, [ASSIST_DUE + part.unit])
                scene.rows.set_timer(
                    scene.number, ASSIST_DUE + part.unit, end, scene.ticket.version
                )
    plan_ladder(scene)


def rows_now(scene: Scene) -> tuple[str, str]:
    """The keys of the rows by which the ticket would be dated as it stands."""
    limits = scene.policy.limits
    return row_for(limits.sign, scene.ticket).key, row_for(limits.handle, scene.ticket).key


def date_anew(scene: Scene, start: datetime) -> dict[str, str]:
    """The ticket is of another kind than it was dated by: the limits are those of the new one, from
    the ``start`` of the old ones.

    Where a new limit would be over already it begins now, and ends no later than the old one did.
    """
    ticket, limits, calendar = scene.ticket, scene.policy.limits, scene.policy.calendar
    sign, handle = row_for(limits.sign, ticket), row_for(limits.handle, ticket)

    def fair(limit: Span, old: datetime | None) -> datetime:
        end = due(calendar, start, limit)
        if end > scene.now:
            return end
        end = due(calendar, scene.now, limit)
        return end if old is None else min(old, end)

    if ticket.signed_at is None:
        ticket.sign_due = fair(sign.limit, ticket.sign_due)
    ticket.handle_unit = handle.limit.unit
    move_due(scene, fair(handle.limit, ticket.handle_due))
    for part in scene.rows.tasks(scene.number):
        if part.part == "main" and part.state == "open":
            part.sign_due = ticket.sign_due
            scene.rows.add(part)
    dates = {"sign_due": scene.day(ticket.sign_due), "handle_due": scene.day(ticket.handle_due)}
    scene.tell("redated", unit=ticket.unit, **dates)
    return {"sign": sign.key, "handle": handle.key, **dates}


def stop_ladder(scene: Scene) -> None:
    """The unit's clock does not run: nothing is due of it."""
    keys = [RUNG + rung.key for rung in scene.policy.supervision.ladder]
    scene.rows.void_timers(scene.number, keys)


def _moment(scene: Scene, rung: Rung) -> datetime | None:
    ticket = scene.ticket
    if rung.of == "sign" and ticket.signed_at is not None:
        return None
    end = ticket.sign_due if rung.of == "sign" else ticket.handle_due
    if end is None:
        return None
    calendar = scene.policy.calendar
    if rung.moment == "after":
        return due(calendar, end, rung.span)
    moment = before(calendar, end, rung.span)
    # A warning whose moment is over when the date is set warns of nothing.
    return moment if moment > scene.now else None


def plan_follow_up(scene: Scene) -> None:
    """From the answer on: whoever follows up is reminded when the term for it is over (38)."""
    moment = due(scene.policy.calendar, scene.now, scene.policy.limits.follow_up.within)
    scene.rows.void_timers(scene.number, [FOLLOW_UP_DUE])
    scene.rows.set_timer(scene.number, FOLLOW_UP_DUE, moment, scene.ticket.version)


def unit_of(ticket: TicketRow) -> SpanUnit:
    """In what the ticket's handling limit counts."""
    unit: SpanUnit = ticket.handle_unit  # type: ignore[assignment]  # only SpanUnit is written
    return unit
