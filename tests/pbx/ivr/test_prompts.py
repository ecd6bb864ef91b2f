"""Prompts: what Asterisk can play, and what is said about the rest."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from pbx.ivr.errors import PromptMissing
from pbx.ivr.issues import Rule
from pbx.ivr.prompts import load_prompts
from tests.pbx.ivr.flows import FLOWS, PROMPTS


def record(path: Path, seconds: float = 1.0, rate: int = 8000, channels: int = 1, width: int = 2):
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.setframerate(rate)
        sound.writeframes(bytes(int(seconds * rate) * channels * width))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts.yaml").write_text(
        "source: 测试\nprompts:\n  hello: 您好\n", encoding="utf-8"
    )
    record(tmp_path / "hello.wav", 1.5)
    return tmp_path


def rules(folder: Path) -> list[Rule]:
    return [issue.rule for issue in load_prompts(folder).issues]


def test_every_shipped_prompt_can_be_played():
    assert PROMPTS.issues == ()
    assert len(PROMPTS.names) == len(list((FLOWS / "prompts/zh").glob("*.wav")))


def test_a_prompt_is_a_path_without_extension_and_a_length(folder):
    prompt = load_prompts(folder).find("hello")
    assert prompt.path == str(folder / "hello")
    assert prompt.seconds == pytest.approx(1.5)
    assert prompt.text == "您好"


def test_an_unknown_prompt_is_a_clear_error(folder):
    with pytest.raises(PromptMissing):
        load_prompts(folder).find("gone")


def test_a_missing_file_is_an_issue_and_no_prompt(folder):
    (folder / "hello.wav").unlink()
    assert rules(folder) == [Rule.PROMPT_FILE_MISSING]
    assert load_prompts(folder).issues[0].line == 3
    assert not load_prompts(folder).names


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"\0" * 100])
def test_a_wav_that_is_not_one_is_an_issue(folder, content):
    (folder / "hello.wav").write_bytes(content)
    assert rules(folder) == [Rule.PROMPT_FILE_BROKEN]


@pytest.mark.parametrize("form", [{"rate": 16000}, {"channels": 2}, {"width": 1}])
def test_a_wav_that_asterisk_would_refuse_is_an_issue(folder, form):
    record(folder / "hello.wav", **form)
    assert rules(folder) == [Rule.PROMPT_FORM]


def test_a_silent_file_of_no_length_is_an_issue(folder):
    record(folder / "hello.wav", 0)
    assert rules(folder) == [Rule.PROMPT_EMPTY]


def test_a_file_cut_short_counts_for_what_is_there(folder):
    path = folder / "hello.wav"
    path.write_bytes(path.read_bytes()[:-8000])
    assert load_prompts(folder).find("hello").seconds == pytest.approx(1.0)


def test_a_recording_without_its_words_is_an_issue(folder):
    record(folder / "extra.wav")
    assert rules(folder) == [Rule.PROMPT_TEXT_MISSING]


@pytest.mark.parametrize("sheet", ["", "prompts: {}", "source: x\nprompts: {BAD NAME: x}"])
def test_a_wrong_sheet_is_an_issue_and_leaves_no_prompts(folder, sheet):
    (folder / "prompts.yaml").write_text(sheet, encoding="utf-8")
    assert rules(folder) == [Rule.PROMPT_SHEET_WRONG]


def test_a_folder_that_is_not_there_is_an_issue(tmp_path):
    assert rules(tmp_path / "gone") == [Rule.FILE_UNREADABLE]
