"""Accounts over HTTP, on a real desk: an administrator's business, at once in force, on record."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.agent_console.real_work import PASSWORD, Site
from tests.core.people.ledger import last

FORM = {"name": "新座席", "role": "agent"}
NEW = {"agent": "1007", "password": "first-password", **FORM}
SECOND = "second-password"


async def log_in(site: Site, agent: str, password: str) -> httpx.Response:
    """The session of the account stays with the site."""
    form = {"agent": agent, "password": password, "bearer": True}
    answer = await site.ask("admin", "POST", "/sessions", **form)
    if answer.is_success:
        site.tokens[agent] = answer.json()["token"]
    return answer


async def test_an_account_is_made_and_logs_in(site: Site) -> None:
    made = await site.ask("admin", "POST", "/accounts", **NEW)
    assert made.status_code == 201
    assert made.json() == {"agent": "1007", "county": "", "unit": "", "active": True, **FORM}
    assert (await log_in(site, "1007", "first-password")).json()["viewer"]["role"] == "agent"
    again = await site.ask("admin", "POST", "/accounts", **NEW)
    assert (again.status_code, again.json()["error_id"]) == (409, "account_exists")


async def test_other_rights_take_effect_at_once(site: Site) -> None:
    assert (await site.ask("spare", "GET", "/sessions/me")).is_success
    form = {"name": "改任", "role": "unit_head", "unit": "housing"}
    changed = await site.ask("admin", "PUT", "/accounts/spare", **form)
    assert (changed.status_code, changed.json()["unit"]) == (200, "housing")
    over = await site.ask("spare", "GET", "/sessions/me")
    assert (over.status_code, over.json()["error_id"]) == (401, "not_logged_in")
    assert (await log_in(site, "spare", PASSWORD)).json()["viewer"]["role"] == "unit_head"


async def test_a_closed_account_is_out_at_once_and_may_be_opened_again(site: Site) -> None:
    closed = await site.ask("admin", "POST", "/accounts/spare/deactivate")
    assert (closed.status_code, closed.json()["active"]) == (200, False)
    assert (await site.ask("spare", "GET", "/sessions/me")).status_code == 401
    assert (await log_in(site, "spare", PASSWORD)).json()["error_id"] == "log_in_refused"
    opened = await site.ask("admin", "POST", "/accounts/spare/activate")
    assert opened.json()["active"] is True
    assert (await log_in(site, "spare", PASSWORD)).is_success


async def test_a_new_password_replaces_the_old_one(site: Site) -> None:
    given = await site.ask("admin", "PUT", "/accounts/spare/password", password=SECOND)
    assert (given.status_code, given.content) == (204, b"")
    assert (await site.ask("spare", "GET", "/sessions/me")).status_code == 401
    assert (await log_in(site, "spare", PASSWORD)).status_code == 401
    assert (await log_in(site, "spare", SECOND)).is_success


async def test_the_list_shows_places_and_no_password(site: Site) -> None:
    answer = await site.ask("admin", "GET", "/accounts?after=second_head")
    assert [one["agent"] for one in answer.json()] == ["spare", "supervisor", "unit", "unit_head"]
    assert answer.json()[-1]["unit"] == "city_management"
    assert "argon2" not in answer.text


TRIALS = [
    ("GET", "", {}, "read_accounts", ""),
    ("POST", "", NEW, "create_account", "1007"),
    ("PUT", "/spare", FORM, "change_account", "spare"),
    ("POST", "/spare/deactivate", {}, "deactivate_account", "spare"),
    ("POST", "/spare/activate", {}, "activate_account", "spare"),
    ("PUT", "/spare/password", {"password": SECOND}, "reset_password", "spare"),
]


@pytest.mark.parametrize(("method", "path", "body", "act", "subject"), TRIALS)
@pytest.mark.parametrize("who", ["agent", "supervisor", "government", "unit_head"])
async def test_nobody_else_has_accounts_to_give_and_trying_is_on_record(
    site: Site, who: str, method: str, path: str, body: dict[str, Any], act: str, subject: str
) -> None:
    refused = await site.ask(who, method, f"/accounts{path}", **body)
    assert (refused.status_code, refused.json()["error_id"]) == (403, "admin_only")
    assert await last(site.desk) == (who, act, subject, "refused", "admin_only")
    assert (await log_in(site, "spare", PASSWORD)).is_success


@pytest.mark.parametrize(("method", "path", "body", "act", "subject"), TRIALS[2:])
async def test_another_places_accounts_do_not_exist(
    site: Site, method: str, path: str, body: dict[str, Any], act: str, subject: str
) -> None:
    body = body | {"county": "130207"} if "role" in body else body
    refused = await site.ask("fengnan_admin", method, f"/accounts{path}", **body)
    assert (refused.status_code, refused.json()["error_id"]) == (404, "not_found")
    assert await last(site.desk) == ("fengnan_admin", act, subject, "refused", "not_found")


async def test_a_countys_administrator_lists_and_gives_his_countys_accounts(site: Site) -> None:
    own = {"agent": "h1", "password": SECOND, "county": "130207", "name": "丰南"}
    government = {"role": "unit", "unit": "district_130207"}
    made = await site.ask("fengnan_admin", "POST", "/accounts", **own, **government)
    assert made.status_code == 201
    listed = (await site.ask("fengnan_admin", "GET", "/accounts")).json()
    assert [one["agent"] for one in listed] == ["fengnan_admin", "fengnan_head", "h1"]
    # A unit of the city has tickets of every county: not his to open.
    for beyond in ({"role": "unit", "unit": "police"}, {"role": "admin", "county": ""}):
        refused = await site.ask("fengnan_admin", "POST", "/accounts", **(own | beyond))
        assert (refused.status_code, refused.json()["error_id"]) == (403, "admin_only")


async def test_what_makes_no_account_is_told_and_the_password_is_not(site: Site) -> None:
    for more, error_id in (
        ({"role": "unit"}, "account_invalid"),
        ({"role": "system"}, "account_invalid"),
        ({"county": "999999"}, "account_invalid"),
        ({"password": "abc"}, "account_invalid"),
        ({"password": "x" * 300}, "account_invalid"),
        ({"agent": "a b"}, "invalid"),
        ({"role": "king"}, "invalid"),
        ({"by_hand": True}, "invalid"),
    ):
        wrong = await site.ask("admin", "POST", "/accounts", **(NEW | more))
        assert (wrong.status_code, wrong.json()["error_id"]) == (422, error_id)
        assert str(more.get("password", NEW["password"])) not in wrong.text
    for password in ("abc", "x" * 300):
        wrong = await site.ask("admin", "PUT", "/accounts/spare/password", password=password)
        assert (wrong.status_code, wrong.json()["error_id"]) == (422, "account_invalid")
        assert password not in wrong.text


async def test_the_last_administrator_stays(site: Site) -> None:
    for refused in (
        await site.ask("admin", "POST", "/accounts/admin/deactivate"),
        await site.ask("admin", "PUT", "/accounts/admin", **FORM),
    ):
        assert (refused.status_code, refused.json()["error_id"]) == (409, "last_admin")
    assert (await site.ask("admin", "GET", "/sessions/me")).is_success
