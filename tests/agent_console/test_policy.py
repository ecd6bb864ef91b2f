"""New rules while tickets are open: what the public API shows of it (R51), on each database."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from core.pack import CityPack
from core.policy import load_policies
from core.store.loop_tables import AccessRow
from tests.agent_console.real_work import Site, open_site
from tests.core.conftest import (
    database_url,
    pack,
    postgres,
    postgres_template,
    sqlite_template,
)
from tests.core.loop.city import LAMP, at
from tests.core.policy.packs import YEAR, add_version, copy, entry, rewrite

__all__ = ["database_url", "pack", "postgres", "postgres_template", "sqlite_template"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The site's own copy of the city pack."""
    return copy(tmp_path / "city")


@pytest.fixture
async def site(database_url: str, pack: CityPack, folder: Path) -> AsyncIterator[Site]:
    policies = load_policies(folder, pack)
    async with open_site(database_url, policies, folder, "2026-02-27 09:00") as site:
        yield site


async def registered(site: Site) -> str:
    """A complaint, registered and classified."""
    answer = await site.ask("agent", "POST", "/tickets", fields=LAMP)
    number = answer.json()["number"]
    assert (await site.ask("agent", "POST", f"/tickets/{number}/acts/classify")).is_success
    return str(number)


async def dispatched(site: Site, number: str) -> dict[str, Any]:
    answer = await site.ask("dispatcher", "POST", f"/tickets/{number}/acts/dispatch")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def reload(site: Site, role: str = "admin") -> httpx.Response:
    return await site.ask(role, "POST", "/policy/reload")


async def in_force(site: Site) -> list[str]:
    answer = await site.ask("agent", "GET", "/policy")
    return [one["version"] for one in answer.json()["versions"] if one["in_force"]]


def three_workdays(limits: Any) -> None:
    entry(limits["handle"], "general")["limit"]["amount"] = 3


def due(ticket: dict[str, Any]) -> datetime:
    """The moment by which it has to be handled."""
    return datetime.fromisoformat(ticket["handle_due"])


class TestSwitch:
    async def test_old_tickets_go_by_old_rules_and_new_ones_by_new(
        self, site: Site, folder: Path
    ) -> None:
        """Five workdays until 1 March, three from 2 March on, a Monday.

        From Friday 27 February: Saturday 28 is a make-up day, so five workdays end on 5 March.
        From Tuesday 3 March five end on Tuesday 10, three on Friday 6.
        """
        early, waiting = await registered(site), await registered(site)
        assert due(await dispatched(site, early)) == at("2026-03-05 23:59:59")
        made = add_version(folder, "2026.2", "2026-03-02")
        rewrite(made / "limits.yaml", three_workdays)
        assert (await reload(site)).status_code == 200
        assert await in_force(site) == ["2026.1"]
        await site.it_is("2026-03-03 09:00")
        assert await in_force(site) == ["2026.2"]
        new = await registered(site)
        old, later = await dispatched(site, waiting), await dispatched(site, new)
        assert (old["policy"], due(old)) == ("2026.1", at("2026-03-10 23:59:59"))
        assert (later["policy"], due(later)) == ("2026.2", at("2026-03-06 23:59:59"))
        for number, version in ((waiting, "2026.1"), (new, "2026.2")):
            steps = (await site.ask("dispatcher", "GET", f"/tickets/{number}/history")).json()
            assert {step["policy"] for step in steps} == {version}


