"""A year of a large city's tickets, made up from the words of the city pack: rows as the engine
writes them, sealed, blind-indexed, with their history.

What is made: tickets, their keys, steps, units' parts, follow-ups, ratings, the clock of what is
open, the index of words. What is left out, because no list reads it: notices, events, the access
log, and timers of what is over.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlmodel import Session

from core.pack import CityPack, load_pack
from core.policy import Policy, load_policies
from core.search.blind import hashes, place_of
from core.search.words import words_in
from core.store.vault import Vault
from hotline.bench.tickets_history import History
from hotline.bench.tickets_rows import Keys, Row, Rows, stamp
from hotline.bench.tickets_talk import Talk
from hotline.bench.tickets_way import AT_ONCE, BY_UNIT, Path, walk
from hotline.shipped import CITIES

DAYS = 365


@dataclass(frozen=True, slots=True)
class Year:
    """``count`` tickets of the ``DAYS`` before ``end``, the same ones for the same ``seed``."""

    city: str
    count: int
    end: datetime
    master: bytes
    seed: int = 12

    def created(self, index: int) -> datetime:
        return self.end - timedelta(days=DAYS) + index * self.pause

    @property
    def pause(self) -> timedelta:
        return timedelta(days=DAYS) / self.count


class YearWriter:
    """Makes the rows of a range of tickets; one in each process."""

    def __init__(self, year: Year) -> None:
        self.year = year
        folder = CITIES / year.city
        self.pack: CityPack = load_pack(folder)
        self.policy: Policy = load_policies(folder, self.pack).at(year.end)
        self.talk = Talk(self.pack, self.policy)
        self.vault = Vault(year.master)
        self._history = History(self.policy, year.end)
        self._zone = self.policy.calendar.zone
        self._hashes: dict[str, frozenset[str]] = {}
        self._dice = random.Random(year.seed)

    def rows(self, start: int, end: int) -> Rows:
        """The rows of the tickets ``start`` to ``end`` (counted from the oldest)."""
        self._dice = random.Random(f"{self.year.seed}-{start}")
        made: defaultdict[str, list[Row]] = defaultdict(list)
        keys = Keys()
        for index in range(start, end):
            for table, row in self._ticket(index, cast(Session, keys)):
                made[table].append(row)
        made["record_key"] = [(row.record, row.wrapped) for row in keys.rows.values()]
        return dict(made)

    def _number(self, created: datetime, index: int) -> str:
        local = created.astimezone(self._zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        first = index - (local - midnight) // self.year.pause
        return f"{self.pack.city.ticket_prefix}{local:%Y%m%d}{index - first + 1:05d}"

    def _ticket(self, index: int, keys: Session) -> Iterator[tuple[str, Row]]:
        dice, policy = self._dice, self.policy
        created = self.year.created(index)
        number = self._number(created, index)
        matter = self.talk.matter(dice)
        fields, county, code = matter.fields, matter.county, matter.leaf.leaf.code
        line = None if matter.at_once else policy.directory.line(code, county)
        unit = policy.directory.at(line.unit, county) if line else ""
        age = (self.year.count - 1 - index) / self.year.count
        path = Path(number, created, unit, BY_UNIT if unit else AT_ONCE)
        walk(path, dice, age, self.year.end, policy.calendar)
        agent = f"1{dice.randrange(200):03d}"
        sealed = self.vault.seal(keys, number, json.dumps(fields, ensure_ascii=False))
        told = " ".join(sorted(self._hashed(matter.pieces)))
        moments = path.moments
        digest = self.vault.digest(matter.phone)
        yield (
            "ticket",
            (
                number,
                path.state,
                path.open,
                len(moments),
                "main",
                fields["channel"],
                agent,
                sealed,
                digest,
                digest,
                self.vault.digest(f"{county}|{fields['address']}"),
                stamp(created),
                county,
                fields["type"],
                fields["urgency"],
                code,
                fields["subject"],
                fields["is_enterprise"],
                dice.choices((0, 1, 2), (970, 25, 5))[0],
                "ordinary",
                policy.version,
                line.key if line else "",
                unit,
                unit,
                1 if unit else 0,
                stamp(path.sign_due),
                stamp(path.handle_due),
                "workdays",
                stamp(moments.get("dispatch")),
                stamp(moments.get("sign")),
                stamp(moments.get("handle")),
                stamp(moments.get("answer") or moments.get("answer_at_once")),
                stamp(moments.get("archive")),
            ),
        )
        yield "ticket_words", (place_of(number), number, path.open, told)
        words = self.vault.seal(keys, number, " ".join(dice.choices(self.talk.words, k=12)))
        yield from self._history.of(index, path, agent, words, dice)

    def _hashed(self, pieces: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for piece in pieces:
            if piece not in self._hashes:
                self._hashes[piece] = frozenset(hashes(self.vault, words_in(piece)))
            found |= self._hashes[piece]
        return found
