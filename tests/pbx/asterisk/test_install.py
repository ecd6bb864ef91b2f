"""The installer against a machine of scripts: fake apt, fake packages, a fake Asterisk in them."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pbx.asterisk import (
    AsteriskDownloadFailed,
    AsteriskUnavailable,
    AsteriskUnpackFailed,
    ensure_asterisk,
    find_cached,
)

PROJECT = Path(__file__).parents[3]


@dataclass
class Machine:
    """A Debian of scripts. ``state`` holds what apt was asked, and files that steer the scripts:
    ``apt-fails``, ``unpack-fails`` and ``unpack-waits``."""

    root: Path

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def script(self, name: str, text: str) -> Path:
        path = self.root / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + textwrap.dedent(text).format(state=self.state))
        path.chmod(0o755)
        return path

    def runs_of_apt(self) -> list[str]:
        log = self.state / "apt.log"
        return log.read_text().split() if log.exists() else []

    def ensure(self, progress: Callable[[str, float], None] = lambda what, done: None):
        return ensure_asterisk(self.cache, progress, self.etc)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    for folder in (made.etc / "apt", made.state):
        folder.mkdir(parents=True)
    (made.etc / "os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    (made.etc / "apt/sources.list").write_text("deb http://mirror.invalid/debian bookworm main\n")
    made.script(
        "apt-get",
        """\
        command=none
        for word in "$@"; do case $word in update|install) command=$word ;; esac; done
        echo $command >> {state}/apt.log
        [ -e {state}/apt-fails ] && echo "E: Unable to fetch some archives" && exit 100
        cp "$APT_CONFIG" {state}/apt.conf
        folder=$(dirname "$APT_CONFIG")
        cp $folder/sources.list {state}/sources.list
        if [ $command = install ]; then
            for name in asterisk_22.9_amd64.deb libc6_2.42_amd64.deb; do
                echo "dlstatus:1:50.0:Retrieving file"
                echo data > $folder/cache/archives/$name
            done
        fi
        exit 0
        """,
    )
    made.script("apt-config", """echo 'Acquire::http::Proxy "http://proxy.invalid/";'""")
    made.script("dpkg", "echo amd64")
    # The loader stands in for Asterisk: whatever it is asked to start, it says its version.
    made.script(
        "dpkg-deb",
        """\
        [ -e {state}/unpack-fails ] && echo "dpkg-deb: error: no space left on device" >&2 && exit 2
        libraries=$3/usr/lib/x86_64-linux-gnu
        mkdir -p $libraries/asterisk/modules $3/usr/sbin $3/usr/share/asterisk $3/usr/share/doc
        case $2 in
        */asterisk_22*)
            printf 'ELF\\0/lib64/ld-fake.so.2\\0' > $3/usr/sbin/asterisk
            while [ -e {state}/unpack-waits ]; do sleep 0.05; done ;;
        *)
            printf '#!/bin/sh\\necho Asterisk 22.9-fake\\n' > $libraries/ld-fake.so.2
            chmod +x $libraries/ld-fake.so.2 ;;
        esac
        """,
    )
    tools = os.pathsep.join([str(tmp_path / "bin"), "/usr/bin", "/bin"])
    monkeypatch.setenv("PATH", tools)
    monkeypatch.setattr("pbx.asterisk.locate.SBIN", (str(tmp_path / "sbin"),))
    return made


def test_asterisk_is_unpacked_into_the_cache_by_version(machine):
    told: list[tuple[str, float]] = []
    found = machine.ensure(lambda what, done: told.append((what, done)))
    assert found.version == "22.9-fake"
    assert found.origin == machine.cache / "22.9-fake"
    assert found.modules == found.origin / "root/usr/lib/x86_64-linux-gnu/asterisk/modules"
    record = json.loads((found.origin / "install.json").read_text())
    assert record["version"] == "22.9-fake"
    assert record["packages"] == ["asterisk_22.9_amd64.deb", "libc6_2.42_amd64.deb"]
    assert not (found.origin / "root/usr/share/doc").exists()
    assert told[0] == ("package lists", 0.0)
    assert ("download", 0.5) in told
    assert told[-1] == ("unpack", 1.0)
    assert all(0.0 <= done <= 1.0 for _, done in told)


def test_the_cache_is_used_again_without_the_network(machine):
    first = machine.ensure()
    (machine.state / "apt-fails").touch()
    (machine.etc / "apt/sources.list").unlink()
    assert machine.ensure() == first
    assert machine.runs_of_apt() == ["update", "install"]


def test_apt_reads_nothing_of_the_machine_but_mirror_and_proxy(machine):
    machine.ensure()
    config = (machine.state / "apt.conf").read_text()
    assert 'Acquire::http::Proxy "http://proxy.invalid/";' in config
    assert 'Dir::Etc::Parts "/dev/null";' in config
    assert (machine.state / "sources.list").read_text() == (
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
        "http://mirror.invalid/debian sid main\n"
    )


def test_a_failed_download_says_what_apt_said_and_leaves_nothing(machine):
    (machine.state / "apt-fails").touch()
    with pytest.raises(AsteriskDownloadFailed) as failed:
        machine.ensure()
    assert failed.value.error_id == "asterisk_download_failed"
    assert str(failed.value).endswith("(package lists): Unable to fetch some archives")
    assert [path.name for path in machine.cache.iterdir()] == [".lock"]


def test_a_half_unpacked_tree_does_not_count(machine):
    (machine.state / "unpack-fails").touch()
    with pytest.raises(AsteriskUnpackFailed) as failed:
        machine.ensure()
    assert failed.value.error_id == "asterisk_unpack_failed"
    assert "no space left" in str(failed.value)
    assert "\n" not in str(failed.value)
    assert find_cached(machine.cache) is None
    (machine.state / "unpack-fails").unlink()
    assert machine.ensure().version == "22.9-fake"


def test_a_killed_installation_leaves_nothing_that_counts(machine):
    (machine.state / "unpack-waits").touch()
    code = (
        "import sys; from pathlib import Path; from pbx.asterisk import ensure_asterisk\n"
        "def told(what, done): print(what, flush=True)\n"
        "ensure_asterisk(Path(sys.argv[1]), told, Path(sys.argv[2]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(machine.cache), str(machine.etc)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("unpack"):
                break
        os.killpg(process.pid, signal.SIGKILL)
    assert find_cached(machine.cache) is None
    assert list(machine.cache.glob(".unpack-*"))
    (machine.state / "unpack-waits").unlink()
    assert machine.ensure().version == "22.9-fake"
    assert not list(machine.cache.glob(".unpack-*"))


def test_two_at_once_install_one(machine):
    (machine.state / "unpack-waits").touch()
    unpacking, waiting = threading.Event(), threading.Event()
    found = []

    def first(what: str, done: float) -> None:
        if what == "unpack":
            unpacking.set()

    def second(what: str, done: float) -> None:
        if what == "waiting for another installation":
            waiting.set()

    threads = []
    for progress, begun in ((first, unpacking), (second, waiting)):
        thread = threading.Thread(target=lambda p=progress: found.append(machine.ensure(p)))
        thread.start()
        threads.append(thread)
        assert begun.wait(20)
    (machine.state / "unpack-waits").unlink()
    for thread in threads:
        thread.join(20)
    assert found[0] == found[1]
    assert machine.runs_of_apt() == ["update", "install"]


def test_a_damaged_tree_is_replaced(machine):
    found = machine.ensure()
    Path(found.command[0]).unlink()
    assert find_cached(machine.cache) is None
    assert machine.ensure() == found
    assert Path(found.command[0]).exists()


def test_an_unreadable_record_is_no_installation(machine):
    found = machine.ensure()
    (found.origin / "install.json").write_text("{")
    assert find_cached(machine.cache) is None


def test_a_cache_that_cannot_be_made_is_a_clear_error(machine):
    machine.cache.touch()
    with pytest.raises(AsteriskUnpackFailed, match="no folder"):
        machine.ensure()


@pytest.mark.parametrize(
    ("release", "says"),
    [('ID=ubuntu\nID_LIKE="debian"\n', "on Ubuntu: apt install asterisk"), ("", "install")],
)
def test_elsewhere_it_says_what_to_install(machine, release, says):
    (machine.etc / "os-release").write_text(release)
    with pytest.raises(AsteriskUnavailable, match=says) as unavailable:
        machine.ensure()
    assert unavailable.value.error_id == "asterisk_unavailable"
    assert machine.runs_of_apt() == []


def test_a_debian_without_a_mirror_says_so(machine):
    (machine.etc / "apt/sources.list").write_text("deb http://other.invalid/x nodistro main\n")
    with pytest.raises(AsteriskUnavailable, match="no Debian mirror"):
        machine.ensure()


def test_without_apt_it_says_what_is_missing(machine, monkeypatch):
    monkeypatch.setenv("PATH", str(machine.root / "nowhere"))
    with pytest.raises(AsteriskUnavailable, match="no apt-get"):
        machine.ensure()


def own_asterisk(machine: Machine, says: str) -> Path:
    """An Asterisk of the machine's own, in the usual places under its prefix."""
    program = machine.script("asterisk", f"echo {says}")
    (machine.root / "lib/asterisk/modules").mkdir(parents=True)
    (machine.root / "lib/asterisk/modules/app_queue.so").touch()
    (machine.root / "share/asterisk/documentation").mkdir(parents=True)
    return program


