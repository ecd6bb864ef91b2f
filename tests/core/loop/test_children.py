"""What hangs on a ticket is shown with it, to each as far as he sees it."""

from __future__ import annotations

from core.loop.states import Act
from core.ports import Viewer
from tests.core.loop.city import AGENT, AUDITOR, OTHER_AGENT, SUPERVISOR, City, unit

LUBEI = Viewer("1903", "", "supervisor", county="130203")


async def children(city: City, who: Viewer, number: str) -> tuple[str, ...]:
    return (await city.desk.offices.work.detail(who, number)).children


async def split(city: City, number: str, *titles: str) -> tuple[str, ...]:
    await city.does(AGENT, number, Act.SPLIT, parts=[{"title": title} for title in titles])
    return await children(city, AGENT, number)


async def test_what_was_merged_into_it_also_when_it_went_on_from_there(city: City) -> None:
    main, merged, released, alone = [await city.registers() for _ in range(4)]
    await city.merges(merged, main)
    await city.merges(released, main)
    await city.does(AGENT, released, Act.RELEASE, words="另一件事")
    assert await children(city, AGENT, main) == (merged,)
    await city.does(SUPERVISOR, merged, Act.EXEMPT, reason="merged")
    assert await children(city, AGENT, main) == (merged,)
    assert await children(city, AGENT, alone) == ()


async def test_what_was_split_off_from_it_and_nothing_twice(city: City) -> None:
    number = await city.registers()
    first = await split(city, number, "井盖", "噪声")
    assert len(first) == 2
    later = await split(city, number, "停水")
    assert later[:2] == first
    await city.merges(later[2], number, "实为一事")
    assert await children(city, AGENT, number) == later


async def test_each_sees_of_them_what_is_his_to_see(city: City) -> None:
    number = await city.registers()
    secret, elsewhere = await split(city, number, "井盖", "噪声")
    await city.does(SUPERVISOR, secret, Act.SET_SECRECY, level=2)
    await city.does(SUPERVISOR, elsewhere, Act.AMEND, fields={"district": "丰润区"})
    assert await children(city, SUPERVISOR, number) == (secret, elsewhere)
    assert await children(city, AUDITOR, number) == (secret, elsewhere)
    assert await children(city, OTHER_AGENT, number) == (elsewhere,)
    assert await children(city, LUBEI, number) == ()  # of neither is it said that it is his
    await city.does(SUPERVISOR, elsewhere, Act.AMEND, fields={"district": "路北区"})
    assert await children(city, LUBEI, number) == (elsewhere,)


async def test_a_unit_sees_of_them_what_it_has_a_part_in(city: City) -> None:
    main = await city.dispatched()
    again = await city.registers()
    await city.merges(again, main)
    assert await children(city, unit("city_management"), main) == ()
    assert await children(city, AGENT, main) == (again,)
