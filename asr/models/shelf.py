"""Which models there are on this machine, and in what state. Nothing is loaded or changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from asr.errors import ModelBroken, ModelMissing
from asr.models import whisper
from asr.models.fetch import CHECKSUMS
from asr.models.vosk import find_vosk_folder
from asr.settings import AsrSettings

_JOINED_LATER = "in its packages, joined when it is first used"


class ModelState(StrEnum):
    HERE = "here"
    MISSING = "missing"
    BROKEN = "broken"  # something is there, but not all that a model must hold


@dataclass(frozen=True, slots=True)
class ShelvedModel:
    """``size`` is bytes on disk, 0 when unknown; ``detail`` says where it is or what is wrong.

    ``checksum``: the known SHA-256 of what ``fetch_model`` gets; empty when nobody has computed
    it, None where every file is pinned by its own.
    """

    name: str
    engine: str
    state: ModelState
    detail: str
    size: int = 0
    checksum: str | None = None


def shelf(settings: AsrSettings) -> list[ShelvedModel]:
    """The models that can be fetched, and the ones that ``settings`` name or that lie beside."""
    configured = vosk_on_shelf(settings)
    names = set(CHECKSUMS)
    if settings.models.is_dir():
        names |= {found.name for found in settings.models.glob("vosk-model-*") if found.is_dir()}
    others = [
        _vosk(name, None, settings.models) for name in sorted(names) if name != configured.name
    ]
    return [configured, *others, whisper_on_shelf(settings)]


def vosk_on_shelf(settings: AsrSettings) -> ShelvedModel:
    """The Vosk model that would be loaded: the folder that is set, else the one of that name."""
    own = settings.vosk
    return _vosk(own.folder.name if own.folder else own.model, own.folder, settings.models)


def _vosk(name: str, folder: Path | None, models: Path) -> ShelvedModel:
    checksum = CHECKSUMS.get(name, "")
    return _looked_at(name, "vosk", checksum, lambda: find_vosk_folder(name, folder, models))


def whisper_on_shelf(settings: AsrSettings) -> ShelvedModel:
    """Whisper base, or the folder that is set in its place (whose files nobody has pinned)."""
    folder = settings.whisper.folder

    def find() -> Path | None:
        if folder is not None:
            return _check_whisper_folder(folder)
        joined = whisper.check_whisper_base(settings.models)
        return settings.models / whisper.NAME if joined else None

    if folder is not None:
        return _looked_at(folder.name, "whisper", "", find)
    return _looked_at(whisper.NAME, "whisper", None, find)


def _check_whisper_folder(folder: Path) -> Path:
    """faster-whisper opens a folder by its ``model.bin``."""
    if not folder.is_dir():
        raise ModelMissing(f"{folder} is not a folder", model=folder.name)
    file = folder / "model.bin"
    if not file.is_file() or not file.stat().st_size:
        raise ModelBroken(f"{folder.name} has no model.bin", model=folder.name)
    return folder


def _looked_at(
    name: str, engine: str, checksum: str | None, find: Callable[[], Path | None]
) -> ShelvedModel:
    try:
        place = find()
    except ModelMissing as missing:
        return ShelvedModel(name, engine, ModelState.MISSING, str(missing), 0, checksum)
    except (ModelBroken, OSError) as broken:
        return ShelvedModel(name, engine, ModelState.BROKEN, str(broken), 0, checksum)
    if place is None:
        return ShelvedModel(name, engine, ModelState.HERE, _JOINED_LATER, 0, checksum)
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    return ShelvedModel(name, engine, ModelState.HERE, str(place), size, checksum)