def test_an_installed_asterisk_wins(machine):
    program = own_asterisk(machine, "Asterisk 20.9.1")
    found = machine.ensure()
    assert (found.version, found.origin) == ("20.9.1", None)
    assert found.command == (str(program),)
    assert found.modules == machine.root / "lib/asterisk/modules"
    assert found.data == machine.root / "share/asterisk"
    assert machine.runs_of_apt() == []


def test_an_installed_asterisk_is_found_though_the_user_s_path_lacks_sbin(machine):
    program = own_asterisk(machine, "Asterisk 22.1.0")
    (machine.root / "sbin").mkdir()
    program = program.rename(machine.root / "sbin/asterisk")
    assert machine.ensure().command == (str(program),)


def test_an_installed_asterisk_s_own_folders_are_found(machine):
    own_asterisk(machine, "Asterisk certified/20.7-cert1")
    modules, data = machine.root / "opt/modules", machine.root / "opt/data"
    modules.mkdir(parents=True)
    (modules / "app_queue.so").touch()
    (data / "documentation").mkdir(parents=True)
    (machine.etc / "asterisk").mkdir()
    (machine.etc / "asterisk/asterisk.conf").write_text(
        f"[directories]\nastmoddir => {modules}\nastdatadir={data}\n"
    )
    found = machine.ensure()
    assert (found.modules, found.data) == (modules, data)


@pytest.mark.parametrize("says", ["Asterisk 18.20.0", "Asterisk", "not at all"])
def test_an_asterisk_that_is_too_old_does_not_win(machine, says):
    own_asterisk(machine, says)
    assert machine.ensure().version == "22.9-fake"


def test_an_installed_asterisk_without_its_modules_does_not_win(machine):
    own_asterisk(machine, "Asterisk 22.1.0")
    (machine.root / "lib/asterisk/modules/app_queue.so").unlink()
    assert machine.ensure().version == "22.9-fake"


def test_others_may_use_the_cache(machine):
    found = machine.ensure()
    assert stat.S_IMODE(found.origin.stat().st_mode) == 0o755
