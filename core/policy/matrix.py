"""``matrix.yaml``: the decision table (13) - kind x urgency x field x enterprise."""

from __future__ import annotations

from itertools import product
from typing import Literal

from pydantic import Field

from core.pack.base import Key, Name, PackModel
from core.policy.figures import Article

Way = Literal["answer", "dispatch", "transfer", "refuse"]


class MatrixRow(PackModel):
    """``ways`` are open to tickets of these kinds, the first is the proposed one.

    Empty conditions fit everything; ``areas`` are codes of the taxonomy's first level or longer.
    ``priority`` decides between rows that both fit: the higher one; equal ones are a conflict.
    """

    key: Key
    article: Article
    types: tuple[Name, ...] = ()
    urgencies: tuple[Name, ...] = ()
    categories: tuple[str, ...] = ()
    enterprise: bool | None = None
    priority: int = Field(default=0, ge=0, le=100)
    ways: tuple[Way, ...] = Field(min_length=1)
    fast_track: bool = False  # article 32
    enforcement: bool = False  # article 33
    retaliation: bool = False  # article 48
    why: str = Field(min_length=2, max_length=200)

    def fits(self, type: str, urgency: str, category: str, enterprise: bool) -> bool:
        return (
            (not self.types or type in self.types)
            and (not self.urgencies or urgency in self.urgencies)
            and (not self.categories or category.startswith(self.categories))
            and self.enterprise in (None, enterprise)
        )


class Matrix(PackModel):
    """All of ``matrix.yaml``. ``faults`` proves that it has neither gaps nor conflicts."""

    rows: tuple[MatrixRow, ...] = Field(min_length=1)

    def row(self, type: str, urgency: str, category: str, enterprise: bool) -> MatrixRow | None:
        """The row that decides; None is a gap."""
        fitting = [row for row in self.rows if row.fits(type, urgency, category, enterprise)]
        return max(fitting, key=lambda row: row.priority, default=None)

    def faults(
        self, types: tuple[str, ...], urgencies: tuple[str, ...], categories: tuple[str, ...]
    ) -> list[str]:
        """Every cell without a row, or with two rows of one priority."""
        faults = []
        for cell in product(types, urgencies, categories, (False, True)):
            fitting = [row for row in self.rows if row.fits(*cell)]
            if not fitting:
                faults.append(f"no row for {cell}")
                continue
            top = max(row.priority for row in fitting)
            best = [row.key for row in fitting if row.priority == top]
            if len(best) > 1:
                faults.append(f"{' and '.join(best)} both decide {cell}")
        return faults
