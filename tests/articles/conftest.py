"""Every scenario names the row that it shows: ``@pytest.mark.requirement("R16")``."""

from __future__ import annotations

from collections.abc import Generator

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

RESULTS = pytest.StashKey[Results]()
EXPECTED = pytest.StashKey[set[str]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    session.config.stash[RESULTS] = Results()
    session.config.stash[EXPECTED] = {
        item.nodeid for item in session.items if item.path.is_relative_to(HERE)
    }


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or report.outcome != "passed":
        name = item.name.partition("[")[0]
        for marker in item.iter_markers("requirement"):
            for row in marker.args:
                item.config.stash[RESULTS].add(row, f"{item.path.stem}::{name}", report.outcome)
    return report


def _whole(config: pytest.Config) -> bool:
    """Whether every scenario was run: a part of them tells nothing about the table."""
    narrowed = config.option.keyword or getattr(config.option, "lf", False)
    named = any("::" in arg for arg in config.args)
    files = {path.name for path in HERE.glob("test_*.py")}
    seen = {nodeid.split("::")[0].rpartition("/")[2] for nodeid in config.stash[EXPECTED]}
    return not narrowed and not named and files == seen


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if RESULTS not in config.stash or not _whole(config) or session.shouldstop:
        return
    results = config.stash[RESULTS]
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
