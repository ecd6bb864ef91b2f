"""Who may do which act on a ticket: by role, state and part (articles 4 to 6), and as a table.

``states.MOVES`` says which roles may do an act in which states; here is added whose part it is.
The engine refuses by this, and what a person is offered comes from it too.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from core.loop.states import MOVES, Act, TicketState
from core.people.roles import UNITS, Role
from core.ports import Viewer
from core.store.loop_tables import TaskRow

Part = Literal["main", "assist"]

# Acts of the unit that answers for the ticket, and of one that only helps; the others are open to
# every unit that has a part in it.
PARTS: Mapping[Act, Part] = {
    Act.ASSIST_DONE: "assist",
    Act.SIGN: "main",
    Act.ASK_RETURN: "main",
    Act.ASK_POSTPONEMENT: "main",
    Act.ASK_SUSPENSION: "main",
    Act.ASK_TERMINATION: "main",
    Act.URGE: "main",  # on a unit that helps
    Act.RAISE_PROBLEM: "main",
    Act.HANDLE: "main",
    Act.COUNTERSIGN: "main",
    Act.ANSWER: "main",
}


def has_part(viewer: Viewer, act: Act, tasks: Sequence[TaskRow]) -> bool:
    """Whether the act is this unit's to do; people who are no unit's have no part to have."""
    wanted = PARTS.get(act)
    if wanted is None or viewer.role not in UNITS:
        return True
    return any(task.unit == viewer.unit and task.part == wanted for task in tasks)


def acts_for(
    viewer: Viewer, state: TicketState, tasks: Sequence[TaskRow], known: Collection[Act]
) -> tuple[str, ...]:
    """What the viewer, who sees the ticket, may do to it now; of the acts that are ``known``."""
    return tuple(
        act.value
        for act, move in MOVES.items()
        if act in known
        and state in move.sources
        and viewer.role in move.roles
        and has_part(viewer, act, tasks)
    )


# The table for people.

_PEOPLE = tuple(role for role in Role if role is not Role.SYSTEM)
_HEAD = """\
# Who may do what

Generated from `core/loop/states.py` and `core/people/rights.py` by `python -m core.people.rights`;
a test keeps it in step. ● may, ◐ only for its own part of that kind, · may not: refused and logged.
Everybody acts only on tickets that he sees: a unit on those it has a part in and is not accused in,
a county's people on their county's, an agent up to the first level of secrecy or on his own.
"""


def _cell(act: Act, role: Role) -> str:
    if role not in MOVES[act].roles:
        return "·"
    return "◐" if role in UNITS and act in PARTS else "●"


def table() -> str:
    """The whole matrix as Markdown: a line an act, a column a role."""
    rows = [["act", "article", *_PEOPLE], ["---"] * (len(_PEOPLE) + 2)]
    rows += [
        [act.value, move.article, *(_cell(act, role) for role in _PEOPLE)]
        for act, move in MOVES.items()
        if move.roles != {Role.SYSTEM}
    ]
    return _HEAD + "\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
