"""What went wrong and was borne, in figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class LinkStats:
    """Counts since the start, for the status page and the doctor."""

    connections: int = 0
    late_replies: int = 0  # replies and list items that nobody waited for any more
    garbage: int = 0  # messages that were neither event nor response
    oversized: int = 0  # messages longer than the limit, thrown away
    listener_failures: int = 0
    listener_overflows: int = 0
