"""What hangs on a made-up ticket: its steps, the units' parts, answers, and what is still due."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.loop.dating import RUNG
from core.policy import Policy
from core.policy.deadlines import before, due
from hotline.bench.tickets_rows import IDS, Row, stamp
from hotline.bench.tickets_way import Path

_WITH_WORDS = ("handle", "answer", "answer_at_once")


@dataclass(frozen=True, slots=True)
class History:
    """``end``: nothing has happened after it."""

    policy: Policy
    end: datetime

    def of(
        self, index: int, path: Path, agent: str, words: bytes, dice: random.Random
    ) -> Iterator[tuple[str, Row]]:
        """``words``: what was said of it, sealed; the same at each step that has words."""
        number, moments = path.number, path.moments
        actors = {"agent": agent, "dispatcher": "1100", "unit": f"u-{path.unit}"}
        source = "registered"
        details = json.dumps({"by": "call", "late": False, "unit": path.unit})
        for seq, (act, target, role, _) in enumerate(path.way, 1):
            if act not in moments:
                break
            yield (
                "step",
                (
                    index * IDS + seq,
                    number,
                    seq,
                    act,
                    source,
                    target,
                    actors[role],
                    role,
                    path.unit if role == "unit" else "",
                    stamp(moments[act]),
                    "12-26",
                    "answered_at_once" if act == "exempt" else "",
                    words if act in _WITH_WORDS else None,
                    details,
                    self.policy.version,
                ),
            )
            source = target
        if "dispatch" in moments:
            yield from self._parts(index, path, dice)
            if path.open and path.state in ("dispatched", "signed"):
                yield from self._clock(index, path)
        if "follow_up" in moments:
            good = dice.random() < 0.9
            moment = stamp(moments["follow_up"])
            yield (
                "follow_up",
                (index * IDS + 1, number, 0, moment, agent, True, True, good, good),
            )
        if "rate" in moments:
            level = dice.choices((1, 2, 3, 4, 5, None), (50, 20, 10, 5, 5, 10))[0]
            yield "rating", (number, stamp(moments["rate"]), agent, level, path.unit)

    def _parts(self, index: int, path: Path, dice: random.Random) -> Iterator[tuple[str, Row]]:
        given = stamp(path.moments["dispatch"])
        created = stamp(path.created)
        signed = stamp(path.moments.get("sign"))
        done = stamp(path.moments.get("handle"))
        state = "done" if done else "signed" if signed else "open"
        dues = (stamp(path.sign_due), stamp(path.handle_due))
        worker = f"u-{path.unit}" if signed else ""
        main = (index * IDS + 1, path.number, created, path.open, path.unit, "main", state)
        yield "task", (*main, *dues, given, worker, signed, done)
        if dice.random() < 0.1:
            helper = dice.choice(self.policy.directory.lines).unit
            helper = self.policy.directory.at(helper, self.policy.pack.places.districts[0].code)
            if helper != path.unit:
                assist = (index * IDS + 2, path.number, created, path.open, helper, "assist")
                yield (
                    "task",
                    (*assist, "done" if done else "open", None, dues[1], given, "", None, done),
                )

    def _clock(self, index: int, path: Path) -> Iterator[tuple[str, Row]]:
        """Every rung that is still to come; those that have been are written down as fired."""
        for place, rung in enumerate(self.policy.supervision.ladder, 1):
            if rung.of == "sign" and path.state != "dispatched":
                continue
            end = path.sign_due if rung.of == "sign" else path.handle_due
            assert end is not None
            calendar = self.policy.calendar
            at = (before if rung.moment == "before" else due)(calendar, end, rung.span)
            fired = at <= self.end
            state = ("fired", 0, stamp(at)) if fired else ("waiting", 0, None)
            yield (
                "timer",
                (index * IDS + place, path.number, RUNG + rung.key, 0, stamp(at), *state),
            )
