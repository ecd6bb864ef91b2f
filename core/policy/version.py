"""One version of the rules as it was read, and where from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.policy.book import Policy


@dataclass(frozen=True, slots=True)
class Version:
    """``folder`` counts from the city's folder: ``policy/2026``."""

    folder: str
    policy: Policy
