"""When the matter happened."""

from __future__ import annotations

from datetime import datetime

from core.draft.finding import NOTHING, by_rule, found
from core.draft.moments import Moment, moments
from core.draft.speech import Speech
from core.views import FieldView

PLAIN_ENOUGH = 0.5


def occurred_at(speech: Speech, now: datetime, *, happening_now: bool) -> FieldView:
    """ISO 8601 as exact as it was said, or ``from/to``; local time of the city, as ``now`` is.

    ``happening_now``: an emergency; without a plain time in the words it is the time of the call.
    """
    named = moments(speech.caller.text, now)
    best = _best(named)
    if happening_now and (best is None or "T" not in best.at or best.weight < 0.9):
        return found(now.isoformat(timespec="minutes")[:16], 0.7, [by_rule("call time")])
    if best is None:
        return NOTHING
    words = speech.caller.evidence(best.start, best.end)
    return found(best.at, 0.3 + 0.5 * best.weight, words)


def _best(named: list[Moment]) -> Moment | None:
    plain = [moment for moment in named if moment.weight >= PLAIN_ENOUGH]
    # What he called about before had happened before he called.
    earlier = [moment for moment in plain if moment.called]
    return max(earlier or plain, key=lambda m: (round(m.weight, 2), m.start), default=None)
