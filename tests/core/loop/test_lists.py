"""Lists of tickets: who sees what, page by page, filtered, and what of it the log keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel, col, select, text

from core.loop import finding
from core.loop.finding import find
from core.loop.query import MOST, Mark, QueryInvalid
from core.loop.states import Act, TicketState
from core.loop.views import TicketPage
from core.people.roles import Role
from core.people.sight import sees
from core.people.sight_clause import seen_by
from core.ports import TicketQuery, Viewer
from core.store.loop_tables import AccessRow, TaskRow
from core.store.tables import TicketRow
from core.store.vault import Vault
from tests.core.conftest import MASTER
from tests.core.loop.city import (
    AGENT,
    AUDITOR,
    AUTHORITY,
    CLOCK,
    DISPATCHER,
    LUBEI_DISPATCHER,
    OTHER_AGENT,
    SUPERVISOR,
    City,
    at,
    unit,
)
from tests.core.people.ledger import whole

NOON = datetime(2026, 1, 12, 4, 0, tzinfo=UTC)


async def numbers(city: City, viewer: Viewer, **asked: Any) -> list[str]:
    return [line.number for line in (await page(city, viewer, **asked)).lines]


async def page(city: City, viewer: Viewer, **asked: Any) -> TicketPage:
    return await city.desk.offices.lists.tickets(viewer, TicketQuery(**asked))


# Sight: the rule of one ticket and the rule of lists are one rule.

PLACES = ("", "130203", "130202")
UNITS = ("", "police", "housing")
viewers = st.builds(
    Viewer,
    agent=st.sampled_from(["1001", "1002"]),
    name=st.just(""),
    role=st.sampled_from([role.value for role in Role]),
    county=st.sampled_from(PLACES),
    unit=st.sampled_from(UNITS),
)
parts = st.lists(
    st.tuples(st.sampled_from(UNITS[1:]), st.sampled_from(["open", "signed", "done", "withdrawn"])),
    max_size=4,
)
tickets = st.lists(
    st.fixed_dictionaries(
        {
            "agent": st.sampled_from(["1001", "1002"]),
            "secrecy": st.integers(0, 3),
            "county": st.sampled_from(PLACES),
            "accused": st.sampled_from(UNITS),
            "open": st.booleans(),
            "parts": parts,
        }
    ),
    min_size=1,
    max_size=8,
)


def world(session: Session, rows: list[dict[str, Any]]) -> list[TicketRow]:
    """Tickets as they lie in the database, the later ones newer."""
    made = []
    for count, given_ in enumerate(rows, 1):
        columns = {key: value for key, value in given_.items() if key != "parts"}
        moment = NOON + timedelta(minutes=count)
        number = f"TS20260112{count:05d}"
        row = TicketRow(
            number=number, state="signed", fields_sealed=b"", created_at=moment, **columns
        )
        session.add(row)
        session.flush()
        for key, state in given_["parts"]:
            session.add(
                TaskRow(
                    number=number,
                    created_at=moment,
                    open=row.open,
                    unit=key,
                    part="main",
                    state=state,
                    given_at=moment,
                )
            )
        made.append(row)
    session.flush()
    return made


@settings(max_examples=150, deadline=None)
@given(rows=tickets, viewer=viewers, open=st.sampled_from([None, True, False]))
def test_what_a_list_shows_is_what_the_viewer_sees(
    rows: list[dict[str, Any]], viewer: Viewer, open: bool | None
) -> None:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        made = world(session, rows)

        def parts_of(row: TicketRow) -> list[TaskRow]:
            tasks = session.exec(select(TaskRow).where(TaskRow.number == row.number))
            return [task for task in tasks if task.state != "withdrawn"]

        seen = [row for row in made if sees(viewer, row, parts_of(row))]
        wanted = [row.number for row in seen[::-1] if open is None or row.open is open]
        counted = session.exec(select(TicketRow.number).where(seen_by(viewer))).all()
        assert sorted(counted) == [row.number for row in seen]
        found = find(session, Vault(MASTER), viewer, TicketQuery(open=open), None, {})
        assert [row.number for row in session.execute(found)] == wanted
    engine.dispose()


async def test_both_databases_keep_the_same_rule_of_sight(city: City) -> None:
    """Every kind of ticket before every kind of viewer, as a list and as a condition."""
    having = [[], [("police", "signed")], [("police", "withdrawn")], [("police", "done")] * 2]
    rows: list[dict[str, Any]] = [
        {"agent": a, "secrecy": s, "county": c, "accused": u, "open": o, "parts": p}
        for a, s, c, u, o, p in product(
            ("1001", "1002"), (0, 2), PLACES[:2], ("", "police"), (True, False), having
        )
    ]
    everyone = [Viewer("1001", "", r.value, c, u) for r in Role for c in PLACES for u in UNITS[:2]]

    def compared(session: Session) -> None:
        made = world(session, rows)
        tasks: dict[str, list[TaskRow]] = {row.number: [] for row in made}
        for task in session.exec(select(TaskRow).where(TaskRow.state != "withdrawn")):
            tasks[task.number].append(task)
        for viewer in everyone:
            seen = [row.number for row in made[::-1] if sees(viewer, row, tasks[row.number])]
            found = find(session, Vault(MASTER), viewer, TicketQuery(), None, {})
            assert [row.number for row in session.execute(found)] == seen, viewer
            counted = session.exec(select(TicketRow.number).where(seen_by(viewer))).all()
            assert sorted(counted) == sorted(seen), viewer
        session.rollback()

    await city.desk._database.write(compared)


async def test_nobody_without_tickets_gets_any(city: City) -> None:
    await city.registers()
    assert await numbers(city, Viewer("9000", "", "nobody")) == []
    assert await numbers(city, Viewer("9000", "", "admin")) == []
    assert await numbers(city, Viewer("9000", "", "unit")) == []
    assert len(await numbers(city, CLOCK)) == 1


# Pages.


async def test_pages_show_every_ticket_once_newest_first(city: City) -> None:
    made = []
    for _ in range(7):
        made.append(await city.registers())
        city.later(minutes=len(made) % 2)  # some come at the same moment
    seen: list[str] = []
    after = ""
    while True:
        shown = await page(city, SUPERVISOR, limit=3, after=after)
        assert len(shown.lines) <= 3
        seen += [line.number for line in shown.lines]
        await city.registers()  # what is new meanwhile belongs to no later page
        if shown.after is None:
            break
        after = shown.after
    assert seen == made[::-1]


async def test_a_page_ends_with_the_last_ticket_not_before_it(city: City) -> None:
    for _ in range(2):
        await city.registers()
    assert (await page(city, SUPERVISOR, limit=2)).after is None
    assert (await page(city, SUPERVISOR, limit=1)).after is not None


async def test_no_page_is_longer_than_the_limit_allows(city: City) -> None:
    def many(session: Session) -> None:
        plain = {"agent": "1001", "secrecy": 0, "county": "", "accused": "", "open": True}
        world(session, [plain | {"parts": []}] * (MOST + 5))

    await city.desk._database.write(many)
    shown = await page(city, SUPERVISOR, limit=10**9)
    assert len(shown.lines) == MOST and shown.after is not None
    assert len(await numbers(city, SUPERVISOR, limit=10**9, after=shown.after)) == 5


@given(st.integers(0, 10**17 - 1))
def test_the_mark_between_pages_keeps_the_moment_exactly(microseconds: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    mark = Mark(moment, "TS2026011200001")
    assert Mark.read(str(mark)) == mark


HOSTILE: tuple[dict[str, Any], ...] = (
    {"after": "x"},
    {"after": "9" * 18 + "-TS2026011200001"},
    {"after": "1-TS20260112\u0660\u0660\u0660\u0660\u0660"},
    {"limit": 0},
    {"limit": -1},
    {"text": "路" * 201},
    {"text": "路灯\x00"},
    {"text": "。，！"},
    {"phone": "abc"},
    {"phone": "1" * 61},
    {"category": "15%"},
    {"category": "1503011"},
    {"category": "\u0661\u0661"},
    {"states": ("signed",) * 41},
    {"types": ("x" * 61,)},
    {"unit": "\x00"},
    {"created_from": datetime(2026, 1, 1)},  # noqa: DTZ001  no zone: that is what is refused
)


@pytest.mark.parametrize("asked", HOSTILE, ids=lambda one: next(iter(one)))
async def test_what_has_not_its_form_is_refused_by_its_name_only(
    city: City, asked: dict[str, Any]
) -> None:
    with pytest.raises(QueryInvalid) as refused:
        await page(city, SUPERVISOR, **asked)
    assert refused.value.details == {"field": next(iter(asked))}


# Filters.


async def test_every_filter_holds_and_together_they_all_hold(city: City) -> None:
    city.it_is("2026-01-12 09:00")
    lamp = await city.dispatched()
    city.it_is("2026-01-13 09:00")
    heat = await city.dispatched(
        type="求助",
        urgency="紧急",
        subject="企业",
        is_enterprise=True,
        district="丰润区",
        category=["公用事业", "供热", "停热"],
        enterprise_name="测试公司",
        contact_phone="15400000002",
    )
    done = await city.archived(title="旧事", contact_phone=None)
    heating = (await city.ticket(heat)).unit
    category = (await city.ticket(heat)).category
    ours: list[tuple[dict[str, Any], list[str]]] = [
        ({}, [done, heat, lamp]),
        ({"open": True}, [heat, lamp]),
        ({"open": False}, [done]),
        ({"states": ("dispatched",)}, [heat, lamp]),
        ({"states": ("dispatched", "archived")}, [done, heat, lamp]),
        ({"states": ("signed",)}, []),
        ({"types": ("求助",)}, [heat]),
        ({"types": ("求助", "投诉")}, [done, heat, lamp]),
        ({"urgencies": ("紧急",)}, [heat]),
        ({"subjects": ("企业",)}, [heat]),
        ({"category": category[:2]}, [heat]),
        ({"category": category}, [heat]),
        ({"category": "99"}, []),
        ({"county": (await city.ticket(heat)).county}, [heat]),
        ({"unit": heating}, [heat]),
        ({"created_from": at("2026-01-13 00:00")}, [done, heat]),
        ({"created_before": at("2026-01-13 00:00")}, [lamp]),
        ({"created_from": at("2026-01-13 09:00")}, [done, heat]),
        ({"created_before": at("2026-01-13 09:00")}, [lamp]),
        ({"due_before": at("2026-01-15 00:00")}, [heat]),
        ({"phone": "15400000002"}, [heat]),
        ({"text": "路灯"}, [done, heat, lamp]),
        ({"text": "测试公司 路灯"}, [heat]),
        ({"open": True, "types": ("投诉",), "text": "路灯", "phone": "15400000001"}, [lamp]),
        ({"open": True, "types": ("投诉",), "unit": heating}, []),
    ]
    for asked, wanted in ours:
        assert await numbers(city, SUPERVISOR, **asked) == wanted, asked


@pytest.mark.parametrize(
    "spelling",
    [
        "15400000009",
        "154-0000-0009",
        "+86 154 0000 0009",
        "１５４０００００００９",
        "008615400000009",
    ],
)
async def test_a_number_is_found_in_any_spelling(city: City, spelling: str) -> None:
    number = await city.registers(contact_phone="15400000009")
    await city.registers(contact_phone="15400000001")
    assert await numbers(city, SUPERVISOR, phone=spelling) == [number]


async def test_overdue_is_what_a_unit_has_beyond_its_limit(city: City) -> None:
    city.it_is("2026-01-12 09:00")  # five workdays: until the end of the 19th
    number = await city.signed()
    city.it_is("2026-01-19 23:59")
    assert [line.overdue for line in (await page(city, SUPERVISOR)).lines] == [False]
    city.it_is("2026-01-20 00:00")
    assert [line.overdue for line in (await page(city, SUPERVISOR)).lines] == [True]
    worker = unit((await city.ticket(number)).unit)
    await city.does(worker, number, Act.HANDLE, words="已处理")
    assert [line.overdue for line in (await page(city, SUPERVISOR)).lines] == [True]
    await city.does(worker, number, Act.ANSWER, words="已告知")
    assert [line.overdue for line in (await page(city, SUPERVISOR)).lines] == [False]


# A unit's list.


async def test_a_unit_sees_its_parts_once_and_not_what_was_withdrawn(city: City) -> None:
    number = await city.dispatched()
    mine = (await city.ticket(number)).unit
    await city.does(DISPATCHER, number, Act.ASSIST, units=["housing"])
    assert await numbers(city, unit(mine)) == await numbers(city, unit("housing")) == [number]
    assert await numbers(city, unit("police")) == []


async def test_what_was_done_again_stands_once_in_its_units_list(city: City) -> None:
    number = await city.answered()
    mine = (await city.ticket(number)).unit
    await city.follows_up(number, satisfied=False)
    await city.does(DISPATCHER, number, Act.REDO)
    assert await numbers(city, unit(mine), open=True) == [number]
    await city.does(unit(mine), number, Act.SIGN)
    await city.does(unit(mine), number, Act.HANDLE, words="再次处理")
    states = await city.desk._database.read(
        lambda s: s.exec(select(TaskRow.state).order_by(TaskRow.id)).all()  # type: ignore[arg-type]
    )
    assert states == ["done", "done"]


async def test_the_archive_leaves_the_lists_of_what_is_open(city: City) -> None:
    number = await city.archived()
    mine = unit((await city.ticket(number)).unit)
    for viewer in (SUPERVISOR, mine):
        assert await numbers(city, viewer, open=True) == []
        assert await numbers(city, viewer, open=False) == [number]
        assert await numbers(city, viewer) == [number]


async def test_a_county_sees_its_own_only(city: City) -> None:
    here = await city.registers(district="路北区")
    await city.registers(district="丰润区")
    assert await numbers(city, LUBEI_DISPATCHER) == [here]


# What may be read, and asked for.


async def title(city: City, viewer: Viewer) -> list[str]:
    return [line.title for line in (await page(city, viewer)).lines]


async def test_a_title_holds_no_numbers_of_people(city: City) -> None:
    await city.registers(title="请回电15400000001，楼下3号井盖坏了")
    assert await title(city, SUPERVISOR) == ["请回电***********，楼下3号井盖坏了"]


async def test_an_auditor_sees_that_a_ticket_exists_and_can_ask_for_nothing_in_it(
    city: City,
) -> None:
    number = await city.registers()
    assert await numbers(city, AUDITOR) == [number]
    assert await title(city, AUDITOR) == [""]
    assert await numbers(city, AUDITOR, text="路灯") == []
    assert await numbers(city, AUDITOR, phone="15400000001") == []


async def test_an_erased_ticket_has_no_title_and_hides_no_other(city: City) -> None:
    erased = await city.registers()
    await city.registers(title="别的事")
    await city.desk._database.write(lambda s: city.desk._vault.erase(s, erased))
    assert await title(city, SUPERVISOR) == ["别的事", ""]


async def test_a_damaged_ticket_hides_no_other(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await city.registers()
    await city.registers(title="别的事")

    def damage(session: Session) -> None:
        session.get_one(TicketRow, broken).fields_sealed = b"\x00" * 40

    await city.desk._database.write(damage)
    assert await title(city, SUPERVISOR) == ["别的事", ""]
    assert [record.message for record in caplog.records] == [f"ticket {broken} does not open"]


async def test_a_state_secret_has_no_title(city: City) -> None:
    number = await city.registers()
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=3)
    assert await title(city, SUPERVISOR) == [""]


async def test_a_unit_cannot_ask_whose_a_confidential_ticket_is(city: City) -> None:
    number = await city.dispatched(confidential=True)
    mine = unit((await city.ticket(number)).unit)
    assert await numbers(city, mine) == [number]
    assert await numbers(city, mine, phone="15400000001") == []
    assert await numbers(city, SUPERVISOR, phone="15400000001") == [number]
    assert await numbers(city, SUPERVISOR, text="路灯") == [number]


@pytest.mark.parametrize("few", [0, 5000], ids=["many", "few"])
async def test_nobody_finds_by_a_word_what_is_masked_for_him(
    city: City, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    told = {"content": "我叫欧阳建国，路灯坏了", "caller_name": "欧阳建国"}
    open_one = await city.dispatched(**told)
    secret = await city.dispatched(**told, confidential=True)
    mine = unit((await city.ticket(secret)).unit)
    for words in ("欧阳建国", "路灯"):
        assert await numbers(city, mine, text=words) == [open_one]  # he reads it as it is
        assert await numbers(city, AUTHORITY, text=words) == []  # names are masked for him
        assert await numbers(city, SUPERVISOR, text=words) == [secret, open_one]
    assert await numbers(city, mine) == [secret, open_one]


async def test_a_search_finds_only_what_the_viewer_sees(city: City) -> None:
    number = await city.registers()
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=2)
    assert await numbers(city, AGENT, text="路灯") == [number]  # he wrote it
    assert await numbers(city, OTHER_AGENT, text="路灯") == []
    assert await numbers(city, unit("housing"), text="路灯") == []


@pytest.mark.parametrize("few", [0, 5000], ids=["many", "few"])
async def test_a_units_search_finds_the_same_along_either_way(
    city: City, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    made = [await city.dispatched(title="路灯") for _ in range(4)]
    await city.dispatched(title="井盖", content="丢了")
    await city.registers(title="路灯")
    mine = unit((await city.ticket(made[0])).unit)
    for viewer, asked in ((mine, {}), (SUPERVISOR, {"unit": mine.unit})):
        for extra in ({}, {"open": True}, {"types": ("投诉",)}):
            first = await page(city, viewer, text="路灯", limit=3, **asked, **extra)
            assert [line.number for line in first.lines] == made[:0:-1]
            rest = await page(city, viewer, text="路灯", after=first.after, **asked, **extra)
            assert [line.number for line in rest.lines] == made[:1]
        assert await numbers(city, viewer, text="路灯", open=False, **asked) == []
        found = await numbers(city, viewer, text="路灯", phone="15400000001", **asked)
        assert found == made[::-1]


async def test_each_list_leaves_its_lines_in_the_log_without_what_was_asked(city: City) -> None:
    one, other = await city.registers(), await city.registers()
    for asked in ({}, {"open": True}, {"text": "井盖"}, {"text": "路灯"}, {"phone": "15400000001"}):
        await page(city, OTHER_AGENT, **asked)

    def entries(session: Session) -> list[AccessRow]:
        query = select(AccessRow).where(col(AccessRow.act).in_(["list", "search"]))
        return [*session.exec(query.order_by(col(AccessRow.seq)))]

    lines = await city.desk._database.read(entries)
    assert {line.actor for line in lines} == {OTHER_AGENT.agent}
    # A list is one line; a search that finds somebody is one for each ticket that is his.
    shown, again, nothing = (line.subject for line in lines if line.act == "list")
    assert shown == again and shown.startswith("2-") and nothing.startswith("0-")
    assert len(shown) == 34
    assert [line.subject for line in lines if line.act == "search"] == [other, one] * 2
    assert await whole(city.desk)


# What a list costs.


def plans() -> Iterator[tuple[Viewer, TicketQuery, str]]:
    yield SUPERVISOR, TicketQuery(open=True), "ix_ticket_open"
    yield SUPERVISOR, TicketQuery(open=True, states=("signed",), category="03"), "ix_ticket_open"
    yield AGENT, TicketQuery(open=True, urgencies=("特急",)), "ix_ticket_open"
    yield LUBEI_DISPATCHER, TicketQuery(open=True, types=("投诉",)), "ix_ticket_open"
    yield SUPERVISOR, TicketQuery(open=True, county="130203", unit="police"), "ix_ticket_open"
    yield SUPERVISOR, TicketQuery(), "ix_ticket_newest"
    yield LUBEI_DISPATCHER, TicketQuery(), "ix_ticket_county"
    yield SUPERVISOR, TicketQuery(unit="police"), "ix_ticket_unit"
    yield unit("police"), TicketQuery(open=True), "ix_task_open"
    yield unit("police"), TicketQuery(), "ix_task_newest"


@pytest.mark.parametrize("case", [*plans()], ids=lambda case: f"{case[0].role}-{case[2]}")
async def test_a_list_is_read_along_an_index_in_its_order(
    city: City, case: tuple[Viewer, TicketQuery, str]
) -> None:
    viewer, asked, index = case

    def plan(session: Session) -> str:
        found = find(session, Vault(MASTER), viewer, asked, None, {}).limit(51)
        dialect = session.get_bind().dialect
        sql = str(found.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        if dialect.name == "sqlite":
            explained = session.execute(text(f"EXPLAIN QUERY PLAN {sql}".replace(":", "\\:")))
            return "\n".join(row.detail for row in explained)
        # So small a table is read whole; what a large one would do is asked for.
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
        session.execute(text("SET LOCAL enable_sort = off"))
        explained = session.execute(text(f"EXPLAIN {sql}".replace(":", "\\:")))
        return "\n".join(row[0] for row in explained)

    told = await city.desk._database.read(plan)
    if "Index Scan" in told:  # of two that are as good while the table is empty it takes any
        index = index.replace("ix_task_open", "ix_task_")
    assert index in told
    assert "TEMP B-TREE" not in told and "Sort" not in told and "SCAN ticket\n" not in told


async def test_the_state_of_a_line_is_the_tickets(city: City) -> None:
    number = await city.dispatched()
    (line,) = (await page(city, SUPERVISOR)).lines
    row = await city.ticket(number)
    assert line.state == TicketState.DISPATCHED.value
    assert (line.unit, line.category, line.county) == (row.unit, row.category, row.county)
    assert (line.created_at, line.handle_due) == (row.created_at, row.handle_due)
    assert line.title == "路灯不亮"
