"""What a benchmark says: how a figure was distributed, its goal, and whether it was reached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from asr.bench import Spread

By = Literal["p50", "p95", "p99", "max"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit for one value of the spread; ``at_least`` turns it round."""

    value: float
    by: By
    at_least: bool = False

    def __str__(self) -> str:
        name = "" if self.by == "max" and self.at_least else f"{self.by} "
        return f"{name}{'>=' if self.at_least else '<='} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing. Without a ``goal`` it is only told; ``note`` says what to know of it."""

    name: str
    unit: str
    spread: Spread
    goal: Goal | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """None where there is no goal. What has a goal and was not measured did not reach it."""
        if self.goal is None:
            return None
        measured = getattr(self.spread, self.goal.by)
        if measured is None:
            return False
        return bool(
            measured >= self.goal.value if self.goal.at_least else measured <= self.goal.value
        )

    def as_json(self) -> dict[str, Any]:
        """JSON knows no infinity: what never came is null there, and ``reached`` tells."""
        told = asdict(self)
        spread = {
            name: value if value is None or math.isfinite(value) else None
            for name, value in told["spread"].items()
        }
        return {**told, "spread": spread, "reached": self.reached}


def times(name: str, seconds: Sequence[float], goal: Goal | None = None, note: str = "") -> Figure:
    """A figure in milliseconds of durations in seconds."""
    return Figure(name, "ms", Spread.of([value * 1000 for value in seconds]), goal, note)


def count(name: str, unit: str, value: float, goal: Goal | None = None, note: str = "") -> Figure:
    """A figure that is one number."""
    return Figure(name, unit, Spread.of([value]), goal, note)
