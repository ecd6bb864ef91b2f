"""With its rule switched off a scenario does not hold any more - and with every rule on it does."""

from __future__ import annotations

import importlib
import inspect
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from core.errors import HotlineError
from core.pack import CityPack
from core.policy import PolicyBook
from tests.articles.register import HERE, rows
from tests.articles.switches import SWITCHES
from tests.articles.switching import Switch
from tests.core.conftest import ManualClock, open_desk
from tests.core.loop.city import City

Scenario = Callable[[City], Awaitable[None]]
Cities = Callable[[], AbstractAsyncContextManager[City]]
OWNED = [row.id for row in rows() if row.owned]
CASES = [
    pytest.param(row, switch, id=f"{row}: {switch.rule}")
    for row, switches in SWITCHES.items()
    for switch in switches
]


def scenarios(row: str) -> dict[str, Scenario]:
    """All scenarios of the row by their names, without their ``test_``."""
    found = {}
    for file in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(f"tests.articles.{file.stem}")
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
            marks = getattr(function, "pytestmark", [])
            if any(mark.name == "requirement" and row in mark.args for mark in marks):
                assert name not in found, "two of a row have one name"
                found[name.removeprefix("test_")] = function
    return found


@pytest.fixture
def cities(sqlite_template: Path, tmp_path: Path, pack: CityPack, policies: PolicyBook) -> Cities:
    """A city for each scenario: nothing that happened in another one is left in it."""
    opened: Counter[str] = Counter()

    @asynccontextmanager
    async def fresh() -> AsyncIterator[City]:
        opened["cities"] += 1
        file = tmp_path / f"{opened['cities']}.db"
        shutil.copy(sqlite_template, file)
        clock, rules = ManualClock(), [policies]
        async with open_desk(f"sqlite:///{file}", pack, lambda: rules[-1], clock) as desk:
            yield City(desk, clock, policies, rules)

    return fresh


@pytest.mark.parametrize("row", OWNED)
async def test_with_every_rule_on_each_scenario_holds(row: str, cities: Cities) -> None:
    """Otherwise one that fails below would show nothing."""
    for scenario in scenarios(row).values():
        async with cities() as city:
            await scenario(city)


@pytest.mark.parametrize(("row", "switch"), CASES)
async def test_a_rule_that_is_switched_off_is_missed(
    row: str, switch: Switch, cities: Cities, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = scenarios(row)
    survivors = []
    for name in switch.kills:
        with monkeypatch.context() as patch:
            switch.off(patch)
            async with cities() as city:
                if await _holds(known[name], city):
                    survivors.append(name)
    assert survivors == [], "holds without the rule"


async def _holds(scenario: Scenario, city: City) -> bool:
    """What it asserts, or a refusal of ours, says no; any other error is a fault of the switch."""
    try:
        await scenario(city)
    except (AssertionError, pytest.fail.Exception, HotlineError):
        return False
    return True


@pytest.mark.parametrize("row", OWNED)
def test_every_scenario_of_an_owned_row_is_missed_by_a_switch(row: str) -> None:
    missed = {name for switch in SWITCHES.get(row, ()) for name in switch.kills}
    assert missed == set(scenarios(row))
