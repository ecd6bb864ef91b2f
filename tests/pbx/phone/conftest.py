"""What the phone's tests share: sounds, a far end that plays by a script, a real Asterisk."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.pack import CityPack
from pbx.asterisk import AsteriskInstall, render
from pbx.phone import Phone, PhoneSettings
from pbx.settings import PbxSettings
from tests.pbx.conftest import agent, free_ports, free_rtp_range
from tests.pbx.phone.far_end import FarEnd

# Numbers that a telephone can be tried on; a caller of the line never comes here.
LAB = """
[from-trunk](+)
exten => lab-echo,1,Answer()
 same => n,Echo()
exten => lab-keys,1,Answer()
 same => n,Read(PRESSED,,12,,1,3)
 same => n,Set(GLOBAL(PRESSED)=${PRESSED})
 same => n,Hangup()
exten => lab-rings,1,Ringing()
 same => n,Wait(20)
exten => lab-busy,1,Busy(5)
exten => lab-decline,1,Hangup(21)
exten => lab-ends,1,Answer()
 same => n,Wait(0.3)
 same => n,Hangup()
exten => lab-silent,1,Answer()
 same => n,Wait(20)
exten => lab-prompt,1,Answer()
 same => n,Wait(0.5)
 same => n,Playback(${LAB_PROMPT})
 same => n,Wait(20)
exten => lab-caller,1,Set(GLOBAL(SEEN)=${CALLERID(num)}/${CALLERID(name)})
 same => n,Set(GLOBAL(SEEN_MORE)=${CALLERID(num-pres)}/${REDIRECTING(from-num)})
 same => n,Answer()
 same => n,Hangup()
exten => lab-agent,1,Dial(PJSIP/8001,10)
 same => n,Hangup(${HANGUPCAUSE})
[agents](+)
exten => lab-echo,1,Answer()
 same => n,Echo()
"""
LAB_MODULES = ("app_echo", "app_read", "app_dial", "app_playback", "func_global", "func_callerid")


@dataclass(frozen=True)
class Lab:
    """A running Asterisk with numbers to try a telephone on."""

    sip_port: int
    command: tuple[str, ...]

    def cli(self, line: str) -> str:
        """What Asterisk's command line says; nothing while it is not up."""
        command = [*self.command, "-rx", line]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def variable(self, name: str) -> str:
        """A global variable of the dialplan."""
        for line in self.cli("dialplan show globals").splitlines():
            key, _, value = line.strip().partition("=")
            if key == name:
                return value
        return ""


@pytest.fixture(scope="session")
def lab(
    asterisk_install: AsteriskInstall, pack: CityPack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """Asterisk as the project renders it, with the lab's numbers added. One for all tests."""
    ami, agi, http, sip = free_ports(3, 1)
    start, end = free_rtp_range()
    settings = PbxSettings.model_validate(
        {
            "sip": {"port": sip},
            "rtp": {"start": start, "end": end},
            "ami": {"port": ami, "secret": secrets.token_hex(12)},
            "agi": {"port": agi},
            "http": {"port": http},
            "recordings": tmp_path_factory.mktemp("recordings"),
            "prompts": Path(__file__).parents[3] / "ivr_flows/prompts/zh",
            "agents": [agent("8001"), agent("8002")],
            "trunks": [{"name": "carrier", "match": ["127.0.0.1/32"]}],
        }
    )
    with tempfile.TemporaryDirectory(prefix="lab-") as name:
        folder = Path(name)
        render(settings, pack, asterisk_install, folder)
        with (folder / "etc/extensions.conf").open("a") as dialplan:
            dialplan.write(LAB)
        with (folder / "etc/modules.conf").open("a") as modules:
            modules.writelines(f"load = {module}.so\n" for module in LAB_MODULES)
        command = (*asterisk_install.command, "-C", str(folder / "etc/asterisk.conf"))
        with (folder / "console").open("wb") as console:
            process = subprocess.Popen([*command, "-f", "-n"], stdout=console, stderr=console)
        try:
            running = Lab(sip, command)
            deadline = time.monotonic() + 30
            while "fully booted" not in running.cli("core waitfullybooted"):
                assert process.poll() is None, (folder / "console").read_text()
                assert time.monotonic() < deadline, (folder / "console").read_text()
                time.sleep(0.05)
            yield running
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
async def far_end() -> AsyncIterator[FarEnd]:
    """A SIP server that does what the test says."""
    far = await FarEnd.open()
    try:
        yield far
    finally:
        far.close()


@pytest.fixture
async def phone(far_end: FarEnd) -> AsyncIterator[Phone]:
    """A citizen's phone whose server is the far end."""
    async with Phone(PhoneSettings(server_port=far_end.port)) as phone:
        yield phone
        far_end.leaving = True


@pytest.fixture
async def listener(far_end: FarEnd) -> AsyncIterator[Phone]:
    """A phone that the far end can dial; calls ring until they are answered."""
    async with Phone(PhoneSettings(user="line")) as phone:
        far_end.peer = ("127.0.0.1", phone.port)
        yield phone
        far_end.leaving = True
