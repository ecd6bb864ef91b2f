"""Flags (风险标签): what whoever opens the ticket should see at once."""

from __future__ import annotations

from datetime import datetime

from core.draft.speech import Passage
from core.pack.phrase import Heard, first_match
from core.pack.rules import DraftRules, FlagRule
from core.views import Evidence


def flags_of(
    rules: DraftRules,
    said: Passage,
    heard: Heard,
    *,
    code: str,
    verdict: str,
    confidential: bool,
    now: datetime,
) -> tuple[list[str], tuple[Evidence, ...]]:
    """Names of the flags that hold, in the pack's order, and the words behind them."""
    names: list[str] = []
    evidence: list[Evidence] = []
    for flag in rules.flags:
        if not _holds(flag, code, verdict, confidential, now):
            continue
        if flag.signs:
            match = first_match(flag.signs, heard)
            if match is None or not match.exact or first_match(flag.unless, heard):
                continue
            evidence += said.evidence(match.start, match.end)
        names.append(flag.name)
    return names, tuple(evidence)


def _holds(flag: FlagRule, code: str, verdict: str, confidential: bool, now: datetime) -> bool:
    return (
        (not flag.categories or code.startswith(flag.categories))
        and (not flag.verdicts or verdict in flag.verdicts)
        and (not flag.months or now.month in flag.months)
        and (flag.confidential is None or flag.confidential == confidential)
    )
