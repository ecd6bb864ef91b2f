"""What of a ticket each role reads at each level of secrecy; every reading is on record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlmodel import Session

from core.errors import Invalid, NotFound
from core.loop.errors import ActForbidden, WayClosed
from core.loop.states import Act
from core.loop.views import TicketDetail
from core.pack import CityPack
from core.ports import Viewer
from core.store.tables import TicketRow
from tests.core.loop.city import (
    AGENT,
    AUDITOR,
    AUTHORITY,
    DISPATCHER,
    GOVERNMENT,
    LAMP,
    LUBEI_DISPATCHER,
    OTHER_AGENT,
    SUPERVISOR,
    City,
    head,
    unit,
)
from tests.core.people.ledger import last, lines, whole

MINE = unit("city_management")
NAME, PHONE, OTHER = "测试人", "15400000001", "15400000002"
TELLING = {
    "caller_number": PHONE,
    "content": f"我是{NAME}，电话一五四零零零零零零零二，也可打{PHONE}，住测试路1号",
}
# In every spelling in which it stands somewhere in the ticket.
SPELLINGS = (PHONE, OTHER, "一五四零零零零零零零二", "０００１")


async def lamp(city: City, **more: Any) -> str:
    return await city.dispatched(**TELLING, **more)


async def reads(city: City, who: Viewer, number: str) -> TicketDetail:
    return await city.desk.offices.work.detail(who, number)


async def everything(city: City, who: Viewer, number: str) -> str:
    """All that somebody can read of a ticket, as one text."""
    detail = await reads(city, who, number)
    steps = await city.desk.offices.work.history(who, number)
    return json.dumps(
        [detail.model_dump(mode="json"), *(step.model_dump(mode="json") for step in steps)],
        ensure_ascii=False,
    )


async def test_the_hotline_reads_what_it_wrote(city: City) -> None:
    number = await lamp(city)
    for who in (AGENT, OTHER_AGENT, DISPATCHER, SUPERVISOR, LUBEI_DISPATCHER):
        detail = await reads(city, who, number)
        assert detail.fields["content"] == TELLING["content"]
        assert (detail.hidden, detail.erased) == ((), False)
        assert detail.unit_name


async def test_the_unit_reads_the_callers_number_only_of_an_open_matter(city: City) -> None:
    open_one = await lamp(city)
    detail = await reads(city, MINE, open_one)
    assert detail.fields["contact_phone"] == PHONE
    assert detail.fields["caller_name"] == NAME
    closed = await lamp(city, confidential=True)
    detail = await reads(city, MINE, closed)
    assert detail.secrecy == 1
    assert {"caller_name", "caller_number", "contact_phone"} <= {*detail.hidden}
    assert not set(detail.hidden) & set(detail.fields)
    assert detail.fields["content"] == "我是**，电话***********，也可打***********，住测试路1号"
    assert detail.fields["address"] == "测试路1号"


async def test_an_enterprise_that_asked_for_secrecy_is_not_known_either(city: City) -> None:
    name, code = "唐山市路南区测试钢铁有限公司", "91130200MA0TEST01X"
    number = await city.dispatched(
        confidential=True, subject="企业", is_enterprise=True, enterprise_name=name,
        credit_code=code, industry="黑色冶炼", title="测试钢铁反映路灯不亮",
        content=f"{name}（信用代码{code.lower()}）门口，即测试钢铁有限公司门口，路灯不亮",
    )  # fmt: skip
    for who in (MINE, head("city_management"), AUTHORITY):
        text = await everything(city, who, number)
        for telling in ("测试钢铁", code, code.lower(), "黑色冶炼"):
            assert telling not in text
        assert "路灯不亮" in text
    assert (await reads(city, SUPERVISOR, number)).fields["enterprise_name"] == name


@pytest.mark.parametrize("level", [1, 2])
async def test_nothing_that_a_unit_can_read_tells_who_called(city: City, level: int) -> None:
    number = await city.classified(**TELLING)
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=level)
    await city.does(DISPATCHER, number, Act.DISPATCH, words="x")
    await city.does(AGENT if level == 1 else SUPERVISOR, number, Act.NOTE,
                    words=f"{NAME}来电，号码１５４０００００００１，测 试 人很急")  # fmt: skip
    for who in (MINE, head("city_management")):
        text = await everything(city, who, number)
        assert NAME not in text and "测 试 人" not in text
        assert not any(spelling in text for spelling in SPELLINGS)
        assert ("测试路" in text) == (level == 1)  # the place is a secret of the second level
    own = await everything(city, SUPERVISOR, number)
    assert NAME in own and PHONE in own


async def test_those_above_know_the_matter_and_of_the_person_only_the_ends(city: City) -> None:
    number = await lamp(city)
    for who in (AUTHORITY, GOVERNMENT):
        detail = await reads(city, who, number)
        assert detail.fields["caller_name"] == "测**"
        assert detail.fields["contact_phone"] == detail.fields["caller_number"] == "154****0001"
        assert detail.fields["content"] == (
            "我是测**，电话一五四****零零零二，也可打154****0001，住测试路1号"
        )
        assert detail.fields["title"] == LAMP["title"]
        assert detail.fields["category"] == LAMP["category"]


async def test_those_above_see_of_a_confidential_matter_not_even_the_ends(city: City) -> None:
    number = await lamp(city, confidential=True)
    text = await everything(city, GOVERNMENT, number)
    assert "154" not in text and "一五四" not in text and "测**" not in text


async def test_an_auditor_follows_every_decision_and_reads_no_word(city: City) -> None:
    number = await lamp(city)
    await city.does(AGENT, number, Act.NOTE, words="很急")
    detail = await reads(city, AUDITOR, number)
    assert (detail.fields, detail.acts) == ({}, ())
    form = city.desk.offices.work._policies().pack.form
    assert set(detail.hidden) == {field.key for field in form.fields}
    steps = await city.desk.offices.work.history(AUDITOR, number)
    assert [step.act for step in steps] == ["register", "classify", "dispatch", "note"]
    assert all(step.actor and step.article and step.policy for step in steps)
    assert {step.words for step in steps} == {None}
    # The unit and the line of the directory by which it was chosen stay readable.
    assert steps[2].details["unit"] == "city_management"


async def test_of_a_state_secret_nobody_reads_more_than_its_class(city: City) -> None:
    number = await city.classified(**TELLING)
    await city.does(AGENT, number, Act.NOTE, words=f"{NAME}说了很多")
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=3)
    for who in (SUPERVISOR, DISPATCHER, AGENT, AUTHORITY, AUDITOR):
        detail = await reads(city, who, number)
        assert set(detail.fields) <= {"category"}
        assert (detail.county, detail.subject, detail.enterprise) == ("", "", False)
        text = await everything(city, who, number)
        for secret in (NAME, "路灯不亮", "测试路", "说了很多", *SPELLINGS):
            assert secret not in text
    with pytest.raises(NotFound):
        await reads(city, OTHER_AGENT, number)


async def test_who_makes_a_ticket_too_secret_for_himself_reads_no_more_of_it(city: City) -> None:
    number = await city.classified(**TELLING)
    detail = await city.desk.offices.work.perform(
        OTHER_AGENT, number, Act.SET_SECRECY, {"level": 2}
    )
    assert (detail.fields, detail.acts, detail.secrecy) == ({}, (), 2)
    with pytest.raises(NotFound):
        await reads(city, OTHER_AGENT, number)


async def test_only_the_head_lowers_the_level_and_says_why(city: City) -> None:
    number = await lamp(city, confidential=True)
    for who in (AGENT, OTHER_AGENT, DISPATCHER):
        with pytest.raises(ActForbidden):
            await city.does(who, number, Act.SET_SECRECY, level=0, words="诉求人同意公开")
        assert (await last(city.desk))[3:] == ("refused", "act_forbidden")
    for words in ("", "  "):
        with pytest.raises(Invalid):
            await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=0, words=words)
    assert (await city.ticket(number)).secrecy == 1
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=0, words="诉求人同意公开")
    assert (await city.ticket(number)).secrecy == 0
    assert await city.words(number) == ["诉求人同意公开"]


async def test_the_mark_on_the_form_goes_with_the_level(city: City) -> None:
    number = await city.classified()
    await city.does(AGENT, number, Act.SET_SECRECY, level=1)  # raised without a word
    assert (await city.fields(number))["confidential"] is True
    for mark in (False, None):
        with pytest.raises(WayClosed):
            await city.does(AGENT, number, Act.AMEND, fields={"confidential": mark})
        for given in ({"keep": {"confidential": mark}}, {"parts": [{"confidential": mark}]}):
            form: dict[str, Any] = {"parts": [{"title": "另一件事"}]} | given
            with pytest.raises(WayClosed):
                await city.does(AGENT, number, Act.SPLIT, **form)
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=0, words="不必保密")
    assert (await city.fields(number))["confidential"] is False
    await city.does(AGENT, number, Act.AMEND, fields={"content": "补充"})
    assert (await city.ticket(number)).secrecy == 0, "nothing raises it again behind his back"


async def test_each_sees_only_what_is_his(city: City, pack: CityPack) -> None:
    number = await lamp(city)
    for stranger in (
        unit("housing"),
        head("housing"),
        Viewer("1", "", "unit"),
        Viewer("2", "", "dispatcher", county="130202"),
        Viewer("3", "", "government", county="130202"),
        Viewer("4", "", "admin"),
        Viewer("5", "", "nobody"),
    ):
        for look in (city.desk.offices.work.detail, city.desk.offices.work.history):
            with pytest.raises(NotFound):
                await look(stranger, number)
            assert (await last(city.desk))[3:] == ("refused", "not_found")
    with pytest.raises(NotFound):
        await reads(city, AGENT, "15400000001")
    # What was typed by mistake may be somebody's number: the log keeps no such thing.
    assert (await last(city.desk))[2] == "?"
    for number in ("\0", "x" * 5000, "../..", "TS2026'--"):
        with pytest.raises(NotFound):
            await reads(city, AGENT, number)


async def test_the_accused_never_sees_what_is_told_against_him_whatever_part_he_has(
    city: City,
) -> None:
    number = await city.classified()
    await city.does(DISPATCHER, number, Act.DISPATCH, assist=["police", "housing"])
    assert (await reads(city, unit("housing"), number)).acts

    def accuse(session: Session) -> None:
        ticket = session.get_one(TicketRow, number)
        ticket.accused = "housing"
        session.add(ticket)

    await city.desk._database.write(accuse)
    assert (await reads(city, unit("police"), number)).acts
    for accused in (unit("housing"), head("housing")):
        with pytest.raises(NotFound):
            await reads(city, accused, number)


async def test_an_agent_sees_secret_tickets_only_where_he_wrote_them(city: City) -> None:
    number = await city.registers()
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=2)
    assert (await reads(city, AGENT, number)).fields["caller_name"] == NAME
    with pytest.raises(NotFound):
        await reads(city, OTHER_AGENT, number)


async def test_every_reading_and_doing_leaves_a_line_and_the_chain_holds(city: City) -> None:
    number = await lamp(city)
    await reads(city, MINE, number)
    await city.desk.offices.work.history(AUTHORITY, number)
    told = [(row.actor, row.act, row.outcome) for row in await lines(city.desk)]
    assert told == [
        ("1001", "register", "done"),
        ("1001", "classify", "done"),
        ("1100", "dispatch", "done"),
        ("u-city_management", "read", "done"),
        ("2000", "read_history", "done"),
    ]
    assert {row.subject for row in await lines(city.desk)} == {number}
    assert await whole(city.desk)


async def test_what_a_person_wrote_among_a_steps_figures_is_masked_too(city: City) -> None:
    from core.loop.secrecy import mask_for

    conduct = city.desk.offices.work._policies().versions[0].conduct
    mask = mask_for("unit", 1, conduct, city.desk.offices.work._policies().pack.form)
    details = {"receipt": f"{NAME} {PHONE}", "units": ["housing"], "at": "2026-01-13 23:59", "n": 7}
    assert mask.details(details, {"caller_name": NAME}) == {
        "receipt": "** ***********",
        "units": ["housing"],
        "at": "2026-01-13 23:59",
        "n": 7,
    }


@pytest.mark.parametrize("role", ["agent", "unit", "authority", "auditor", "nobody"])
def test_a_level_that_the_rules_do_not_know_is_as_secret_as_can_be(
    role: str, policies: Any, pack: CityPack
) -> None:
    from core.loop.secrecy import mask_for

    mask = mask_for(role, 9, policies.versions[0].conduct, pack.form)
    assert mask.fields({"category": ["x"], "content": "x", "no more on the form": "x"}) == {
        "category": ["x"]
    }
    assert mask.text("x", {}) is None
