"""Registration: complete or not, hostile or not - handled whole or refused whole, with an id."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import func, select

from core.errors import HotlineError, Invalid
from core.loop.columns import phone
from core.loop.errors import ActForbidden, FieldUnknown, TicketIncomplete
from core.loop.states import Act, TicketState
from core.store.loop_tables import NoticeRow, StepRow
from core.store.tables import EventRow, TicketRow
from tests.core.loop.city import AGENT, DISPATCHER, LAMP, City, unit

ROWS = (TicketRow, StepRow, NoticeRow, EventRow)


async def counted(city: City) -> list[int]:
    return await city.sees_rows(
        lambda session: [
            session.exec(select(func.count()).select_from(table)).one() for table in ROWS
        ]
    )


# Completeness.


async def test_a_ticket_is_opened_incomplete_and_completed_later(city: City) -> None:
    number = (await city.desk.offices.loop.register(AGENT, {"title": "路灯不亮"})).number
    assert await city.state(number) is TicketState.REGISTERED
    await city.does(AGENT, number, Act.AMEND, fields=LAMP)
    await city.does(AGENT, number, Act.CLASSIFY)
    await city.does(DISPATCHER, number, Act.DISPATCH)
    assert await city.state(number) is TicketState.DISPATCHED


async def test_what_is_missing_is_named_field_by_field(city: City) -> None:
    required = {
        field.key for field in city.policies.versions[-1].pack.form.fields if field.required
    }
    for key in sorted(required - {"category", "type", "urgency"}):
        number = await city.classified(**{key: None})
        with pytest.raises(TicketIncomplete) as refused:
            await city.does(DISPATCHER, number, Act.DISPATCH)
        assert refused.value.details["missing"] == [key]


@pytest.mark.parametrize("empty", ["", None])
async def test_an_empty_value_is_a_missing_one(city: City, empty: str | None) -> None:
    number = await city.classified()
    await city.does(AGENT, number, Act.AMEND, fields={"content": empty})
    with pytest.raises(TicketIncomplete):
        await city.does(DISPATCHER, number, Act.DISPATCH)


async def test_whether_it_is_confidential_is_asked_before_it_goes_out(city: City) -> None:
    number = await city.classified(confidential=None)
    with pytest.raises(TicketIncomplete) as refused:
        await city.does(DISPATCHER, number, Act.DISPATCH)
    assert refused.value.details["missing"] == ["confidential"]
    await city.does(AGENT, number, Act.AMEND, fields={"confidential": True})
    assert (await city.ticket(number)).secrecy == 1
    await city.does(DISPATCHER, number, Act.DISPATCH)


async def test_only_the_hotline_registers(city: City) -> None:
    with pytest.raises(ActForbidden):
        await city.desk.offices.loop.register(unit("housing"), LAMP)
    assert (await counted(city))[0] == 0


# Hostile input.

HOSTILE: dict[str, Any] = {
    "five megabytes": "字" * (5 * 1024 * 1024 // 3),
    "nul": "停\x00电",
    "escape": "停\x1b[31m电",
    "c1 control": "停\x85电",
    "half a character": "停\ud83d电",
    "number": 5,
    "object": {"a": 1},
}


async def test_what_no_field_takes_is_refused_and_leaves_nothing(city: City) -> None:
    before = await counted(city)
    for key in ("content", "title", "address", "contact_phone", "caller_name"):
        for name, value in HOSTILE.items():
            with pytest.raises(FieldUnknown) as refused:
                await city.registers(**{key: value})
            assert refused.value.details["fields"] == [key], name
            assert len(str(refused.value.as_dict())) < 500, "what was given is not repeated"
    for parts in (["路灯"] * 100_000, ["\x00"], "路灯", [["路灯"]]):
        with pytest.raises(FieldUnknown):
            await city.registers(category=parts)
    with pytest.raises(FieldUnknown):
        await city.registers(no_such_field="x")
    assert await counted(city) == before


async def test_the_same_is_refused_when_a_ticket_is_changed_or_noted(city: City) -> None:
    number = await city.registers()
    before = await counted(city)
    for value in HOSTILE.values():
        with pytest.raises(HotlineError) as refused:
            await city.does(AGENT, number, Act.AMEND, fields={"content": value})
        assert refused.value.status == 422
    for words in ("停\x00电", "字" * 8001, "\ud800", "", 5, None):
        with pytest.raises(Invalid):
            await city.does(AGENT, number, Act.NOTE, words=words)
    with pytest.raises(Invalid):
        await city.does(AGENT, number, Act.SPLIT, parts=[{"title": "停"}] * 10)
    assert await counted(city) == before


async def test_what_people_really_write_is_kept_as_they_wrote_it(city: City) -> None:
    content = "😀 第一行\n第二行\t𠮷野家 e\u0301 \u200d ' OR 1=1 -- <b>{number}</b> %s"
    number = await city.registers(content=content, title="{number}{told}")
    assert (await city.fields(number))["content"] == content
    notices = await city.notices(number)
    assert len(notices) == 1


async def test_the_longest_that_the_form_takes_is_taken(city: City) -> None:
    number = await city.registers(content="字" * 8000)
    assert len((await city.fields(number))["content"]) == 8000
    with pytest.raises(FieldUnknown):
        await city.registers(content="字" * 8001)


# Telephone numbers.

FULL_WIDTH = str.maketrans("0123456789+-() ", "０１２３４５６７８９＋－（）　")
mobiles = st.from_regex(r"1540\d{7}", fullmatch=True).map(
    lambda text: "".join(str(int(digit)) for digit in text)
)
landlines = st.tuples(st.sampled_from(["0315", "010", "0371"]), st.integers(2000000, 8999999)).map(
    lambda pair: f"{pair[0]}{pair[1]}"
)
between = st.sampled_from(["", " ", "-", "  ", "\u00a0", "\u3000", ")", "."])


def spelled(draw: st.DrawFn, number: str) -> str:
    """Blanks and hyphens anywhere, brackets, another width."""
    text = "".join(digit + draw(between) for digit in number)
    text = draw(st.sampled_from(["", " ", "(", "tel: "])) + text
    return text.translate(FULL_WIDTH) if draw(st.booleans()) else text


@st.composite
def spelled_mobiles(draw: st.DrawFn) -> tuple[str, str]:
    number = draw(mobiles)
    prefix = draw(st.sampled_from(["", "+86", "0086", "86", "+ 86 ", "(+86)"]))
    text = spelled(draw, number)
    return number, prefix + text


@st.composite
def spelled_landlines(draw: st.DrawFn) -> tuple[str, str]:
    number = draw(landlines)
    text = spelled(draw, number)
    if draw(st.booleans()):  # from abroad, with or without the trunk 0
        prefix = draw(st.sampled_from(["+86", "0086", "+86-", "+86(0)"]))
        return number, prefix + spelled(draw, number.removeprefix("0"))
    return number, text


@given(spelled_mobiles())
def test_a_mobile_number_is_one_number_in_any_spelling(case: tuple[str, str]) -> None:
    number, text = case
    assert phone(text) == number
    assert phone(phone(text)) == number


@given(spelled_landlines())
def test_a_landline_is_one_number_in_any_spelling(case: tuple[str, str]) -> None:
    number, text = case
    assert phone(text) == number


@given(st.text(max_size=200))
def test_whatever_is_given_becomes_digits(text: str) -> None:
    plain = phone(text)
    assert plain == "".join(character for character in plain if character in "0123456789")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12345", "12345"),
        ("+86 400 123 4567", "4001234567"),
        ("+86 12345", "12345"),
        ("１５４００００００１２", "15400000012"),
        ("٠٣١٥-1234567", "03151234567"),
        ("anonymous", ""),
        ("", ""),
        ("①②③", "123"),
    ],
)
def test_numbers_that_are_something_else(text: str, number: str) -> None:
    assert phone(text) == number


async def test_a_number_in_another_spelling_is_the_same_caller(city: City) -> None:
    plain = await city.ticket(await city.registers(contact_phone="15400000001"))
    for spelling in ("+86 154-0000-0001", "（0086）１５４０００００００１", "154 0000 0001"):
        other = await city.ticket(await city.registers(contact_phone=spelling))
        assert other.contact_digest == plain.contact_digest
    unknown = await city.ticket(await city.registers(contact_phone="不便透露"))
    assert unknown.contact_digest is None, "no number is nobody's number"
