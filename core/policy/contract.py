"""What the code relies on in every city's rules: keys that it asks for by name.

A city writes the figures and the words; these keys must be there, or an act would break in a
person's hands. ``tests/core/policy`` reads the code and keeps the lists in step with it.
"""

from __future__ import annotations

from collections.abc import Mapping

SETTLED = "settled"  # the ground for what was settled and brings nothing new

# Each is only true of some tickets, and the code says of which (``core.loop.acts.closing``).
EXEMPTIONS = frozenset(
    {
        "refused",
        "merged",
        "terminated",
        "answered_at_once",
        "secret",
        "anonymous",
        "not_reached",
        "not_sampled",
        "no_reply_wanted",
        "unreasonable",
    }
)

SECRECY_LEVELS = (0, 1, 2, 3)

# Whom a rung of the ladder tells has a template of his own.
RUNG_NOTICE = "rung_"

_TICKET = frozenset({"number"})
_DATES = _TICKET | {"sign_due", "handle_due"}

# Every notice that the code sends, with the values that may stand in its text.
NOTICES: Mapping[str, frozenset[str]] = {
    "registered": _TICKET,
    "refused": _TICKET | {"told"},
    "refusal_reviewed": _TICKET | {"outcome"},
    "transferred": _TICKET | {"target"},
    "dispatched": _DATES,
    "fast_track": _DATES,
    "return_granted": _TICKET,
    "return_refused": _TICKET | {"handle_due"},
    "inherited": _TICKET | {"handle_due"},
    "designated": _TICKET,
    **{
        f"{kind}_{decided}": _TICKET
        for kind in ("postponement", "suspension", "termination")
        for decided in ("granted", "refused")
    },
    "postponed": _TICKET | {"handle_due"},
    "suspended": _TICKET | {"reason"},
    "resumed": _TICKET | {"handle_due"},
    "terminated": _TICKET | {"reason"},
    "suspension_review": _TICKET,
    "assist_due": _TICKET,
    "redated": _DATES,
    "taken_back": _TICKET,
    "countersign_wanted": _TICKET,
    "urged": _TICKET,
    "merged": _TICKET | {"parent"},
    "released": _TICKET | {"parent"},
    "feedback_due": _TICKET | {"rung"},
    "answered": _TICKET,
    "redone": _TICKET,
    "problem_decided": _TICKET,
    "problem_returned": _TICKET,
    **{f"problem_raised_{role}": _TICKET | {"due"} for role in ("authority", "government")},
    **{f"problem_overdue_{role}": _TICKET for role in ("authority", "government")},
    "meeting_called": frozenset({"meeting", "at"}),
    "resolved": _TICKET | {"handle_due"},
    "limited": frozenset({"until"}),
    "to_police": frozenset({"case"}),
    **{
        RUNG_NOTICE + told: _TICKET | {"rung"}
        for told in ("unit", "head", "authority", "government")
    },
}
