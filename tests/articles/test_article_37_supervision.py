"""Article 37: warned, urged, supervised, key-supervised, noticed - each once, each on its day."""

from __future__ import annotations

from collections import Counter

import pytest

from core.loop.errors import TooOften
from core.loop.states import Act
from tests.core.loop.city import SUPERVISOR, ZONE, City, unit

WHOM = ("unit", "head", "authority", "government")


@pytest.mark.requirement("R35")
async def test_each_rung_comes_on_its_day_and_once_and_is_told(city: City) -> None:
    """Dispatched on Monday 12 January 2026: to be signed for by Tuesday 13, handled by Monday 19.

    Warned one workday before (end of Friday 16), urged the day after (end of Tuesday 20),
    supervised three workdays after (Thursday 22), key-supervised five after (Monday 26), noticed
    six after (Tuesday 27); each shows at the first look of the day after its moment.
    """
    city.it_is("2026-01-12 09:00")
    number = await city.dispatched()
    await city.does(unit("city_management"), number, Act.SIGN)
    await city.passes("2026-02-02 09:00", hours=6)
    rows = await city.supervisions(number)
    assert [(row.rung, row.at.astimezone(ZONE).strftime("%m-%d")) for row in rows] == [
        ("warn", "01-17"),
        ("urge", "01-21"),
        ("supervise", "01-23"),
        ("key_supervise", "01-27"),
        ("notice", "01-28"),
    ]
    assert set(Counter(row.rung for row in rows).values()) == {1}
    told = {whom: await city.told(number, f"rung_{whom}") for whom in WHOM}
    assert told["unit"] == ["unit:city_management"] * 2, "warned and urged"
    assert told["head"] == ["head:city_management"] * 4, "from the urging on"
    assert told["authority"] == ["authority"] * 2, "key supervision and notice"
    assert told["government"] == ["government"], "of the notice"


@pytest.mark.requirement("R35")
async def test_a_rung_that_a_person_takes_early_does_not_come_again(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="supervise")
    with pytest.raises(TooOften):
        await city.does(SUPERVISOR, number, Act.SUPERVISE, rung="supervise")
    await city.passes("2026-01-26 09:00", hours=12)
    rows = await city.supervisions(number)
    assert [row.rung for row in rows] == ["supervise", "warn", "urge"]
    assert rows[0].by == SUPERVISOR.agent


@pytest.mark.requirement("R35")
async def test_what_is_asked_of_the_unit_is_answered(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    number = await city.signed()
    await city.passes("2026-01-23 09:00", hours=6)
    await city.does(
        unit("city_management"), number, Act.FEED_BACK, rung="supervise", words="已安排施工"
    )
    row = next(row for row in await city.supervisions(number) if row.rung == "supervise")
    assert row.feedback_at is not None
