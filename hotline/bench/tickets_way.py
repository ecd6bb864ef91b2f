"""How far a made-up ticket has come by the end of the year, and when it did each step."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.policy.calendar import WorkCalendar

Leg = tuple[str, str, str, float]
# How many of the newest are still open: (up to this share of the year's tickets, open ones).
_STILL_OPEN = ((0.04, 0.95), (0.10, 0.18), (1.0, 0.0012 / 0.9))
_STATES = (
    ("registered", 2),
    ("classified", 6),
    ("dispatched", 10),
    ("signed", 55),
    ("suspended", 3),
    ("handled", 4),
    ("answered", 15),
    ("followed_up", 5),
)
# The way of a ticket: the act, the state it leads to, who does it, days after the one before.
AT_ONCE = (
    ("register", "registered", "agent", 0.0),
    ("classify", "classified", "agent", 0.002),
    ("answer_at_once", "answered_at_once", "agent", 0.002),
    ("exempt", "exempted", "dispatcher", 0.5),
    ("archive", "archived", "dispatcher", 0.2),
)
BY_UNIT = (
    ("register", "registered", "agent", 0.0),
    ("classify", "classified", "agent", 0.002),
    ("dispatch", "dispatched", "dispatcher", 0.01),
    ("sign", "signed", "unit", 0.3),
    ("handle", "handled", "unit", 3.0),
    ("answer", "answered", "unit", 0.2),
    ("follow_up", "followed_up", "agent", 1.5),
    ("rate", "rated", "agent", 0.001),
    ("archive", "archived", "dispatcher", 0.5),
)


@dataclass(slots=True)
class Path:
    """A ticket on its way, as far as it has come."""

    number: str
    created: datetime
    unit: str
    way: tuple[Leg, ...]
    moments: dict[str, datetime] = field(default_factory=dict)
    open: bool = False
    state: str = "registered"
    sign_due: datetime | None = None
    handle_due: datetime | None = None


def walk(path: Path, dice: random.Random, age: float, end: datetime, days: WorkCalendar) -> Path:
    """``age``: 0 the year's newest ticket, 1 its oldest."""
    share = next(share for until, share in _STILL_OPEN if age < until)
    goal = "archived"
    if dice.random() < share:
        names, weights = zip(*_STATES, strict=True)
        goal = dice.choices(names, weights)[0] if path.unit else "answered_at_once"
    moment = path.created
    for act, target, _, after in path.way:
        moment = min(moment + timedelta(days=after * (0.3 + dice.random())), end)
        path.moments[act] = moment
        path.state = target
        if target == goal or (goal == "suspended" and target == "signed"):
            break
    path.open = goal != "archived"
    if goal == "suspended":
        path.state = goal
    if "dispatch" in path.moments:
        # As the rules date an ordinary ticket, without asking the calendar a million times.
        given = days.day_of(path.moments["dispatch"])
        path.sign_due = days.end_of(given + timedelta(days=1))
        path.handle_due = days.end_of(given + timedelta(days=7))
    return path
