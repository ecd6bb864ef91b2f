"""The commands that an administrator starts a hotline with, each a process, on a real Asterisk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.site import Site
from pbx.asterisk import AsteriskInstall
from tests.hotline.shell import hotline, running
from tests.hotline.stagehands import small_site

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, install: AsteriskInstall) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    yield small_site(folder)
    shutil.rmtree(folder / "recordings", ignore_errors=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def test_render_writes_a_configuration_that_only_its_owner_may_read(site, home):
    done = hotline(home, "asterisk", "render", "--site", site.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(site.asterisk) in done.stdout
    for name in ("asterisk.conf", "manager.conf", "pjsip.conf", "queues.conf"):
        mode = (site.asterisk / "etc" / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_asterisk_runs_until_ctrl_c(site, home):
    with running(home, "asterisk", "run", "--site", site.folder) as asterisk:
        assert str(site.pbx.sip.port) in asterisk.says("Asterisk runs")
        assert listens(site.pbx.ami.port)
        second = hotline(home, "asterisk", "run", "--site", site.folder)
        assert second.returncode == 2
        assert second.stderr.startswith("hotline: asterisk_port_taken: ")
        assert second.stderr.count("\n") == 1
        assert listens(site.pbx.ami.port)
        assert asterisk.ends_by(signal.SIGINT) == 0
    assert not listens(site.pbx.ami.port)


def test_asterisk_that_dies_is_told_with_its_last_words(site, home):
    with running(home, "asterisk", "run", "--site", site.folder) as asterisk:
        asterisk.says("Asterisk runs")
        [pid] = [
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdecimal() and _is_asterisk_of(site, folder)
        ]
        os.kill(pid, signal.SIGKILL)
        assert "Asterisk ended" in asterisk.says("hotline: asterisk_failed")
        assert asterisk.ends() == 2


def _is_asterisk_of(site: Site, folder: Path) -> bool:
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(site.asterisk / "etc/asterisk.conf").encode() in words


def test_a_served_line_is_probed_and_examined(site, home):
    """``asterisk run`` and ``serve`` side by side; monitoring dials, the doctor looks."""
    with (
        running(home, "asterisk", "run", "--site", site.folder) as asterisk,
        running(home, "serve", "--site", site.folder) as served,
    ):
        asterisk.says("Asterisk runs")
        served.says("http://")
        probed = hotline(home, "probe", "--site", site.folder, "--json")
        assert probed.returncode == 0, probed.stdout
        heard = json.loads(probed.stdout)
        assert heard["heard"] == "prompt"
        assert heard["prompt"] == "greeting.wav"
        assert heard["answered_by"] == "flow"
        port = str(site.pbx.sip.port)
        elsewhere = hotline(home, "probe", "12345", "--host", "127.0.0.1", "--port", port)
        assert elsewhere.returncode == 0, elsewhere.stdout
        assert "heard the flow: " in elsewhere.stdout  # known by what is shipped
        nobody = hotline(home, "probe", "--site", site.folder, "--expect", "person")
        assert nobody.returncode == 1
        assert "answered, but not by the person" in nobody.stdout
        examined = hotline(home, "doctor", "--site", site.folder, "--json")
        findings = json.loads(examined.stdout)
        assert not [found for found in findings if found["verdict"] == "broken"]
        assert examined.returncode == 1  # the recogniser of the tests is none
        assert served.ends_by(signal.SIGTERM) == 0
        assert listens(site.pbx.ami.port)


def test_a_doctor_who_finds_nothing_running_says_so_and_ends_with_2(site, home):
    examined = hotline(home, "doctor", "--site", site.folder)
    assert examined.returncode == 2
    assert "BROKEN  ami" in examined.stdout
    assert "-> start Asterisk" in examined.stdout
    assert examined.stderr == ""


def test_a_line_without_its_backend_is_known_by_the_music_of_the_queue(site, home):
    with running(home, "asterisk", "run", "--site", site.folder) as asterisk:
        asterisk.says("Asterisk runs")
        probed = hotline(home, "probe", "--site", site.folder, "--json")
    heard = json.loads(probed.stdout)
    assert (heard["heard"], heard["prompt"]) == ("queue", "comfort.wav")
    assert (heard["answered_by"], heard["reason"]) == ("queue", "unexpected_answerer")
    assert probed.returncode == 1
