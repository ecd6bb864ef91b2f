"""Counts how often drafts agree with labelled rows: what a city sees when it changes its words.

Labels are rows of ``core.draft.jsonl`` with an object ``expected`` in the same keys; only the keys
that a row labels are counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from core.draft.jsonl import draft_row
from core.pack import CityPack

# Compared as they are; the others below have rules of their own.
_EQUAL = (
    *("type", "district", "occurred_at", "urgency", "subject", "is_enterprise", "enterprise_name"),
    *("caller_name", "callback_phone", "confidential", "verdict", "open_follow_up_ticket"),
)


@dataclass(slots=True)
class Count:
    """``right`` of ``total`` rows agree; ``wrong`` are the ids of the others."""

    right: int
    total: int
    wrong: list[JsonValue]


def score(pack: CityPack, lines: Iterable[str], now: datetime) -> dict[str, Count]:
    """Counts per field. ``category_1`` to ``category_3`` are the levels; ``department`` also counts
    an alternative, ``transfer`` any order. Raises ``core.draft.jsonl.RowInvalid`` or ``ValueError``
    for a line that is no labelled row.
    """
    counts: dict[str, Count] = {}
    for line in lines:
        if not line.strip():
            continue
        row = json.loads(line)
        answer = draft_row(pack, row, now)
        for field, agrees in _compared(row["expected"], answer).items():
            count = counts.setdefault(field, Count(0, 0, []))
            count.total += 1
            count.right += agrees
            if not agrees:
                count.wrong.append(row.get("id"))
    return counts


def _compared(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, bool]:
    agrees = {key: given[key] == wanted[key] for key in _EQUAL if key in wanted}
    if "category" in wanted:
        names = given["category"] or []
        for level in (1, 2, 3):
            agrees[f"category_{level}"] = names[:level] == wanted["category"][:level]
    if "transfer" in wanted:
        agrees["transfer"] = sorted(given["transfer"]) == sorted(wanted["transfer"])
    if "department" in wanted:
        units = [given["department"], *given["department_alt"]]
        agrees["department"] = wanted["department"] in units
    return agrees
