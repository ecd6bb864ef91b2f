"""The acts, one module per part of the loop; ``ACTS`` is the list of them all."""

from __future__ import annotations

from collections.abc import Mapping

from core.loop.acts.closing import CLOSING
from core.loop.acts.deleting import DELETING
from core.loop.acts.dispatching import DISPATCHING
from core.loop.acts.handling import HANDLING
from core.loop.acts.intake import INTAKE
from core.loop.acts.postponing import POSTPONING
from core.loop.acts.problems import PROBLEMS
from core.loop.acts.registry import ActDef
from core.loop.acts.relations import RELATIONS
from core.loop.acts.reminding import REMINDING
from core.loop.acts.resolving import RESOLVING
from core.loop.acts.returning import RETURNING
from core.loop.acts.supervising import SUPERVISING
from core.loop.acts.suspending import SUSPENDING
from core.loop.acts.terminating import TERMINATING
from core.loop.states import Act

ACTS: Mapping[Act, ActDef] = {
    known.act: known
    for known in (
        *INTAKE,
        *DISPATCHING,
        *HANDLING,
        *CLOSING,
        *SUPERVISING,
        *PROBLEMS,
        *RESOLVING,
        *REMINDING,
        *RETURNING,
        *POSTPONING,
        *SUSPENDING,
        *TERMINATING,
        *RELATIONS,
        *DELETING,
    )
}

__all__ = ["ACTS", "ActDef"]
