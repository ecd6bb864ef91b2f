"""The table article -> requirement -> scenario -> passed | pending, from a run of the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "regulation.md"
HEAD = """# The regulation, row by row

Made from a run of `tests/articles` (`pytest tests/articles --write-regulation`); a test run fails
when it no longer holds. **passed**: every scenario of the row passed on every database that was
there. **pending**: no scenario yet. The text of the articles has not been seen: *basis* says how
well a row's article is known (stated, a range of articles, a section, inferred).

| row | articles | basis | what it asks | scenarios | |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    articles: str
    basis: str
    owned: bool
    requirement: str
    verify: str


def rows() -> tuple[Row, ...]:
    raw = yaml.safe_load((HERE / "requirements.yaml").read_text(encoding="utf-8"))
    return tuple(Row(**row) for row in raw["rows"])


def undescribed() -> tuple[str, ...]:
    raw = yaml.safe_load((HERE / "requirements.yaml").read_text(encoding="utf-8"))
    return tuple(raw["undescribed"])


@dataclass(slots=True)
class Results:
    """Outcomes of scenarios by row: ``passed``, ``failed``, or ``skipped``."""

    of: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def add(self, row: str, scenario: str, outcome: str) -> None:
        self.of.setdefault(row, {}).setdefault(scenario, set()).add(outcome)

    def state(self, row: str) -> str:
        """A skipped scenario is not a passed one, unless it also ran elsewhere."""
        scenarios = self.of.get(row)
        if not scenarios:
            return "pending"
        done = all("failed" not in seen and "passed" in seen for seen in scenarios.values())
        return "passed" if done else "failed"

    def broken(self) -> list[str]:
        """Rows whose scenarios do not hold, and owned ones without any."""
        return [
            row.id
            for row in rows()
            if self.state(row.id) == "failed" or (row.owned and self.state(row.id) != "passed")
        ]

    def table(self) -> str:
        lines = []
        for row in rows():
            scenarios = "<br>".join(sorted(self.of.get(row.id, {})))
            lines.append(
                f"| {row.id} | {row.articles} | {row.basis} | {row.requirement.replace('|', '/')} "
                f"| {scenarios} | {self.state(row.id)} |"
            )
        missing = "、".join(undescribed())
        tail = (
            f"\nArticles that the source does not describe: {missing}. "
            "Rows that only this project reads into them are marked *inferred*.\n"
        )
        return HEAD + "\n".join(lines) + "\n" + tail
