"""The doctor without a running Asterisk: what the machine and the site's files tell."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asr.settings import AsrSettings
from core.store import Database
from core.store.loop_tables import TimerRow
from hotline.doctor import Finding, Verdict, examine
from hotline.doctor.listeners import listeners
from hotline.doctor.machine import machine
from hotline.doctor.speech import engines
from hotline.doctor.telephone import examine_asterisk
from hotline.site import Site
from tests.hotline.sites import altered
from tests.hotline.stagehands import FAKE, small_site, with_speech


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site in order, of which nothing runs."""
    return small_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(whole: Site, tmp_path: Path) -> Site:
    """The same for one test that spoils it."""
    (tmp_path / "recordings").mkdir()
    (tmp_path / "site.yaml").touch()
    return altered(whole, folder=tmp_path, database="sqlite:///own.db")


def found(findings: list[Finding], check: str) -> Finding:
    [finding] = [finding for finding in findings if finding.check == check]
    assert bool(finding.advice) is (finding.verdict is not Verdict.OK)
    return finding


async def test_a_site_that_cannot_be_read_is_the_only_finding(tmp_path):
    [finding] = await examine(tmp_path / "nothing")
    assert (finding.check, finding.verdict) == ("site", Verdict.BROKEN)
    assert "site.yaml is missing" in finding.detail
    assert "hotline init" in finding.advice


async def test_a_site_in_order_without_asterisk_is_broken_only_there(whole):
    findings = await examine(whole.folder)
    broken = {finding.check for finding in findings if finding.verdict is Verdict.BROKEN}
    assert broken == {"ami"}
    ami = found(findings, "ami")
    assert "ami_unreachable" in ami.detail
    assert "hotline asterisk run" in ami.advice
    for port in ("port_agi", "port_console", "port_sip"):
        assert found(findings, port).verdict is Verdict.WARNING


