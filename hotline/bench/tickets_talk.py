"""What a made-up city calls about, in the words of the city pack: forms as agents fill them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.pack import CityPack
from core.pack.taxonomy import TaxonomyPath
from core.policy import Policy

PHONES = 100_000  # callers; the numbers are the ones kept for tests
_AT_ONCE_SHARE = 0.4
_ENTERPRISE_SHARE = 0.12
_URGENCY_SHARES = (93, 6, 1)


@dataclass(frozen=True, slots=True)
class Matter:
    """One call's form; ``pieces`` are the words it was put together from, blanks between them."""

    fields: dict[str, Any]
    pieces: tuple[str, ...]
    phone: str
    county: str
    leaf: TaxonomyPath
    at_once: bool


@dataclass(frozen=True)
class Talk:
    pack: CityPack
    policy: Policy

    @cached_property
    def words(self) -> list[str]:
        """What callers say, by the pack's own vocabulary."""
        vocabulary = self.pack.taxonomy.vocabulary
        return sorted(word for entries in vocabulary.values() for word, _ in entries)

    @cached_property
    def places(self) -> list[tuple[str, str, str]]:
        """Code and name of a district, and a town or landmark in it."""
        return _some_more_than_others(
            [
                (district.code, district.name, place)
                for district in self.pack.places.districts
                for place in (*district.towns, *district.landmarks)
            ]
        )

    @cached_property
    def leaves(self) -> list[TaxonomyPath]:
        return _some_more_than_others([*self.pack.taxonomy.paths()])

    @cached_property
    def kinds(self) -> tuple[list[str], list[str]]:
        """Types that are usually answered at once, and those that go to a unit."""
        types = [one.name for one in self.pack.rules.types]
        urgency = self.pack.rules.urgencies[0]
        rows = {one: self.policy.matrix.row(one, urgency, "0", False) for one in types}
        at_once = [one for one, row in rows.items() if row and row.ways[0] == "answer"]
        return at_once, [one for one in types if one not in at_once]

    @cached_property
    def _common(self) -> dict[str, Any]:
        """What is the same on every form: the first value where there is a choice."""
        first = {key: self.pack.form.field(key) for key in ("channel", "verdict")}
        return {
            "source_line": "main",
            "confidential": False,
            **{key: field.values[0] for key, field in first.items() if field is not None},
        }

    def matter(self, dice: random.Random, at_once: bool | None = None) -> Matter:
        rules = self.pack.rules
        county, district, place = dice.choice(self.places)
        leaf = dice.choice(self.leaves)
        if at_once is None:
            at_once = dice.random() < _AT_ONCE_SHARE
        enterprise = dice.random() < _ENTERPRISE_SHARE
        phone = f"154{dice.randrange(PHONES):08d}"
        said = dice.choices(self.words, k=12)
        house = str(dice.randrange(1, 999))
        firm = f"{place}{dice.randrange(1, 999)}" if enterprise else ""
        subjects = [one.name for one in rules.subjects if one.enterprise is enterprise]
        fields = self._common | {
            "contact_phone": phone,
            "caller_name": said[0],
            "subject": dice.choice(subjects),
            "is_enterprise": enterprise,
            "enterprise_name": firm or None,
            "type": dice.choice(self.kinds[0 if at_once else 1]),
            "title": f"{place} {leaf.leaf.matter}",
            "content": " ".join(said),
            "district": district,
            "address": f"{place} {house}",
            "category": leaf.names,
            "urgency": dice.choices(rules.urgencies, _URGENCY_SHARES[: len(rules.urgencies)])[0],
        }
        pieces = (place, leaf.leaf.matter, *said, house, firm)
        return Matter(fields, pieces, phone, county, leaf, at_once)

    def for_a_unit(self, dice: random.Random) -> Matter:
        """A matter that the decision table lets be dispatched."""
        while True:
            matter = self.matter(dice, at_once=False)
            told, code = matter.fields, matter.leaf.leaf.code
            row = self.policy.matrix.row(told["type"], told["urgency"], code, told["is_enterprise"])
            if row is not None and "dispatch" in row.ways:
                return matter


def _some_more_than_others(values: list[Any]) -> list[Any]:
    """A list from which a fair choice is unfair: the first comes ten times, the last once."""
    count = len(values)
    return [one for n, one in enumerate(values) for _ in range(10 - 9 * n // count)]
