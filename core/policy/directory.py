"""``directory.yaml``: the units with their rank, and which line of the directory leads to whom."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from core.pack.base import Key, Name, PackModel
from core.pack.units import DISTRICT, UnitRef


class UnitFacts(PackModel):
    """What the directory knows of a unit beside its name (``units.yaml``).

    ``rank`` grassroots: a town or a sub-district, to which no department may push its own duty
    (article 16's sort). ``successor`` takes over what the unit holds once it is ``abolished``.
    """

    unit: Key
    rank: Literal["department", "district", "grassroots", "company", "hotline", "supervisor"] = (
        "department"
    )
    county: str = ""
    abolished: date | None = None
    successor: Key | None = None


class DirectoryLine(PackModel):
    """``category`` (a code or its beginning) at ``county`` ("" = anywhere) belongs to ``unit``."""

    key: Key
    category: str = Field(pattern=r"^([0-9]{2}){1,3}$")
    county: str = Field(default="", pattern=r"^([0-9]{6})?$")
    unit: UnitRef
    assist: tuple[UnitRef, ...] = ()
    duty: Name  # the duty by which it is this unit's


class Directory(PackModel):
    """All of ``directory.yaml``. A longer category beats a shorter one, a county beats none."""

    version: Name
    supervisor_of_enforcement: Key  # takes complaints about enforcement (article 33)
    supervisor_of_conduct: Key  # takes complaints about retaliation (articles 46, 48)
    last_resort: Key  # decides what no line leads to
    by_hand: tuple[Key, ...] = ()  # no line leads to them: a dispatcher names them
    units: tuple[UnitFacts, ...] = ()
    lines: tuple[DirectoryLine, ...] = Field(min_length=1)

    def line(self, category: str, county: str) -> DirectoryLine | None:
        """The line for a class at a place; None when nobody is named."""
        fitting = [
            line
            for line in self.lines
            if category.startswith(line.category) and line.county in ("", county)
        ]
        return max(fitting, key=lambda line: (len(line.category), line.county != ""), default=None)

    def facts(self, unit: str) -> UnitFacts:
        return next((one for one in self.units if one.unit == unit), UnitFacts(unit=unit))

    def at(self, ref: UnitRef, county: str) -> str:
        """The unit's key; ``@district`` becomes the government of the district."""
        return f"district_{county}" if ref == DISTRICT else ref

    def heir(self, unit: str, day: date) -> str:
        """Who holds the unit's duties on that day: itself, or its successor's heir."""
        seen = {unit}
        while True:
            facts = self.facts(unit)
            if facts.abolished is None or facts.abolished > day or facts.successor is None:
                return unit
            if facts.successor in seen:  # checked at load; never loop here
                return unit
            unit = facts.successor
            seen.add(unit)
