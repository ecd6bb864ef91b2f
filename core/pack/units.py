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
    """A unit (承办单位) or an enterprise of the public services."""

    key: Key
    name: Name


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

    def rule(self, code: str) -> DispatchRule | None:
        """The rule with the longest code with which ``code`` begins."""
        fitting = [rule for rule in self.dispatch if code.startswith(rule.code)]
        return max(fitting, key=lambda rule: len(rule.code), default=None)
