"""Every role times every act: what the table of rights says is what happens, and it is logged."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session

from core.errors import HotlineError, Invalid
from core.loop.acts import ACTS
from core.loop.states import MOVES, Act, TicketState
from core.people.rights import PARTS, acts_for, table
from core.people.roles import UNITS, Role
from core.ports import Viewer
from core.store.loop_tables import TaskRow
from core.store.tables import TicketRow
from tests.core.loop.city import City
from tests.core.people.ledger import last, whole, write

DOCUMENT = Path(__file__).parents[3] / "docs" / "rights.md"

MAIN, HELPER, STRANGER = "city_management", "housing", "police"
# No act takes this: whoever gets as far as the form of the act is allowed to do it.
NO_FORM = {"this is": "no act's form"}
BY_RIGHT = {"act_forbidden", "not_your_task", "act_out_of_order"}


def people() -> list[Viewer]:
    """Everybody who sees the ticket: each role, and a unit's people on either part."""
    seats = []
    for role in Role:
        units = (MAIN, HELPER) if role in UNITS else ("",)
        seats += [Viewer(f"{role.value}-{unit}", "", role.value, unit=unit) for unit in units]
    return [seat for seat in seats if seat.role not in (Role.SYSTEM, Role.ADMIN)]


async def at_work(city: City) -> str:
    """A ticket with a main and an assisting unit."""
    number = await city.dispatched()

    def help_it(session: Session) -> None:
        ticket = session.get_one(TicketRow, number)
        assert ticket.unit == MAIN
        given = ticket.created_at
        session.add(
            TaskRow(number=number, created_at=given, unit=HELPER, part="assist", given_at=given)
        )

    await write(city.desk, help_it)
    return number


async def put(city: City, number: str, state: TicketState) -> None:
    def work(session: Session) -> None:
        ticket = session.get_one(TicketRow, number)
        ticket.state = state.value
        session.add(ticket)

    await write(city.desk, work)


async def tries(city: City, who: Viewer, number: str, act: Act) -> str:
    """The error that stops him, "" if he is allowed to do it."""
    try:
        await city.desk.offices.work.perform(who, number, act, NO_FORM)
    except HotlineError as refused:
        return "" if isinstance(refused, Invalid) else refused.error_id
    raise AssertionError("a body that is no act's form was taken")


async def test_every_role_may_do_exactly_what_the_table_says(city: City) -> None:
    number = await at_work(city)
    for act in ACTS:
        state = min(MOVES[act].sources)
        await put(city, number, state)
        for who in people():
            role = Role(who.role)
            part = {MAIN: "main", HELPER: "assist"}.get(who.unit)
            mine = role not in UNITS or PARTS.get(act) in (None, part)
            stopped = await tries(city, who, number, act)
            if role not in MOVES[act].roles:
                assert stopped == "act_forbidden", (act, who)
            elif not mine:
                assert stopped == "not_your_task", (act, who)
            else:
                assert stopped == "", (act, who)
            if stopped:
                assert await last(city.desk) == (
                    who.agent, act.value, number, "refused", stopped,
                )  # fmt: skip
    assert await whole(city.desk)


async def test_a_stranger_finds_nothing_whatever_he_tries(city: City) -> None:
    number = await at_work(city)
    strangers = [
        Viewer("u", "", "unit", unit=STRANGER),
        Viewer("h", "", "unit_head", unit=STRANGER),
        Viewer("n", "", "unit"),
        Viewer("a", "", "admin"),
        Viewer("c", "", "dispatcher", county="130202"),
        Viewer("s", "", "supervisor", county="130202"),
        Viewer("g", "", "government", county="130202"),
        Viewer("r", "", "auditor", county="130202"),
        Viewer("x", "", "no such role"),
    ]
    for who in strangers:
        for act in ACTS:
            assert await tries(city, who, number, act) == "not_found", (act, who)
            assert await last(city.desk) == (who.agent, act.value, number, "refused", "not_found")


async def test_what_is_offered_is_what_is_accepted_in_every_state(city: City) -> None:
    """``acts`` against the engine, over role x state x act."""
    number = await at_work(city)
    tasks = [
        TaskRow(
            number=number,
            created_at=city.clock.now(),
            unit=unit,
            part=part,
            given_at=city.clock.now(),
        )
        for unit, part in ((MAIN, "main"), (HELPER, "assist"))
    ]
    for state in TicketState:
        await put(city, number, state)
        for who in people():
            detail = await city.desk.offices.work.detail(who, number)
            assert detail.acts == acts_for(who, state, tasks, ACTS)
            # Of those not offered one a role and state is tried, by turns: they are many.
            others = [act for act in ACTS if act.value not in detail.acts]
            turn = (hash_of(state, who)) % len(others)
            for act in (*map(Act, detail.acts), others[turn]):
                stopped = await tries(city, who, number, act)
                assert (stopped in BY_RIGHT) == (act.value not in detail.acts), (act, state, who)


def hash_of(state: TicketState, who: Viewer) -> int:
    return sum(map(ord, f"{state.value}{who.role}{who.unit}"))


async def test_nobody_but_the_hotline_registers(city: City) -> None:
    for role in Role:
        who = Viewer(role.value, "", role.value, unit=MAIN if role in UNITS else "")
        try:
            await city.desk.offices.work.register(who, {"title": "路灯"})
        except HotlineError as refused:
            assert refused.error_id == "act_forbidden"
            assert role not in (Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR)
            assert (await last(city.desk))[3:] == ("refused", "act_forbidden")
        else:
            assert role in (Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR)
            assert (await last(city.desk))[1] == "register"


def test_the_document_of_rights_says_what_the_tables_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == table(), (
        "python -m core.people.rights > docs/rights.md"
    )
