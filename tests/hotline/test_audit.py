"""``hotline audit``: whether the access log is whole, and who has seen a ticket."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import Session

from core.clock import SystemClock
from core.desk import HotlineDesk
from core.ports import Viewer
from core.store import Database
from core.store.loop_tables import AccessRow
from core.store.vault import Vault
from hotline import cli
from hotline.site import AgentEntry, Site, SiteSettings, init_site

AGENT = Viewer("1001", "座席", "agent")
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    settings = SiteSettings(agents=(AgentEntry(number="1001", name="座席"),))
    return init_site(tmp_path / "site", settings, "tangshan")


@pytest.fixture
def command(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    def run(*words: str) -> tuple[int, str]:
        argv = ["hotline", "audit", *words, "--site", str(site.folder)]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


async def a_ticket(site: Site) -> str:
    database = Database(site.database_url)
    await database.migrate()
    vault = Vault(site.master)
    desk = HotlineDesk(database, vault, lambda: site.policies, SystemClock())
    number = (await desk.offices.work.register(AGENT, {"title": "路灯"})).number
    await desk.offices.work.detail(AGENT, number)
    await database.close()
    return number


async def spoil(site: Site) -> None:
    database = Database(site.database_url)

    def work(session: Session) -> None:
        row = session.get_one(AccessRow, 2)
        row.actor = "9999"
        session.add(row)

    await database.write(work)
    await database.close()


def test_a_whole_log_is_said_to_be_whole_with_its_length_and_head(
    site: Site, command: Command
) -> None:
    asyncio.run(a_ticket(site))
    status, output = command("verify", "--json")
    verdict = json.loads(output)
    assert (status, verdict["rows"], verdict["broken_at"]) == (0, 2, None)
    assert len(verdict["head"]) == 64
    assert command("verify") == (0, f"2 lines, whole; head {verdict['head']}\n")


def test_a_broken_one_ends_with_status_1_and_says_where(site: Site, command: Command) -> None:
    asyncio.run(a_ticket(site))
    asyncio.run(spoil(site))
    status, output = command("verify")
    assert (status, output.startswith("broken at line 2: ")) == (1, True)
    status, output = command("verify", "--json")
    assert (status, json.loads(output)["why"]) == (1, "row")


def test_who_has_seen_a_ticket_and_that_it_was_asked(site: Site, command: Command) -> None:
    number = asyncio.run(a_ticket(site))
    status, output = command("who", number)
    assert status == 0
    assert [line.split()[2:5] for line in output.splitlines()] == [
        ["1001", "agent", "register"],
        ["1001", "agent", "read"],
    ]
    _, output = command("who", number, "--json")
    last = json.loads(output.splitlines()[-1])
    assert last["act"] == "who_saw"
    assert last["actor"].startswith("shell-")
    assert command("verify")[0] == 0


def test_an_empty_log_is_whole(command: Command) -> None:
    assert command("verify")[0] == 0
