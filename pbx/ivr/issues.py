"""What is wrong with a designer's file: where, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """``rule`` is stable, ``line`` counts from 1 (0: the file as a whole).

    ``fatal``: the flow is not used, its callers go straight to people. Otherwise it is used, and
    callers hear less than they should.
    """

    file: str
    line: int
    rule: str
    message: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"
