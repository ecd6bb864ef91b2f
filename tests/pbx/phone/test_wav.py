"""WAV files of any form in, the phone's one form out."""

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from pbx.phone.errors import WavInvalid
from pbx.phone.listen import level_dbfs, tone_share
from pbx.phone.wav import read_wav, write_wav
from tests.pbx.phone.far_end import tone


def write(
    path: Path, frames: bytes, *, rate: int = 8000, width: int = 2, channels: int = 1
) -> Path:
    with wave.open(str(path), "wb") as wav:
        wav.setframerate(rate)
        wav.setsampwidth(width)
        wav.setnchannels(channels)
        wav.writeframes(frames)
    return path


def sine(rate: int, hz: float, width: int, channels: int, seconds: float = 0.5) -> bytes:
    wave_form = np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate) * 0.5
    if width == 1:
        octets = np.rint(wave_form * 127 + 128).astype(np.uint8).tobytes()
    else:
        full = np.rint(wave_form * 2 ** (8 * width - 1)).astype("<i4")
        octets = full.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    frames = [octets[i : i + width] * channels for i in range(0, len(octets), width)]
    return b"".join(frames)


def test_what_was_written_is_read_back(tmp_path):
    sound = tone(440, 0.3)
    write_wav(tmp_path / "a.wav", sound)
    assert read_wav(tmp_path / "a.wav") == sound


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_pcm_becomes_8_khz_mono(tmp_path, rate, width, channels):
    frames = sine(rate, 1000, width, channels)
    pcm = read_wav(write(tmp_path / "a.wav", frames, rate=rate, width=width, channels=channels))
    assert len(pcm) == 2 * 4000
    assert tone_share(pcm, 1000) > 0.99
    assert level_dbfs(pcm) == pytest.approx(-9.03, abs=0.2)


def test_what_a_telephone_cannot_carry_does_not_fold_back(tmp_path):
    pcm = read_wav(write(tmp_path / "a.wav", sine(48000, 7000, 2, 1), rate=48000))
    assert level_dbfs(pcm) < -60


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"this is not a WAV at all, but a letter",
        b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00",
        # mu-law (format 7) in a WAV is not PCM
        b"RIFF"
        + struct.pack("<I", 40)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 7, 1, 8000, 8000, 1, 8)
        + b"data"
        + struct.pack("<I", 4)
        + b"\xff\xff\xff\xff",
    ],
)
def test_a_file_that_is_not_one_is_refused_by_name(tmp_path, content):
    (tmp_path / "not.wav").write_bytes(content)
    with pytest.raises(WavInvalid) as refused:
        read_wav(tmp_path / "not.wav")
    assert refused.value.error_id == "wav_invalid"
    assert refused.value.details == {"file": "not.wav"}


def test_a_wav_without_sound_is_refused(tmp_path):
    with pytest.raises(WavInvalid):
        read_wav(write(tmp_path / "a.wav", b""))


def test_a_header_that_promises_more_than_there_is_gives_what_there_is(tmp_path):
    path = write(tmp_path / "a.wav", tone(440, 0.2))
    path.write_bytes(path.read_bytes()[:-101])
    assert read_wav(path) == tone(440, 0.2)[:-102]


def test_a_wav_longer_than_half_an_hour_is_refused(tmp_path):
    with pytest.raises(WavInvalid) as refused:
        read_wav(write(tmp_path / "a.wav", bytes(1801 * 1000), rate=1000, width=1))
    assert refused.value.details["limit_seconds"] == 1800


def test_a_form_that_no_one_uses_is_refused(tmp_path):
    with pytest.raises(WavInvalid):
        read_wav(write(tmp_path / "a.wav", bytes(100), rate=100))


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_wav(tmp_path / "none.wav")
