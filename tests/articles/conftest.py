"""Every scenario names the row that it shows: ``@pytest.mark.requirement("R16")``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.articles.register import HERE, TABLE, Results
from tests.core.conftest import (
    database_url,
    pack,
    policies,
    postgres,
    postgres_template,
    sqlite_template,
)
from tests.core.loop.conftest import city

__all__ = [
    "city",
    "database_url",
    "pack",
    "policies",
    "postgres",
    "postgres_template",
    "sqlite_template",
]

REGISTER = pytest.StashKey["Register"]()
REQUIREMENT = "requirement"


class Register:
    """Collects what the scenarios showed, also from the processes that ran a part of them each."""

    def __init__(self) -> None:
        self.results = Results()
        self.files: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file, _, test = report.nodeid.partition("::")
        if not file.startswith("tests/articles/"):
            return
        self.files.add(Path(file).name)
        if report.when != "call" and report.outcome == "passed":
            return
        scenario = f"{Path(file).stem}::{test.partition('[')[0]}"
        for name, row in report.user_properties:
            if name == REQUIREMENT:
                self.results.add(str(row), scenario, report.outcome)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # one of several processes: the first one collects
        config.stash[REGISTER] = Register()
        config.pluginmanager.register(config.stash[REGISTER])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers(REQUIREMENT):
            item.user_properties.extend((REQUIREMENT, row) for row in marker.args)


def _whole(config: pytest.Config) -> bool:
    """Whether every scenario was run: a part of them tells nothing about the table."""
    narrowed = config.option.keyword or getattr(config.option, "lf", False)
    named = any("::" in arg for arg in config.args)
    files = {path.name for path in HERE.glob("test_*.py")}
    return not narrowed and not named and files == config.stash[REGISTER].files


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if REGISTER not in config.stash or not _whole(config) or session.shouldstop:
        return
    results = config.stash[REGISTER].results
    table = results.table()
    if config.getoption("--write-regulation"):
        TABLE.write_text(table, encoding="utf-8")
    problems = [f"{row}: its scenario does not hold" for row in results.broken()]
    if not TABLE.is_file() or TABLE.read_text(encoding="utf-8") != table:
        problems.append(f"{TABLE.name} is out of step: pytest --write-regulation tests/articles")
    if problems and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    config.stash[PROBLEMS] = problems


PROBLEMS = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    problems = terminalreporter.config.stash.get(PROBLEMS, [])
    if problems:
        terminalreporter.section("THE REGULATION", sep="!", red=True, bold=True)
        for problem in problems:
            terminalreporter.line(problem)
