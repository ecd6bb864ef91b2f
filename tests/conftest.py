"""What all tests share: what could not be tested here is said once, loudly."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-regulation",
        action="store_true",
        help="write docs/regulation.md from this run of tests/articles",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One list of what was skipped and why; a skipped test is not a passed one."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        if isinstance(report.longrepr, tuple):
            reasons[str(report.longrepr[2]).removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section("NOT TESTED HERE", sep="!", red=True, bold=True)
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count:4}  {reason}")
