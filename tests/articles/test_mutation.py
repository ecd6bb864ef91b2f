"""With its rule switched off, a row's scenarios do not hold any more."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Awaitable, Callable

import pytest

from tests.articles.register import HERE, rows
from tests.articles.switches import SWITCHES, Switch
from tests.core.loop.city import City

Scenario = Callable[[City], Awaitable[None]]


def scenarios(row: str) -> list[Scenario]:
    found = []
    for file in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(f"tests.articles.{file.stem}")
        for _, function in inspect.getmembers(module, inspect.iscoroutinefunction):
            marks = getattr(function, "pytestmark", [])
            if any(mark.name == "requirement" and row in mark.args for mark in marks):
                found.append(function)
    return found


CASES = [
    pytest.param(row, switch, id=f"{row}-{number}")
    for row, switches in SWITCHES.items()
    for number, switch in enumerate(switches, 1)
]


@pytest.mark.parametrize(("row", "switch"), CASES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_rule_that_is_switched_off_is_missed(
    row: str, switch: Switch, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    for scenario in scenarios(row):
        with monkeypatch.context() as patch:
            switch(patch)
            if await _holds(scenario, city):
                held.append(scenario.__name__)
    assert scenarios(row), "no scenario"
    assert len(held) < len(scenarios(row)), f"all hold without the rule: {held}"


async def _holds(scenario: Scenario, city: City) -> bool:
    try:
        await scenario(city)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever shows it
        return False
    return True


def test_every_owned_row_with_a_scenario_has_a_switch() -> None:
    owned = {row.id for row in rows() if row.owned and scenarios(row.id)}
    assert owned - set(SWITCHES) == set()