async def test_it_says_whether_an_asterisk_could_be_started(site, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("hotline.doctor.telephone.CACHE", tmp_path / "cache")
    finding = found(await examine_asterisk(site), "asterisk")
    assert finding.verdict is Verdict.BROKEN
    assert "hotline asterisk install" in finding.advice


class TestMachine:
    async def test_a_missing_recordings_folder_is_found(self, site):
        shutil.rmtree(site.recordings)
        finding = found(await machine(site), "recordings")
        assert finding.verdict is Verdict.BROKEN
        assert str(site.recordings) in finding.advice

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    async def test_a_recordings_folder_of_somebody_else_is_found(self, site):
        site.recordings.chmod(0o500)
        assert found(await machine(site), "recordings").verdict is Verdict.BROKEN

    async def test_trying_the_recordings_folder_leaves_nothing_there(self, site):
        assert found(await machine(site), "recordings").verdict is Verdict.OK
        assert not list(site.recordings.iterdir())

    async def test_a_full_disk_is_found(self, site, monkeypatch):
        usage = shutil.disk_usage(site.folder)
        full = type(usage)(usage.total, usage.total, 1000)
        monkeypatch.setattr("hotline.doctor.machine.shutil.disk_usage", lambda folder: full)
        finding = found(await machine(site), "disk")
        assert finding.verdict is Verdict.BROKEN
        assert "0.0 GiB" in finding.detail

    async def test_what_waits_for_the_database_is_found(self, site):
        assert found(await machine(site), "spool").verdict is Verdict.OK
        site.spool.parent.mkdir()
        site.spool.write_bytes(b"x" * 300)
        finding = found(await machine(site), "spool")
        assert (finding.verdict, "300 bytes" in finding.detail) == (Verdict.WARNING, True)
        site.spool.with_suffix(".broken").write_bytes(b"x")
        assert "could not be read" in found(await machine(site), "spool").detail

    async def test_a_timer_that_was_given_up_is_found(self, site):
        assert found(await machine(site), "clockwork").verdict is Verdict.OK
        database = Database(site.database_url)
        await database.migrate()
        assert found(await machine(site), "clockwork").verdict is Verdict.OK
        moment = datetime(2026, 1, 12, tzinfo=UTC)
        stuck = TimerRow(subject="TS1", kind="rung:warn", due_at=moment, round=1, state="stuck")
        await database.write(lambda session: session.add(stuck))
        await database.close()
        finding = found(await machine(site), "clockwork")
        assert (finding.verdict, "rung:warn" in finding.detail) == (Verdict.WARNING, True)

    async def test_a_database_not_made_yet_is_told_and_not_made(self, site):
        finding = found(await machine(site), "database")
        assert finding.verdict is Verdict.WARNING
        assert not (site.folder / "own.db").exists()

    async def test_a_damaged_database_is_found(self, site):
        (site.folder / "own.db").write_bytes(os.urandom(5000))
        finding = found(await machine(site), "database")
        assert finding.verdict is Verdict.BROKEN
        assert "database_away" in finding.detail

    async def test_a_database_that_no_driver_opens_is_found(self, site):
        other = altered(site, database="nosuch://secret-word@db/x")
        finding = found(await machine(other), "database")
        assert finding.verdict is Verdict.BROKEN
        assert "database_unusable" in finding.detail
        assert "secret-word" not in finding.model_dump_json()

    async def test_a_clock_behind_the_sites_own_files_is_wrong(self, site):
        tomorrow = time.time() + 86_400
        os.utime(site.folder / "site.yaml", (tomorrow, tomorrow))
        finding = found(await machine(site), "clock")
        assert finding.verdict is Verdict.BROKEN
        assert "24.0 h" in finding.detail

    async def test_missing_prompts_are_found(self, site, whole, tmp_path):
        other = altered(site, flows=whole.flows, pbx={"prompts": tmp_path / "none"})
        assert found(await machine(other), "flows").verdict is not Verdict.OK


@asynccontextmanager
async def somebody(says: bytes, site: Site) -> AsyncIterator[int]:
    """Another program on the port of our FastAGI server, which greets so and stays."""
    visits: list[asyncio.Task[None]] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(says)
            await reader.read()  # until the doctor leaves
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(asyncio.create_task(greet(reader, writer)))

    port = site.pbx.agi.port
    async with await asyncio.start_server(accept, "127.0.0.1", port):
        yield port
        async with asyncio.timeout(10):
            await asyncio.gather(*visits, return_exceptions=True)
    assert visits


class TestListeners:
    @pytest.mark.parametrize(
        "says",
        [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 400 Bad\r\n", b"\xff" * 99],
        ids=["nothing", "ssh", "http", "noise"],
    )
    async def test_another_program_on_our_port_is_found(self, site, says):
        async with somebody(says, site) as port:
            finding = found(await listeners(site), "port_agi")
        assert finding.verdict is Verdict.BROKEN
        assert f"sport = :{port}" in finding.advice

    async def test_another_web_server_on_the_consoles_port_is_found(self, site):
        page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        async with somebody(page, site) as port:
            console = site.settings.console.model_copy(update={"port": port})
            finding = found(await listeners(altered(site, console=console)), "port_console")
        assert finding.verdict is Verdict.BROKEN

    async def test_a_mute_program_on_the_sip_port_is_found(self, site):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", site.pbx.sip.port))
            assert found(await listeners(site), "port_sip").verdict is Verdict.BROKEN

    async def test_an_address_that_is_not_ours_is_found(self, site):
        agi = site.pbx.agi.model_copy(update={"host": "192.0.2.1"})
        other = altered(site, pbx={"agi": agi})
        assert found(await listeners(other), "port_agi").verdict is Verdict.BROKEN


class TestManager:
    async def test_another_program_on_the_managers_port_is_found(self, site):
        async with somebody(b"SSH-2.0-x\r\n", site) as port:
            ami = site.pbx.ami.model_copy(update={"port": port})
            finding = found(await examine_asterisk(altered(site, pbx={"ami": ami})), "ami")
        assert finding.verdict is Verdict.BROKEN
        assert "ami_not_asterisk" in finding.detail
        assert "another program" in finding.advice


@pytest.fixture
def no_models(tmp_path, monkeypatch) -> Iterator[Path]:
    """No model of the machine's own is seen."""
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


class TestEngines:
    async def test_a_missing_first_choice_is_a_warning_with_the_command(self, whole, no_models):
        asr = FAKE.model_copy(update={"engines": ("vosk", "fake"), "models": no_models})
        findings = await engines(with_speech(whole, asr))
        first = found(findings, "engine_vosk")
        assert first.verdict is Verdict.WARNING
        assert first.advice == "`hotline models fetch vosk-model-small-cn-0.22`"
        assert found(findings, "speech").verdict is Verdict.OK
        assert "fake was ready" in found(findings, "speech").detail

    async def test_without_any_engine_recognition_is_broken(self, whole, no_models):
        asr = AsrSettings(engines=("vosk",), models=no_models)
        findings = await engines(with_speech(whole, asr))
        assert found(findings, "engine_vosk").verdict is Verdict.BROKEN
        assert found(findings, "speech").verdict is Verdict.BROKEN
        assert "without a transcript" in found(findings, "speech").detail

    async def test_an_empty_model_folder_is_named(self, whole, no_models):
        (no_models / "vosk-model-small-cn-0.22").mkdir()
        asr = AsrSettings(engines=("vosk",), models=no_models)
        finding = found(await engines(with_speech(whole, asr)), "engine_vosk")
        assert finding.verdict is Verdict.BROKEN
        assert "has no am/final.mdl" in finding.detail
        assert "remove" in finding.advice

    async def test_a_model_that_is_whole_by_its_files_but_does_not_load_is_broken(
        self, whole, no_models
    ):
        folder = no_models / "own"
        for file in ("am/final.mdl", "conf/mfcc.conf", "graph/HCLG.fst"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(b"no model")
        vosk = AsrSettings().vosk.model_copy(update={"folder": folder})
        asr = AsrSettings(engines=("vosk",), models=no_models, vosk=vosk)
        findings = await engines(with_speech(whole, asr))
        assert found(findings, "engine_vosk").verdict is Verdict.OK
        assert found(findings, "speech").verdict is not Verdict.OK

    @pytest.mark.parametrize("name", ["nosuch", "no.such:load", "..:load"])
    async def test_an_engine_that_nobody_knows_is_broken(self, whole, name):
        findings = await engines(with_speech(whole, AsrSettings(engines=(name,))))
        assert found(findings, "speech").verdict is Verdict.BROKEN
        assert "asr: engines:" in found(findings, "speech").advice

    @pytest.mark.speech
    async def test_whisper_is_checked_by_its_hashes_and_loaded(self, whole, no_models):
        asr = AsrSettings(engines=("whisper",), models=no_models)
        findings = await engines(with_speech(whole, asr))
        assert "joined when it is first used" in found(findings, "engine_whisper").detail
        assert "whisper:base was ready" in found(findings, "speech").detail
