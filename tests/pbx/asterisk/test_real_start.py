"""The rendered configuration on a real Asterisk: it loads, and offers no more than it should."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from pbx.asterisk import AsteriskFailed, AsteriskPortTaken, AsteriskServer, render
from pbx.asterisk.modules import in_use
from tests.pbx.conftest import agent
from tests.pbx.sip_peer import telephones

pytestmark = pytest.mark.real


def complaints(asterisk) -> list[str]:
    return [line for line in asterisk.log().splitlines() if re.search(r" (WARNING|ERROR)\[", line)]


@pytest.mark.parametrize("browser", [False, True])
async def test_the_whole_configuration_loads_without_a_complaint(
    start_asterisk, asterisk_install, browser
):
    asterisk = await start_asterisk(agents=[agent("8001"), agent("8003", browser=browser)])
    assert complaints(asterisk) == []
    loaded = set(
        re.findall(r"^(\w+)\.so .* Running ", await asterisk.cli("module show"), re.MULTILINE)
    )
    assert loaded == set(in_use(browser, asterisk_install.has_module))


async def test_every_queue_of_the_pack_waits_for_its_callers(start_asterisk, pack):
    asterisk = await start_asterisk()
    shown = await asterisk.cli("queue show")
    assert set(re.findall(r"^(\w+) has \d+ calls", shown, re.MULTILINE)) == {
        q.key for q in pack.queues
    }


def process_exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def own_sockets(pid: int) -> dict[tuple[str, int], str]:
    """(protocol, local port) -> local address in hexadecimal, of one process."""
    mine = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        if found := re.match(r"socket:\[(\d+)\]", str(handle.readlink())):
            mine.add(found.group(1))
    places = {}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[9] in mine:
                address, port = columns[1].split(":")
                places[table, int(port, 16)] = address
    return places


async def test_nothing_listens_beyond_loopback(start_asterisk):
    async with telephones(500, 900) as (carrier, desk):
        asterisk = await start_asterisk(
            agents=[agent("8001", contact=desk.contact), agent("8003", browser=True)]
        )
        await asterisk.cli("queue add member PJSIP/8001 to common penalty 0 as 8001")
        caller = await carrier.call(asterisk.settings.sip.port, "12345")
        await caller.until_hears(900)
        places = own_sockets(asterisk.server.pid)
    settings = asterisk.settings
    media = {port for _, port in places if settings.rtp.start <= port <= settings.rtp.end}
    assert len(media) >= 2
    ours = {settings.ami.port, settings.http.port, settings.sip.port, *media}
    assert {places[place] for place in places if place[1] in ours} == {"0100007F"}
    # What else is there are the UDP sockets from which pjsip asks the name server.
    assert {table for table, port in places if port not in ours} <= {"udp", "udp6"}


async def test_agents_and_their_level_survive_a_restart(start_asterisk):
    asterisk = await start_asterisk()
    await asterisk.cli("queue add member PJSIP/8001 to common penalty 3 as 8001")
    await asterisk.restart()
    shown = await asterisk.cli("queue show common")
    assert re.search(r"8001 \(PJSIP/8001\).*penalty 3.*\(dynamic\)", shown)


@pytest.mark.parametrize(
    ("kind", "part"),
    [(socket.SOCK_STREAM, "ami"), (socket.SOCK_STREAM, "http"), (socket.SOCK_DGRAM, "sip")],
)
async def test_a_taken_port_is_named_and_nothing_is_started(
    asterisk_install, make_settings, pack, short_path, kind, part
):
    settings = make_settings(agents=[agent("8003", browser=True)])
    render(settings, pack, asterisk_install, short_path)
    port = getattr(settings, part).port
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", port))
        server = AsteriskServer(asterisk_install, short_path, settings.ami)
        with pytest.raises(AsteriskPortTaken) as failed:
            await server.start()
    assert failed.value.error_id == "asterisk_port_taken"
    assert failed.value.details == {"host": "127.0.0.1", "port": port}
    assert not server.console.exists()


async def test_an_asterisk_that_is_not_ready_in_time_is_ended(
    asterisk_install, make_settings, pack, short_path
):
    settings = make_settings()
    files = render(settings, pack, asterisk_install, short_path)
    manager = files["manager.conf"]
    manager.write_text(manager.read_text().replace("enabled = yes", "enabled = no"))
    server = AsteriskServer(asterisk_install, short_path, settings.ami)
    with pytest.raises(AsteriskFailed, match="not ready after 2 s"):
        await server.start(deadline=2)
    assert not process_exists(server.pid)


async def test_an_asterisk_that_ends_by_itself_says_why(
    asterisk_install, make_settings, pack, short_path
):
    settings = make_settings()
    files = render(settings, pack, asterisk_install, short_path)
    modules = files["modules.conf"]
    modules.write_text(modules.read_text() + "require = res_none_such.so\n")
    with pytest.raises(AsteriskFailed) as failed:
        await AsteriskServer(asterisk_install, short_path, settings.ami).start()
    assert "res_none_such" in "\n".join(failed.value.details["log"])


async def test_a_second_asterisk_in_one_folder_is_refused_and_the_first_goes_on(
    start_asterisk, asterisk_install
):
    asterisk = await start_asterisk()
    with pytest.raises(AsteriskPortTaken):
        await AsteriskServer(asterisk_install, asterisk.folder, asterisk.settings.ami).start()
    assert "uptime" in await asterisk.cli("core show uptime")


async def test_the_owner_sees_an_asterisk_die(start_asterisk):
    asterisk = await start_asterisk()
    await asterisk.cli("core stop now")
    with pytest.raises(AsteriskFailed):
        await asterisk.server.wait()
