"""What is wrong with a city's rules: one finding a fault, with its place and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.policy.version import Version

Level = Literal["error", "warning"]


class Finding(BaseModel):
    """``rule`` is stable; ``file`` counts from the city's folder, ``place`` is the way into it."""

    model_config = ConfigDict(frozen=True)

    rule: str
    level: Level
    file: str
    place: str
    detail: str
    advice: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The name of a rule, how grave it is, and what helps."""

    name: str
    advice: str
    level: Level = "error"

    def broken(self, version: Version, file: str, place: str, detail: str) -> Finding:
        return self.at(f"{version.folder}/{file}", place, detail)

    def at(self, file: str, place: str, detail: str) -> Finding:
        return Finding(
            rule=self.name,
            level=self.level,
            file=file,
            place=place,
            detail=detail,
            advice=self.advice,
        )
