"""State machines as data: an enum and one transition table each; nothing else changes a state."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from core.errors import Conflict

S = TypeVar("S", bound=Enum)


class IllegalTransition(Conflict):
    error_id = "illegal_transition"


def advance(table: Mapping[S, frozenset[S]], current: S, target: S) -> S:
    """Return ``target`` if ``table`` allows it from ``current``; staying put is always allowed.

    Raises ``IllegalTransition`` otherwise.
    """
    if target is current or target in table[current]:
        return target
    raise IllegalTransition(current=current.value, target=target.value)
