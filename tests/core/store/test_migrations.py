"""Each migration is tried forwards on data: what an older version wrote is read by this one."""

from __future__ import annotations

import json

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, insert
from sqlmodel import Session, col, func, select

from core.loop.states import Act
from core.pack import CityPack
from core.people.access import AccessLog, digest_of
from core.policy import PolicyBook
from core.ports import TicketQuery
from core.store.database import Database
from core.store.tables import CallRow
from core.store.vault import Vault
from tests.core.conftest import MASTER, ROOT, START, ManualClock, open_desk
from tests.core.loop.city import AGENT, AUDITOR, DISPATCHER, LAMP, City

FIRST = "0001"
NUMBER = "TS2026011200001"


def to(session: Session, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "core" / "store" / "migrations"))
    config.attributes["connection"] = session.connection()
    command.upgrade(config, revision)


def as_the_first_version_wrote_it(session: Session) -> None:
    """An agent with a call, whose ticket was registered."""
    to(session, FIRST)
    vault = Vault(MASTER)
    connection = session.connection()

    def put(table_name: str, /, **values: object) -> None:
        table = Table(table_name, MetaData(), autoload_with=connection)
        needed = {c.name for c in table.columns if not c.nullable}
        assert needed <= {*values}, (table_name, needed - {*values})
        session.execute(insert(table).values(**values))

    put("agent", agent="1001", name="座席一", role="agent", password_hash="x")
    put(
        "call", id="c1", state="ended", dialled="12345", source_line="main", channel="",
        linkedid="", flow="main", keys="", enterprise=False, agent="1001", agent_channel="",
        transcript="none",
        arrived_at=START,
    )  # fmt: skip
    sealed = vault.seal(session, NUMBER, json.dumps(LAMP, ensure_ascii=False))
    session.flush()
    put(
        "ticket", number=NUMBER, call_id="c1", agent="1001", state="registered", source_line="main",
        created_at=START, fields_sealed=sealed,
    )  # fmt: skip
    put("counter", name="ticket-20260112", value=1)


async def test_a_ticket_of_the_first_version_goes_the_whole_way(
    empty_database_url: str, pack: CityPack, policies: PolicyBook
) -> None:
    database = Database(empty_database_url)
    await database.write(as_the_first_version_wrote_it)
    await database.migrate()
    assert await database.read(lambda s: s.exec(select(func.count(col(CallRow.id)))).one()) == 1
    await database.close()
    clock = ManualClock()
    async with open_desk(empty_database_url, pack, policies, clock) as desk:
        city = City(desk, clock, policies)
        ticket = await city.ticket(NUMBER)
        assert (ticket.state, ticket.open, ticket.agent) == ("registered", True, "1001")
        assert (await city.fields(NUMBER))["title"] == LAMP["title"]
        await city.does(AGENT, NUMBER, Act.CLASSIFY)
        await city.does(DISPATCHER, NUMBER, Act.DISPATCH)
        assert (await city.ticket(NUMBER)).unit == "city_management"
        assert await city.registers() != NUMBER


async def test_a_list_that_was_shown_before_its_pages_were_kept_is_known_once_shown_again(
    empty_database_url: str, pack: CityPack, policies: PolicyBook
) -> None:
    def as_the_second_version_wrote_it(session: Session) -> None:
        as_the_first_version_wrote_it(session)
        to(session, "0002")
        log = AccessLog(Vault(MASTER).key_for("access"), ManualClock())
        log.enter(session, DISPATCHER, "list", digest_of([NUMBER]))

    database = Database(empty_database_url)
    await database.write(as_the_second_version_wrote_it)
    await database.migrate()
    await database.close()
    async with open_desk(empty_database_url, pack, policies, ManualClock()) as desk:
        seen = await desk.offices.audit.who_saw(AUDITOR, NUMBER)
        assert [line.act for line in seen if line.act == "list"] == []
        await desk.offices.lists.tickets(DISPATCHER, TicketQuery())
        seen = await desk.offices.audit.who_saw(AUDITOR, NUMBER)
        assert [line.act for line in seen if line.act == "list"] == ["list", "list"]
        assert (await desk.offices.audit.verify(AUDITOR)).broken_at is None
