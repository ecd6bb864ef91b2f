"""Where Vosk models lie and what one must hold.

The folders and the layout are Vosk's own (``vosk.Model``, and ``model.cc`` of vosk-api 0.3.45).
They are checked here because native code answers a broken model with a crash or a bare null.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from asr.errors import ModelBroken, ModelMissing

# Of each group one entry must be there; an entry is a set of files that belong together.
_NEEDED: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("am/final.mdl",), ("final.mdl",)),
    (("conf/mfcc.conf",), ("mfcc.conf",)),
    (
        ("graph/HCLG.fst",),
        ("graph/HCLr.fst", "graph/Gr.fst"),
        ("HCLG.fst",),
        ("HCLr.fst", "Gr.fst"),
    ),
)


def find_vosk_folder(model: str, folder: Path | None, ours: Path) -> Path:
    """The checked folder of a model: ``folder`` if given, else ``model`` by name.

    By name it is looked for in ``ours`` and then where Vosk itself looks. Raises ``ModelMissing``
    or ``ModelBroken``.
    """
    if folder is not None:
        return check_vosk_folder(folder)
    for place in (ours, *_vosk_places()):
        if (place / model).is_dir():
            return check_vosk_folder(place / model)
    raise ModelMissing(
        f"there is no Vosk model {model}; `hotline models fetch {model}` gets it where there is "
        "a network, else unpack it there by hand or set its folder",
        model=model,
    )


def check_vosk_folder(folder: Path) -> Path:
    """``folder`` itself if it has the files that make a Vosk model, none of them empty.

    Raises ``ModelMissing`` when it is no folder, ``ModelBroken`` when something is not there.
    """
    if not folder.is_dir():
        raise ModelMissing(f"{folder.name} is not a folder", model=folder.name)
    for group in _NEEDED:
        if not any(_complete(folder, files) for files in group):
            wanted = " or ".join(" with ".join(files) for files in group)
            raise ModelBroken(f"{folder.name} has no {wanted}", model=folder.name)
    return folder


def _complete(folder: Path, files: Sequence[str]) -> bool:
    return all((folder / file).is_file() and (folder / file).stat().st_size for file in files)


def _vosk_places() -> list[Path]:
    named = os.environ.get("VOSK_MODEL_PATH")
    return [
        *([Path(named)] if named else []),
        Path("/usr/share/vosk"),
        Path.home() / ".cache" / "vosk",
    ]
