"""``asterisk.conf.example`` is in step with the templates, and does what it says."""

from __future__ import annotations

import asyncio
import re

import pytest

from pbx.asterisk import AsteriskServer
from pbx.asterisk.comfort import write_comfort
from pbx.asterisk.example import EXAMPLE, FOLDER, example
from tests.pbx.conftest import PROJECT, agent
from tests.pbx.sip_peer import telephones

# What an administrator has before he reads our file.
EXISTING = {
    "pjsip.conf": "[global]\ntype = global\n",
    "http.conf": "[general]\n",
    "manager.conf": "[general]\nbindaddr = 127.0.0.1\nport = {ami}\n",
    "queues.conf": "[general]\n",
    "musiconhold.conf": "",
    "extensions.conf": "[general]\n",
    "rtp.conf": "[general]\nrtpstart = {start}\nrtpend = {end}\n",
    "modules.conf": "[modules]\nautoload = yes\n",
    "asterisk.conf": """\
[directories]
astetcdir => {etc}
astmoddir => {modules}
astvarlibdir => {folder}
astdbdir => {folder}
astkeydir => {folder}
astdatadir => {data}
astagidir => {folder}
astspooldir => {folder}
astrundir => {folder}
astlogdir => {folder}/log
""",
}


def test_the_example_is_what_the_templates_say(pack):
    """Write it again with: python -m pbx.asterisk.example cities/tangshan > the file."""
    kept = (PROJECT / "asterisk.conf.example").read_text(encoding="utf-8")
    assert kept == example(EXAMPLE, pack, FOLDER)


@pytest.mark.real
async def test_an_asterisk_that_already_runs_takes_calls_with_the_pieces(
    asterisk_install, make_settings, pack, short_path
):
    async with telephones(500, 900) as (carrier, desk):
        settings = make_settings(agents=[agent("8001", contact=desk.contact)])
        pieces = dict(
            re.findall(
                r"^;==== (\S+)\n(.*?)(?=^;==== |\Z)",
                example(settings, pack, short_path),
                re.MULTILINE | re.DOTALL,
            )
        )
        etc = short_path / "etc"
        for folder in (etc, short_path / "log", short_path / "moh"):
            folder.mkdir()
        write_comfort(short_path / "moh/comfort.wav")
        for name, text in EXISTING.items():
            mine = text.format(
                ami=settings.ami.port,
                start=settings.rtp.start,
                end=settings.rtp.end,
                etc=etc,
                folder=short_path,
                modules=asterisk_install.modules,
                data=asterisk_install.data,
            )
            (etc / name).write_text(mine + pieces.pop(name, ""), encoding="utf-8")
        assert pieces == {}
        async with AsteriskServer(asterisk_install, short_path, settings.ami) as server:
            await server.command("queue add member PJSIP/8001 to common penalty 0 as 8001")
            caller = await carrier.call(settings.sip.port, "12345")
            await asyncio.wait_for(desk.calls.get(), 15)
            await caller.until_hears(900)