class TestReload:
    async def test_a_version_that_open_tickets_need_stays(self, site: Site, folder: Path) -> None:
        await registered(site)
        add_version(folder, "2026.2", "2026-03-02")
        shutil.rmtree(folder / YEAR)
        await site.it_is("2026-03-03 09:00")
        refused = await reload(site)
        assert refused.status_code == 409
        assert refused.json()["error_id"] == "policy_in_use"
        assert refused.json()["details"]["lost"] == ["2026.1"]
        assert await in_force(site) == ["2026.1"]

    async def test_a_version_that_nobody_needs_may_go(self, site: Site, folder: Path) -> None:
        add_version(folder, "2026.2", "2026-03-02")
        assert (await reload(site)).is_success
        await site.it_is("2026-03-03 09:00")
        shutil.rmtree(folder / YEAR)
        answer = await reload(site)
        assert answer.json() == {
            "versions": [{"version": "2026.2", "effective_from": "2026-03-02", "in_force": True}]
        }

    async def test_what_dated_an_open_ticket_does_not_change_under_it(
        self, site: Site, folder: Path
    ) -> None:
        number = await registered(site)
        rewrite(folder / YEAR / "limits.yaml", three_workdays)
        refused = await reload(site)
        assert refused.status_code == 409
        assert refused.json()["details"]["changed"] == ["2026.1"]
        assert due(await dispatched(site, number)) == at("2026-03-05 23:59:59")

    async def test_the_directory_of_a_version_may_change(self, site: Site, folder: Path) -> None:
        number = await registered(site)

        def lamps_go_to_housing(directory: Any) -> None:
            entry(directory["lines"], "c01")["unit"] = "housing"

        rewrite(folder / YEAR / "directory.yaml", lamps_go_to_housing)
        assert (await reload(site)).is_success
        assert (await dispatched(site, number))["unit"] == "housing"

    async def test_a_new_unit_and_a_new_field_need_no_restart(
        self, site: Site, folder: Path
    ) -> None:
        number = await registered(site)
        rewrite(
            folder / "units.yaml",
            lambda units: units["units"].append({"key": "lighting", "name": "市照明管理处"}),
        )
        rewrite(
            folder / "ticket_form.yaml",
            lambda form: form["fields"].append({"key": "lamp", "title": "灯杆编号"}),
        )

        def lamps_go_there(directory: Any) -> None:
            entry(directory["lines"], "c01")["unit"] = "lighting"

        rewrite(folder / YEAR / "directory.yaml", lamps_go_there)
        unknown = await site.ask("agent", "POST", "/tickets", fields={**LAMP, "lamp": "7"})
        assert unknown.json()["error_id"] == "field_unknown"
        assert (await reload(site)).is_success
        form = (await site.ask("agent", "GET", "/form")).json()
        assert form[-1]["title"] == "灯杆编号"
        sent = await dispatched(site, number)
        assert (sent["unit"], sent["unit_name"]) == ("lighting", "市照明管理处")
        told = await site.ask("agent", "POST", "/tickets", fields={**LAMP, "lamp": "7"})
        assert told.json()["fields"]["lamp"] == "7"
        account = {"agent": "u9", "name": "照明", "role": "unit", "unit": "lighting"}
        made = await site.ask("admin", "POST", "/accounts", **account, password="first-password")
        assert made.is_success, made.text

    @pytest.mark.parametrize(
        ("file", "text", "error_id"),
        [
            ("matrix.yaml", "rows: [", "pack_invalid"),
            ("matrix.yaml", "rows: []", "pack_invalid"),
            (
                "matrix.yaml",
                'rows: [{key: x, article: "1", types: [咨询], ways: [answer], why: 只有咨询}]',
                "policy_unsound",
            ),
        ],
    )
    async def test_rules_that_are_not_sound_change_nothing(
        self, site: Site, folder: Path, file: str, text: str, error_id: str
    ) -> None:
        before = site.shelf.current
        (folder / YEAR / file).write_text(text, encoding="utf-8")
        refused = await reload(site)
        assert refused.status_code == 422
        assert refused.json()["error_id"] == error_id
        assert site.shelf.current is before
        if error_id == "policy_unsound":
            found = refused.json()["details"]["findings"]
            assert {one["rule"] for one in found} == {"matrix_fault"}
            assert {one["file"] for one in found} == {f"{YEAR}/{file}"}

    async def test_only_an_administrator_replaces_the_rules_and_every_attempt_is_kept(
        self, site: Site
    ) -> None:
        assert (await reload(site, "supervisor")).status_code == 403
        assert (await reload(site)).status_code == 200

        def work(session: Session) -> list[tuple[str, str, str]]:
            rows = session.exec(select(AccessRow).where(AccessRow.act == "reload_policy")).all()
            return [(row.actor, row.outcome, row.error_id) for row in rows]

        assert await site.database.read(work) == [
            ("supervisor", "refused", "act_forbidden"),
            ("admin", "done", ""),
        ]
