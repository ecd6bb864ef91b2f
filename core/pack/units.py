"""``units.yaml``: who handles what."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from core.pack.base import Key, Name, PackModel
from core.pack.taxonomy import Code

# ``@district`` stands for the government of the district in which the matter is.
DISTRICT = "@district"
UnitRef = Annotated[str, StringConstraints(pattern=r"^(@district|[a-z][a-z0-9_]*)$")]


class Unit(PackModel):
    """A unit (承办单位) or an enterprise of the public services.

    ``under``: the unit that it is a part of; what is told against that one never goes to it.
    """

    key: Key
    name: Name
    under: Key | None = None


class DispatchRule(PackModel):
    """``code`` is the code of a class or of a whole branch; the longest that fits a class decides.

    ``unit`` handles it, ``also`` are the others that may come into question, the likeliest first.
    """

    code: Code
    unit: UnitRef
    also: tuple[UnitRef, ...] = ()


class Units(PackModel):
    """All of ``units.yaml``."""

    units: tuple[Unit, ...] = Field(min_length=1)
    dispatch: tuple[DispatchRule, ...] = Field(min_length=1)

    def name(self, key: str) -> str:
        """Raises ``KeyError``."""
        for unit in self.units:
            if unit.key == key:
                return unit.name
        raise KeyError(key)

    def chain(self, key: str) -> tuple[str, ...]:
        """The unit itself and those above it, the nearest first."""
        above = {unit.key: unit.under for unit in self.units}
        found, unit = [key], above.get(key)
        while unit is not None and unit not in found:  # checked at load; never loop here
            found.append(unit)
            unit = above.get(unit)
        return tuple(found)

    def rule(self, code: str) -> DispatchRule | None:
        """The rule with the longest code with which ``code`` begins."""
        fitting = [rule for rule in self.dispatch if code.startswith(rule.code)]
        return max(fitting, key=lambda rule: len(rule.code), default=None)
