"""Recorded prompts: names to files that Asterisk can play, with their lengths.

A folder ``prompts/<language>`` holds one WAV per prompt and ``prompts.yaml`` with their texts.
Asterisk plays 8 kHz, mono, 16-bit WAV without any conversion (``format_wav``); other files it
would refuse, in the middle of a call.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from pbx.ivr.errors import PromptMissing
from pbx.ivr.issues import Issue, Rule
from pbx.ivr.model import FlowModel, PromptName
from pbx.ivr.yaml_file import YamlFile, YamlRefused, read_yaml

SHEET = "prompts.yaml"
WAV_FORM = (1, 2, 8000)  # channels, bytes per sample, samples per second


class PromptSheet(FlowModel):
    """``prompts.yaml``: where the recordings come from, and what each of them says."""

    source: str = Field(min_length=1)
    prompts: dict[PromptName, str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """``path`` is the file's, without extension, as Asterisk wants it; ``seconds`` its length."""

    name: str
    path: str
    seconds: float
    text: str


class PromptBook:
    """The prompts that can be played, by name; ``issues`` says what is wrong with the others."""

    def __init__(self, prompts: Mapping[str, Prompt], issues: tuple[Issue, ...] = ()) -> None:
        self._prompts = dict(prompts)
        self.issues = issues

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._prompts)

    def find(self, name: str) -> Prompt:
        """Raises ``PromptMissing``."""
        try:
            return self._prompts[name]
        except KeyError:
            raise PromptMissing("no such prompt", prompt=name) from None


def load_prompts(folder: Path) -> PromptBook:
    """Read ``folder``. Raises nothing: a prompt that cannot be played is an issue."""
    try:
        file = read_yaml(folder / SHEET)
        sheet = PromptSheet.model_validate(file.data)
    except YamlRefused as refused:
        return PromptBook({}, (refused.issue,))
    except ValidationError as wrong:
        message = wrong.errors(include_url=False)[0]["msg"]
        return PromptBook({}, (Issue(SHEET, 0, Rule.PROMPT_SHEET_WRONG, message),))
    prompts: dict[str, Prompt] = {}
    issues: list[Issue] = []
    for name, text in sheet.prompts.items():
        found = _read(folder, name, text, file)
        if isinstance(found, Prompt):
            prompts[name] = found
        else:
            issues.append(found)
    issues.extend(_without_text(folder, sheet))
    return PromptBook(prompts, tuple(issues))


def _read(folder: Path, name: str, text: str, file: YamlFile) -> Prompt | Issue:
    path = folder.absolute() / f"{name}.wav"

    def wrong(rule: Rule, message: str) -> Issue:
        return file.issue(rule, message, "prompts", name, fatal=False)

    try:
        with wave.open(str(path), "rb") as sound:
            form = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
            # Counted, not believed: the header of a file cut short promises more than there is.
            frames = len(sound.readframes(sound.getnframes())) // WAV_FORM[1]
    except FileNotFoundError:
        return wrong(Rule.PROMPT_FILE_MISSING, f"there is no file {path.name}")
    except (OSError, EOFError, wave.Error):
        return wrong(Rule.PROMPT_FILE_BROKEN, f"{path.name} is not a WAV file")
    if form != WAV_FORM:
        return wrong(Rule.PROMPT_FORM, f"{path.name} must be 8 kHz, mono, 16 bit")
    if not frames:
        return wrong(Rule.PROMPT_EMPTY, f"{path.name} holds no sound")
    return Prompt(name, str(path.with_suffix("")), frames / WAV_FORM[2], text)


def _without_text(folder: Path, sheet: PromptSheet) -> Iterator[Issue]:
    for path in sorted(folder.glob("*.wav")):
        if path.stem not in sheet.prompts:
            message = f"{path.name} has no text in {SHEET}"
            yield Issue(SHEET, 0, Rule.PROMPT_TEXT_MISSING, message, fatal=False)
