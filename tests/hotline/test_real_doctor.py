"""The doctor at a real Asterisk: a whole stage is well, and each fault is called by its name."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

import pbx
from hotline.app import Hotline
from hotline.doctor import Finding, Verdict, examine
from hotline.doctor.manager import ACTIONS, logged_in, rights
from hotline.doctor.telephone import examine_asterisk
from hotline.site import Site
from hotline.stage import Stage
from pbx.settings import AgentSettings, AmiSettings
from tests.hotline.sites import altered
from tests.hotline.stagehands import Desk, is_silent

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

ALL_RIGHTS = ("call", "agent", "originate", "reporting")
# Users that an administrator's own manager.conf may give us: name, read, write.
USERS = {
    "mighty": ("all", "all"),
    "deaf_to_calls": ("system,agent", "all"),
    "mute": ("all", ""),
    "deaf_to_boot": ("call,agent", ",".join(ALL_RIGHTS)),
    **{
        f"no_{right}": ("all", ",".join(other for other in ALL_RIGHTS if other != right))
        for right in ALL_RIGHTS
    },
}


def found(findings: list[Finding], check: str) -> Finding:
    [finding] = [finding for finding in findings if finding.check == check]
    return finding


def broken(findings: list[Finding]) -> set[str]:
    return {finding.check for finding in findings if finding.verdict is Verdict.BROKEN}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def users(stage: Stage) -> AsyncIterator[None]:
    """Other users of the manager, with the secret of ours."""
    file = stage.site.asterisk / "etc/manager.conf"
    rendered = file.read_text(encoding="utf-8")
    secret = stage.site.secrets.ami
    more = "".join(
        f"\n[{name}]\nsecret = {secret}\nread = {read}\nwrite = {write}\n"
        for name, (read, write) in USERS.items()
    )
    file.write_text(rendered + more, encoding="utf-8")
    await stage.asterisk.command("manager reload")
    yield


def as_user(site: Site, name: str) -> Site:
    return altered(site, pbx={"ami": ami_of(site, name)})


def ami_of(site: Site, name: str) -> AmiSettings:
    return site.pbx.ami.model_copy(update={"user": name})


@asynccontextmanager
async def unloaded(stage: Stage, module: str) -> AsyncIterator[None]:
    """Asterisk without a module."""
    said = await stage.asterisk.command(f"module unload {module}.so")
    assert "Unloaded" in said
    try:
        yield
    finally:
        await stage.asterisk.command(f"module load {module}.so")


async def test_a_hotline_at_work_is_found_well_and_left_so(
    stage: Stage, hotline: Hotline, desk: Desk
):
    findings = await examine(stage.site.folder)
    assert not broken(findings)
    assert "the IVR answers" in found(findings, "port_agi").detail
    assert "ami up" in found(findings, "port_console").detail
    assert found(findings, "port_sip").verdict is Verdict.OK
    assert "1 agents signed in" in found(findings, "queues").detail
    assert found(findings, "telephones").verdict is Verdict.OK
    assert found(findings, "modules").verdict is Verdict.OK
    assert found(findings, "audio").verdict is Verdict.OK
    assert found(findings, "ami_events").verdict is Verdict.OK
    await is_silent(stage)
    await desk.is_free()
    assert not desk.console.calls


async def test_without_the_hotline_the_doctor_warns_but_asterisk_is_well(stage: Stage):
    findings = await examine(stage.site.folder)
    assert not broken(findings)
    for port in ("port_agi", "port_console"):
        assert found(findings, port).verdict is Verdict.WARNING
        assert found(findings, port).advice == "`hotline serve` is not running"
    assert "no agent is signed in" in found(findings, "queues").detail


async def test_a_wrong_secret_is_named(stage: Stage):
    ami = AmiSettings.model_validate(stage.site.pbx.ami.model_dump() | {"secret": "not the secret"})
    [finding] = await examine_asterisk(altered(stage.site, pbx={"ami": ami}))
    assert (finding.check, finding.verdict) == ("ami", Verdict.BROKEN)
    assert "ami_login_refused" in finding.detail
    assert "secrets.yaml" in finding.advice
    assert "not the secret" not in finding.model_dump_json()


@pytest.mark.parametrize("right", ALL_RIGHTS)
async def test_a_missing_right_is_named(stage: Stage, right: str):
    async with logged_in(ami_of(stage.site, f"no_{right}")) as manager:
        finding = await rights(manager)
    assert finding.verdict is Verdict.BROKEN
    assert finding.detail == f"no_{right} may not: {right}"
    assert f"add {right} to `write`" in finding.advice


async def test_rights_that_are_as_good_as_asterisks_own_account_are_warned_of(stage: Stage):
    async with logged_in(ami_of(stage.site, "mighty")) as manager:
        finding = await rights(manager)
    assert finding.verdict is Verdict.WARNING
    assert "agi, command, config, system" in finding.detail


async def test_our_own_rendered_user_has_what_it_needs_and_no_more(stage: Stage):
    async with logged_in(stage.site.pbx.ami) as manager:
        assert (await rights(manager)).verdict is Verdict.OK


async def test_every_action_that_the_telephone_side_uses_is_examined(stage: Stage):
    async with logged_in(ami_of(stage.site, "mighty")) as manager:
        everything = manager.known
    async with logged_in(ami_of(stage.site, "mute")) as manager:
        free_to_all = manager.known
    used = {
        node.value
        for file in Path(pbx.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    headers = {"Status"}  # a word of the events, too
    assert used & (everything - free_to_all) - headers == set(ACTIONS)


async def test_events_that_do_not_come_are_named(stage: Stage):
    findings = await examine_asterisk(as_user(stage.site, "deaf_to_calls"))
    assert broken(findings) == {"ami_events"}
    assert "add call to `read`" in found(findings, "ami_events").advice


async def test_a_user_who_cannot_know_of_the_boot_is_told_so(stage: Stage):
    findings = await examine_asterisk(as_user(stage.site, "deaf_to_boot"))
    assert broken(findings) == {"ami", "ami_events"}
    assert "`read = system`" in found(findings, "ami").advice


async def test_what_was_not_rendered_is_named(stage: Stage):
    """A queue and an agent that are in the site's files but not in Asterisk."""
    site = stage.site
    queue = site.pack.queues[0].model_copy(update={"key": "brand_new"})
    agent = AgentSettings(number="899", name="新座席", secret="x" * 8)
    pack = site.pack.model_copy(update={"queues": (*site.pack.queues, queue)})
    more = altered(site, pbx={"agents": (*site.pbx.agents, agent)})
    findings = await examine_asterisk(replace(more, pack=pack))
    assert broken(findings) == {"queues", "telephones"}
    assert "brand_new" in found(findings, "queues").detail
    assert "899" in found(findings, "telephones").detail
    for check in ("queues", "telephones"):
        assert "hotline asterisk render" in found(findings, check).advice


async def test_a_module_that_is_not_loaded_is_named_and_the_call_finds_it(stage: Stage):
    async with unloaded(stage, "app_chanspy"):
        findings = await examine_asterisk(stage.site)
    assert broken(findings) == {"modules", "audio"}
    assert found(findings, "modules").detail == "not loaded: app_chanspy"
    await is_silent(stage)


async def test_sound_that_asterisk_cannot_bring_to_us_is_found(stage: Stage, monkeypatch):
    """It is told an address that is not this machine's."""
    monkeypatch.setattr("hotline.doctor.sound.OPEN_SECONDS", 1.0)
    asr = stage.site.settings.asr
    host = asr.audiosocket.model_copy(update={"host": "192.0.2.1"})
    site = altered(stage.site, asr=asr.model_copy(update={"audiosocket": host}))
    findings = await examine_asterisk(site)
    assert broken(findings) == {"audio"}
