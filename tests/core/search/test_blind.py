"""The blind index: tickets are found by their words on both databases, and nothing is readable."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select, text

from core.errors import HotlineError
from core.loop.states import Act
from core.ports import TicketQuery, Viewer
from core.search.blind import hashes, place_of
from core.store.loop_tables import WordsRow
from core.store.vault import Vault
from tests.core.conftest import MASTER
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City


async def found(city: City, words: str, viewer: Viewer = SUPERVISOR, **asked: Any) -> list[str]:
    page = await city.desk.offices.lists.tickets(viewer, TicketQuery(text=words, **asked))
    return [line.number for line in page.lines]


async def kept(city: City) -> list[WordsRow]:
    return await city.desk._database.read(lambda s: [*s.exec(select(WordsRow))])


async def test_a_ticket_is_found_by_title_content_address_and_enterprise(city: City) -> None:
    number = await city.registers(
        title="路灯不亮", content="晚上看不见", address="测试路1号", enterprise_name="星辰商贸"
    )
    await city.registers(title="井盖丢失", content="车轮掉进去了", address="别的街", urgency="紧急")
    for words in ("路灯", "看不见", "测试路1号", "星辰商贸", "星辰 路灯 看不见", "测试路１号"):
        assert await found(city, words) == [number], words


async def test_all_words_must_be_there(city: City) -> None:
    await city.registers(title="路灯不亮")
    await city.registers(title="井盖丢失", content="没有盖子")
    assert await found(city, "路灯 丢失") == []


async def test_who_called_is_no_word(city: City) -> None:
    await city.registers(caller_name="欧阳测试", contact_phone="15400000001")
    assert await found(city, "欧阳") == await found(city, "15400000001") == []


async def test_the_newest_come_first_page_by_page(city: City) -> None:
    made = []
    for count in range(5):
        made.append(await city.registers(title="路灯" if count != 2 else "井盖", content="坏了"))
        city.later(hours=7)  # over midnight
    del made[2]
    first = await city.desk.offices.lists.tickets(SUPERVISOR, TicketQuery(text="路灯", limit=3))
    assert [line.number for line in first.lines] == made[:0:-1]
    assert first.after is not None
    assert await found(city, "路灯", after=first.after) == made[:1]


async def test_an_amended_ticket_is_found_by_its_new_words_only(city: City) -> None:
    number = await city.registers(title="路灯", content="坏了")
    await city.does(AGENT, number, Act.AMEND, fields={"title": "井盖", "content": "丢了"})
    assert await found(city, "井盖 丢了") == [number]
    assert await found(city, "路灯") == await found(city, "坏") == []
    assert await found(city, "测试路") == [number]  # what was not touched stays


async def test_a_search_in_what_is_open_meets_nothing_else(city: City) -> None:
    at_work = await city.registers()
    done = await city.archived()
    assert await found(city, "路灯", open=True) == [at_work]
    assert await found(city, "路灯", open=False) == [done]
    assert await found(city, "路灯") == [done, at_work]
    assert {row.number: row.open for row in await kept(city)} == {at_work: True, done: False}


async def test_an_act_that_is_undone_leaves_the_index_as_it_was(city: City) -> None:
    number = await city.registers(title="路灯", content="坏了")

    def undone(session: Session) -> None:
        row = session.get_one(WordsRow, place_of(number))
        session.delete(row)
        session.flush()
        raise HotlineError

    with pytest.raises(HotlineError):
        await city.desk._database.write(undone)
    assert await found(city, "路灯") == [number]


async def test_a_state_secret_is_found_by_nobody(city: City) -> None:
    by_level = await city.registers(title="路灯")
    refused = await city.registers(title="路灯")
    other = await city.registers(title="路灯")
    await city.does(SUPERVISOR, by_level, Act.SET_SECRECY, level=3)
    await city.does(DISPATCHER, refused, Act.REFUSE, ground="state_secret")
    assert await found(city, "路灯") == [other]
    assert [row.number for row in await kept(city)] == [other]


async def test_an_erased_ticket_is_found_by_nobody(city: City) -> None:
    number = await city.registers(title="路灯")
    other = await city.registers(title="路灯")
    await city.desk._database.write(lambda s: city.desk._vault.erase(s, number))
    assert await found(city, "路灯") == [other]
    assert [row.number for row in await kept(city)] == [other]


async def test_a_ticket_without_words_is_registered_all_the_same(city: City) -> None:
    number = await city.registers(title="……", content=None, address=None)
    assert await kept(city) == []
    await city.does(AGENT, number, Act.AMEND, fields={"title": "路灯"})
    assert await found(city, "路灯") == [number]


async def test_nothing_readable_lies_in_the_database(city: City) -> None:
    await city.registers(title="路灯", content="abc", address="测试路1号")
    (row,) = await kept(city)
    hashed = row.words.replace("'", "").split()
    assert hashed and all(len(one) == 10 and int(one, 16) >= 0 for one in hashed)
    assert sorted(hashed) == hashed == sorted(set(hashed))
    other = Vault(bytes(32))
    assert not set(hashes(other, ["路灯", "abc"])) & set(hashed)
    assert set(hashes(Vault(MASTER), ["路灯", "abc", "1"])) <= set(hashed)


@pytest.mark.parametrize("words", ['"', "路灯*", "路灯 OR 井盖", "NOT 路灯", "路灯 & !b | c", "'"])
async def test_a_question_is_words_never_an_expression(city: City, words: str) -> None:
    number = await city.registers(title="路灯")
    try:
        got = await found(city, words)
    except HotlineError as refused:
        assert refused.error_id == "query_invalid"
    else:
        assert got == ([number] if words == "路灯*" else [])


async def test_sqlites_index_agrees_with_its_table(city: City, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("FTS5 is SQLite's")
    for _ in range(3):
        number = await city.registers(title="路灯")
    await city.archived()
    await city.does(AGENT, number, Act.AMEND, fields={"title": "井盖"})
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=3)
    check = "INSERT INTO ticket_fts (ticket_fts, rank) VALUES ('integrity-check', 1)"
    await city.desk._database.write(lambda s: s.execute(text(check)))


numbers = st.builds(
    "TS{:%Y%m%d}{:05d}".format, st.dates(date(2000, 1, 1)), st.integers(1, 9_999_999)
)


@given(numbers, numbers)
def test_places_are_in_the_order_of_days_and_counts(one: str, other: str) -> None:
    def key(number: str) -> tuple[str, int]:
        return number[2:10], int(number[10:])

    assert (place_of(one) < place_of(other)) == (key(one) < key(other))
    assert 0 <= place_of(one) < 2**63


def test_what_is_no_number_has_no_place() -> None:
    for wrong in ("", "TS2026", "TS20260112", "x"):
        with pytest.raises(ValueError, match="number"):
            place_of(wrong)
