"""Finding, checking, joining and fetching models, against a site on this machine."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from asr.engines import load_engine
from asr.errors import EngineUnavailable, ModelBroken, ModelFetchFailed, ModelMissing
from asr.models import check_vosk_folder, fetch_model, find_vosk_folder, join_whisper_base, whisper
from asr.settings import AsrSettings

NAME = "vosk-model-small-cn-0.22"
LAYOUT = ("am/final.mdl", "conf/mfcc.conf", "graph/HCLr.fst", "graph/Gr.fst")


def make_model(folder: Path) -> Path:
    for file in LAYOUT:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"x")
    return folder


def archive(files: tuple[str, ...] = LAYOUT, top: str = NAME) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for file in files:
            packed.writestr(f"{top}/{file}", b"x" * 1000)
    return content.getvalue()


@pytest.fixture
def site() -> Iterator[dict[str, object]]:
    """A web site: ``pages[path] = bytes``; ``short`` cuts what it sends."""
    pages: dict[str, object] = {"short": 0}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            if not isinstance(page, bytes):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page[: len(page) - int(str(pages["short"]))])

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        pages["address"] = f"http://127.0.0.1:{server.server_port}/"
        yield pages
        server.shutdown()
        thread.join()


def fetch(site: dict[str, object], folder: Path, **more: str):
    seen: list[tuple[int, int | None]] = []
    fetched = fetch_model(
        NAME, folder, lambda so_far, total: seen.append((so_far, total)),
        site=str(site["address"]), **more,
    )  # fmt: skip
    return fetched, seen


def test_a_fetched_model_is_whole_and_its_checksum_said_to_be_unknown(site, tmp_path):
    content = archive()
    site[f"/{NAME}.zip"] = content
    fetched, seen = fetch(site, tmp_path / "models")
    assert fetched.folder == tmp_path / "models" / NAME
    assert fetched.sha256 == hashlib.sha256(content).hexdigest()
    assert not fetched.verified
    assert seen[-1] == (len(content), len(content))
    assert [entry.name for entry in (tmp_path / "models").iterdir()] == [NAME]
    assert find_vosk_folder(NAME, None, tmp_path / "models") == fetched.folder
    again, seen = fetch(site, tmp_path / "models")
    assert again.folder == fetched.folder
    assert seen == []


def test_a_known_checksum_is_compared(site, tmp_path):
    content = archive()
    site[f"/{NAME}.zip"] = content
    with pytest.raises(ModelFetchFailed) as refused:
        fetch(site, tmp_path, sha256="0" * 64)
    assert refused.value.details == {"reason": "checksum"}
    assert list(tmp_path.iterdir()) == []
    fetched, _ = fetch(site, tmp_path, sha256=hashlib.sha256(content).hexdigest())
    assert fetched.verified


@pytest.mark.parametrize(
    ("content", "short", "error", "reason"),
    [
        (None, 0, ModelFetchFailed, "http_404"),
        (archive(), 100, ModelFetchFailed, "network"),
        (b"no archive at all", 0, ModelFetchFailed, "archive"),
        (archive(LAYOUT[:2]), 0, ModelBroken, None),
        (archive(top="something-else"), 0, ModelMissing, None),
    ],
)
def test_a_failed_fetch_says_why_and_leaves_nothing(content, short, error, reason, site, tmp_path):
    site[f"/{NAME}.zip"] = content
    site["short"] = short
    with pytest.raises(error) as failed:
        fetch(site, tmp_path / "models")
    assert failed.value.details.get("reason") == reason
    assert list((tmp_path / "models").iterdir()) == []


def test_without_a_network_it_says_so(tmp_path):
    with pytest.raises(ModelFetchFailed) as failed:
        fetch_model(NAME, tmp_path, lambda *_: None, site="http://127.0.0.1:9/")
    assert failed.value.details == {"reason": "network"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "vosk-model-../x", "other", ""])
def test_only_names_of_models_are_fetched(name, tmp_path):
    with pytest.raises(ModelFetchFailed) as failed:
        fetch_model(name, tmp_path, lambda *_: None, site="http://127.0.0.1:9/")
    assert failed.value.details == {"reason": "name"}


def test_a_folder_that_cannot_be_written_is_a_clear_error(site, tmp_path):
    site[f"/{NAME}.zip"] = archive()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelFetchFailed) as failed:
        fetch(site, tmp_path / "file" / "models")
    assert failed.value.details == {"reason": "input_output"}


def test_an_empty_or_gutted_model_folder_is_found_before_native_code_sees_it(tmp_path):
    with pytest.raises(ModelBroken):
        check_vosk_folder(tmp_path)
    with pytest.raises(ModelMissing):
        check_vosk_folder(tmp_path / "nowhere")
    for file in LAYOUT:
        folder = make_model(tmp_path / file.replace("/", "-"))
        assert check_vosk_folder(folder) == folder
        (folder / file).write_bytes(b"")
        with pytest.raises(ModelBroken):
            check_vosk_folder(folder)
        (folder / file).unlink()
        with pytest.raises(ModelBroken):
            check_vosk_folder(folder)


def test_vosks_own_folders_are_searched_too(tmp_path, monkeypatch):
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "theirs"))
    folder = make_model(tmp_path / "theirs" / NAME)
    assert find_vosk_folder(NAME, None, tmp_path / "ours") == folder
    with pytest.raises(ModelMissing, match="hotline models fetch"):
        find_vosk_folder("vosk-model-none-0.1", None, tmp_path / "ours")


@pytest.mark.parametrize("make", [lambda folder: None, make_model])
def test_a_false_vosk_model_refuses_to_load_with_a_clear_id(make, tmp_path):
    make(tmp_path)
    settings = AsrSettings.model_validate({"vosk": {"folder": tmp_path}})
    with pytest.raises(ModelBroken) as refused:
        load_engine("vosk", settings)
    assert refused.value.error_id == "model_broken"


def test_a_false_whisper_model_refuses_to_load_with_a_clear_id(tmp_path):
    settings = AsrSettings.model_validate({"whisper": {"folder": tmp_path}})
    with pytest.raises(EngineUnavailable):
        load_engine("whisper", settings)


@pytest.mark.speech
def test_whisper_base_is_joined_once_and_repaired_when_it_is_not_whole(tmp_path):
    folder = join_whisper_base(tmp_path)
    model = folder / "model.bin"
    assert model.stat().st_size == 145_217_532
    before = model.stat().st_mtime_ns
    assert join_whisper_base(tmp_path) == folder
    assert model.stat().st_mtime_ns == before
    with model.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"rot")
    join_whisper_base(tmp_path)
    assert hashlib.sha256(model.read_bytes()).hexdigest().startswith("d01c3014881c9c6f")
    assert [entry.name for entry in tmp_path.iterdir()] == ["whisper-base"]


def test_a_package_that_holds_something_else_is_refused(tmp_path, monkeypatch):
    false = tmp_path / "data"
    false.mkdir()
    for name in ("model.bin.part1", "model.bin.part2", "config.json", "tokenizer.json"):
        (false / name).write_bytes(b"not what was pinned")
    monkeypatch.setattr(whisper, "_data_folder", lambda package: false)
    with pytest.raises(ModelBroken, match="pinned"):
        join_whisper_base(tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_missing_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(whisper, "_PART_1", "no_such_package")
    with pytest.raises(ModelMissing, match="no-such-package"):
        join_whisper_base(tmp_path)
