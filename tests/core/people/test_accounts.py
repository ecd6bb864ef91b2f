"""Accounts are an administrator's business, every change is on record and takes effect at once."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr, ValidationError

from core.desk.sessions import LogInRefused, NotLoggedIn
from core.errors import HotlineError, NotFound
from core.people.accounts import AccountForm, NewAccount
from core.people.errors import AccountExists, AccountInvalid, AdminOnly, LastAdmin
from core.people.roles import Role
from core.ports import Viewer
from tests.core.loop.city import AGENT, AUDITOR, SUPERVISOR, City
from tests.core.people.ledger import last, lines, whole

ADMIN = Viewer("9000", "管理员", "admin")
FIRST, SECOND = "first-password", "second-password"


def new(agent: str, role: Role = Role.AGENT, password: str = FIRST, **place: str) -> NewAccount:
    return NewAccount(agent=agent, name="测试", role=role, password=SecretStr(password), **place)


async def test_an_account_is_made_and_works(city: City) -> None:
    made = await city.desk.offices.accounts.create(ADMIN, new("u1", Role.UNIT, unit="housing"))
    assert (made.role, made.unit, made.active) == ("unit", "housing", True)
    token, viewer = await city.desk.log_in("u1", FIRST)
    assert viewer == Viewer("u1", "测试", "unit", unit="housing")
    assert await city.desk.viewer(token) == viewer
    assert await last(city.desk) == ("9000", "create_account", "u1", "done", "")
    with pytest.raises(AccountExists):
        await city.desk.offices.accounts.create(ADMIN, new("u1"))


@pytest.mark.parametrize(
    ("role", "place", "field"),
    [
        (Role.UNIT, {}, "unit"),
        (Role.UNIT_HEAD, {"unit": "no_such_unit"}, "unit"),
        (Role.AGENT, {"unit": "housing"}, "unit"),
        (Role.DISPATCHER, {"county": "999999"}, "county"),
        (Role.SYSTEM, {}, "role"),
    ],
)
async def test_a_role_and_its_place_have_to_fit(
    city: City, role: Role, place: dict[str, str], field: str
) -> None:
    with pytest.raises(AccountInvalid) as wrong:
        await city.desk.offices.accounts.create(ADMIN, new("n1", role, **place))
    assert wrong.value.details["fields"] == [field]


async def test_a_city_role_needs_no_county_and_a_districts_government_is_a_unit(
    city: City,
) -> None:
    await city.desk.offices.accounts.create(ADMIN, new("d1", Role.DISPATCHER))
    await city.desk.offices.accounts.create(ADMIN, new("d2", Role.DISPATCHER, county="130203"))
    await city.desk.offices.accounts.create(ADMIN, new("g1", Role.UNIT, unit="district_130203"))
    listed = await city.desk.offices.accounts.accounts(ADMIN)
    assert [(one.agent, one.county) for one in listed] == [("d1", ""), ("d2", "130203"), ("g1", "")]


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257])
async def test_a_password_has_its_length(city: City, password: str) -> None:
    with pytest.raises(AccountInvalid):
        await city.desk.offices.accounts.create(ADMIN, new("p1", password=password))


@pytest.mark.parametrize("agent", ["", "a b", "x" * 33, "a\0", "测试", "../x"])
def test_a_number_has_its_form(agent: str) -> None:
    with pytest.raises(ValidationError):
        new(agent)
    with pytest.raises(ValidationError):
        AccountForm(name="a\0b", role=Role.AGENT)


async def test_a_closed_account_is_out_at_once_and_can_be_opened_again(city: City) -> None:
    await city.desk.offices.accounts.create(ADMIN, new("a1"))
    token, _ = await city.desk.log_in("a1", FIRST)
    await city.desk.offices.accounts.deactivate(ADMIN, "a1")
    with pytest.raises(NotLoggedIn):
        await city.desk.viewer(token)
    with pytest.raises(LogInRefused):
        await city.desk.log_in("a1", FIRST)
    await city.desk.offices.accounts.activate(ADMIN, "a1")
    with pytest.raises(NotLoggedIn):  # the old session does not come back
        await city.desk.viewer(token)
    await city.desk.log_in("a1", FIRST)


async def test_a_new_password_ends_what_the_old_one_opened(city: City) -> None:
    await city.desk.offices.accounts.create(ADMIN, new("a1"))
    token, _ = await city.desk.log_in("a1", FIRST)
    await city.desk.offices.accounts.reset_password(ADMIN, "a1", SecretStr(SECOND))
    with pytest.raises(NotLoggedIn):
        await city.desk.viewer(token)
    with pytest.raises(LogInRefused):
        await city.desk.log_in("a1", FIRST)
    await city.desk.log_in("a1", SECOND)


async def test_other_rights_need_another_log_in_another_name_does_not(city: City) -> None:
    await city.desk.offices.accounts.create(ADMIN, new("a1"))
    token, _ = await city.desk.log_in("a1", FIRST)
    await city.desk.offices.accounts.change(ADMIN, "a1", AccountForm(name="改名", role=Role.AGENT))
    assert (await city.desk.viewer(token)).name == "改名"
    await city.desk.offices.accounts.change(
        ADMIN, "a1", AccountForm(name="改名", role=Role.AUDITOR)
    )
    with pytest.raises(NotLoggedIn):
        await city.desk.viewer(token)


async def test_nobody_else_makes_or_changes_accounts_and_trying_is_on_record(city: City) -> None:
    await city.desk.offices.accounts.create(ADMIN, new("a1"))
    accounts = city.desk.offices.accounts
    for who in (AGENT, SUPERVISOR, AUDITOR, Viewer("u", "", "unit", unit="housing")):
        for trial in (
            accounts.create(who, new("evil", Role.ADMIN)),
            accounts.change(who, "a1", AccountForm(name="x", role=Role.ADMIN)),
            accounts.deactivate(who, "a1"),
            accounts.activate(who, "a1"),
            accounts.reset_password(who, "a1", SecretStr(SECOND)),
            accounts.accounts(who),
        ):
            with pytest.raises(AdminOnly):
                await trial
            assert (await last(city.desk))[3:] == ("refused", "admin_only")
    assert [one.agent for one in await accounts.accounts(ADMIN)] == ["a1"]
    await city.desk.log_in("a1", FIRST)
    assert await whole(city.desk)


async def test_a_countys_administrator_has_his_countys_accounts_only(city: City) -> None:
    local = Viewer("9001", "", "admin", county="130203")
    await city.desk.offices.accounts.create(ADMIN, new("city1"))
    await city.desk.offices.accounts.create(local, new("own1", county="130203"))
    with pytest.raises(AdminOnly):
        await city.desk.offices.accounts.create(local, new("up1", Role.SUPERVISOR))
    with pytest.raises(AdminOnly):
        await city.desk.offices.accounts.change(
            local, "own1", AccountForm(name="x", role=Role.SUPERVISOR)
        )
    with pytest.raises(NotFound):
        await city.desk.offices.accounts.reset_password(local, "city1", SecretStr(SECOND))
    assert [one.agent for one in await city.desk.offices.accounts.accounts(local)] == ["own1"]


async def test_a_countys_administrator_gives_no_unit_but_its_government(city: City) -> None:
    """A unit of the city has tickets of every county."""
    local, accounts = Viewer("9001", "", "admin", county="130203"), city.desk.offices.accounts
    police = AccountForm(name="x", role=Role.UNIT_HEAD, county="130203", unit="police")
    with pytest.raises(AdminOnly):
        await accounts.create(local, new("p1", Role.UNIT, county="130203", unit="police"))
    await accounts.create(local, new("g1", Role.UNIT, county="130203", unit="district_130203"))
    with pytest.raises(AdminOnly):
        await accounts.change(local, "g1", police)
    assert await last(city.desk) == ("9001", "change_account", "g1", "refused", "admin_only")
    assert (await accounts.change(ADMIN, "g1", police)).unit == "police"


async def test_made_twice_at_once_it_is_made_once(city: City) -> None:
    tries = [city.desk.offices.accounts.create(ADMIN, new("a1")) for _ in range(4)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, AccountExists) for one in done) == 3
    assert len(await city.desk.offices.accounts.accounts(ADMIN)) == 1


async def test_the_last_administrator_stays(city: City) -> None:
    await city.desk.offices.accounts.create(ADMIN, new("9000", Role.ADMIN))
    for trial in (
        city.desk.offices.accounts.deactivate(ADMIN, "9000"),
        city.desk.offices.accounts.change(ADMIN, "9000", AccountForm(name="x", role=Role.AGENT)),
    ):
        with pytest.raises(LastAdmin):
            await trial
    await city.desk.offices.accounts.create(ADMIN, new("9002", Role.ADMIN))
    await city.desk.offices.accounts.deactivate(ADMIN, "9000")


async def test_the_sites_file_brings_its_accounts_and_leaves_what_was_changed_by_hand(
    city: City,
) -> None:
    put = city.desk.sessions.put_agent
    await put("d1", "派单员", "dispatcher", FIRST, "130203")
    await put("d1", "派单员", "dispatcher", SECOND, "130202")
    with pytest.raises(LogInRefused):
        await city.desk.log_in("d1", FIRST)
    _, viewer = await city.desk.log_in("d1", SECOND)
    assert (viewer.role, viewer.county) == ("dispatcher", "130202")
    await put("d1", "派单员", "dispatcher", FIRST, "130202")
    assert await city.desk.log_in("d1", SECOND), (
        "once used, a first password is the holder's affair"
    )
    await city.desk.offices.accounts.deactivate(ADMIN, "d1")
    await put("d1", "另一个名字", "supervisor", FIRST)
    (kept,) = await city.desk.offices.accounts.accounts(ADMIN)
    assert (kept.name, kept.role, kept.county, kept.active) == (
        "派单员", "dispatcher", "130202", False,
    )  # fmt: skip


async def test_no_password_and_no_hash_leaves_the_house(city: City) -> None:
    await city.desk.offices.accounts.create(ADMIN, new("a1"))
    (shown,) = await city.desk.offices.accounts.accounts(ADMIN)
    assert set(type(shown).model_fields) == {"agent", "name", "role", "county", "unit", "active"}
    try:
        await city.desk.offices.accounts.create(ADMIN, new("a1", password="x" * 300))
    except HotlineError as refused:
        assert "xxx" not in str(refused.as_dict())
    assert all("password" not in row.subject for row in await lines(city.desk))
