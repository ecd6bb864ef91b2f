"""The models on this machine: here, missing or broken, and nothing is changed by looking."""

from __future__ import annotations

from pathlib import Path

import pytest

from asr.models import ModelState, ShelvedModel, shelf, vosk_on_shelf, whisper_on_shelf
from asr.models.fetch import CHECKSUMS
from asr.settings import AsrSettings

FILES = ("am/final.mdl", "conf/mfcc.conf", "graph/HCLG.fst")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsrSettings:
    """Nothing of this machine's own models is seen."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "none"))
    return AsrSettings(models=tmp_path / "models")


def lay(folder: Path, files: tuple[str, ...] = FILES) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(bytes(100))
    return folder


def named(models: list[ShelvedModel], name: str) -> ShelvedModel:
    [model] = [model for model in models if model.name == name]
    return model


def test_every_model_that_can_be_fetched_is_listed(settings):
    models = shelf(settings)
    assert {model.name for model in models} == {*CHECKSUMS, "whisper-base"}
    assert named(models, settings.vosk.model).state is ModelState.MISSING
    assert not settings.models.exists()


def test_a_whole_model_is_here_with_its_size(settings):
    lay(settings.models / settings.vosk.model)
    model = vosk_on_shelf(settings)
    assert (model.state, model.size) == (ModelState.HERE, 300)
    assert model.detail == str(settings.models / settings.vosk.model)


def test_a_model_with_a_file_missing_is_broken(settings):
    lay(settings.models / settings.vosk.model, FILES[:2])
    model = vosk_on_shelf(settings)
    assert model.state is ModelState.BROKEN
    assert "graph/HCLG.fst" in model.detail


def test_models_that_lie_beside_are_listed_too(settings):
    lay(settings.models / "vosk-model-of-ours")
    model = named(shelf(settings), "vosk-model-of-ours")
    assert (model.state, model.checksum) == (ModelState.HERE, "")


def test_a_folder_that_is_set_wins_over_the_name(settings, tmp_path):
    lay(settings.models / settings.vosk.model)
    folder = tmp_path / "elsewhere"
    own = settings.vosk.model_copy(update={"folder": folder})
    assert vosk_on_shelf(settings.model_copy(update={"vosk": own})).state is ModelState.MISSING
    lay(folder)
    model = vosk_on_shelf(settings.model_copy(update={"vosk": own}))
    assert (model.name, model.state) == ("elsewhere", ModelState.HERE)


def test_a_whisper_folder_of_the_sites_own_is_looked_at_by_its_files(settings, tmp_path):
    folder = tmp_path / "own-whisper"
    own = settings.whisper.model_copy(update={"folder": folder})
    settings = settings.model_copy(update={"whisper": own})
    assert whisper_on_shelf(settings).state is ModelState.MISSING
    folder.mkdir()
    assert whisper_on_shelf(settings).state is ModelState.BROKEN
    (folder / "model.bin").write_bytes(b"x")
    model = whisper_on_shelf(settings)
    assert (model.state, model.checksum) == (ModelState.HERE, "")


@pytest.mark.speech
def test_whisper_in_its_packages_is_whole_before_it_is_joined(settings):
    model = whisper_on_shelf(settings)
    assert (model.state, model.checksum) == (ModelState.HERE, None)
    assert "joined when it is first used" in model.detail
    assert not settings.models.exists()
