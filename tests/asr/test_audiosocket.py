"""The frame parser against any split, any garbage and lying lengths."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audiosocket import Frame, FrameParser, Kind, encode, silence
from asr.errors import FrameInvalid

MAX_AUDIO = 1000
KNOWN = {int(kind) for kind in Kind}

known_frames = st.one_of(
    st.builds(Frame, st.just(Kind.UUID), st.binary(min_size=16, max_size=16)),
    st.builds(Frame, st.sampled_from([Kind.SLIN, Kind.SLIN16]), st.binary(max_size=MAX_AUDIO)),
    st.builds(
        Frame, st.sampled_from([Kind.HANGUP, Kind.DTMF, Kind.ERROR]), st.binary(max_size=255)
    ),
)
unknown_frames = st.tuples(
    st.integers(0, 255).filter(lambda kind: kind not in KNOWN), st.binary(max_size=3000)
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(places)]


def parse(parser: FrameParser, chunks: list[bytes]) -> list[Frame]:
    return [frame for chunk in chunks for frame in parser.feed(chunk)]


def raw(kind: int, payload: bytes) -> bytes:
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload


@given(
    st.lists(st.one_of(known_frames, unknown_frames), max_size=12),
    st.lists(st.integers(min_value=0), max_size=40),
)
def test_any_split_gives_the_same_frames_and_skips_unknown_kinds(frames, cuts):
    wire = b"".join(
        encode(one.kind, one.payload) if isinstance(one, Frame) else raw(*one) for one in frames
    )
    parser = FrameParser(MAX_AUDIO)
    assert parse(parser, pieces(wire, cuts)) == [one for one in frames if isinstance(one, Frame)]
    assert parser.skipped == sum(not isinstance(one, Frame) for one in frames)


def test_every_single_byte_split_of_a_header():
    wire = encode(Kind.UUID, bytes(range(16))) + silence(Kind.SLIN)
    for cut in range(len(wire) + 1):
        frames = parse(FrameParser(MAX_AUDIO), [wire[:cut], wire[cut:]])
        assert [frame.kind for frame in frames] == [Kind.UUID, Kind.SLIN]


@given(st.lists(st.binary(max_size=400), max_size=30))
def test_garbage_gives_frames_or_one_clear_error_and_no_growth(chunks):
    parser = FrameParser(MAX_AUDIO)
    for chunk in chunks:
        try:
            for frame in parser.feed(chunk):
                assert len(frame.payload) <= MAX_AUDIO
        except FrameInvalid as wrong:
            assert wrong.error_id == "audiosocket_frame_invalid"
            return
        assert len(parser._rest) < 3 + MAX_AUDIO


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        (Kind.UUID, 15),
        (Kind.UUID, 17),
        (Kind.UUID, 0xFFFF),
        (Kind.SLIN, MAX_AUDIO + 1),
        (Kind.SLIN16, 0xFFFF),
        (Kind.HANGUP, 256),
        (Kind.DTMF, 0xFFFF),
    ],
)
def test_a_lying_length_is_found_at_its_header_after_the_frames_before_it(kind, length):
    parser = FrameParser(MAX_AUDIO)
    wire = encode(Kind.DTMF, b"1") + bytes((kind,)) + length.to_bytes(2, "big")
    frames = []
    with pytest.raises(FrameInvalid) as found:
        for frame in parser.feed(wire):
            frames.append(frame)  # noqa: PERF402 - the error comes in mid-iteration
    assert frames == [Frame(Kind.DTMF, b"1")]
    assert found.value.details == {"kind": int(kind), "length": length}


def test_an_unknown_payload_of_the_greatest_length_is_not_kept():
    parser = FrameParser(MAX_AUDIO)
    wire = raw(0x42, bytes(0xFFFF)) + encode(Kind.DTMF, b"9")
    held = 0
    frames = []
    for at in range(0, len(wire), 500):
        frames += parser.feed(wire[at : at + 500])
        held = max(held, len(parser._rest))
    assert frames == [Frame(Kind.DTMF, b"9")]
    assert held < 3


def test_many_frames_in_one_read():
    wire = (encode(Kind.SLIN, b"\x01\x00" * 160) + raw(0x42, b"?")) * 50
    frames = parse(FrameParser(MAX_AUDIO), [wire[:-1], wire[-1:]])
    assert frames == [Frame(Kind.SLIN, b"\x01\x00" * 160)] * 50


def test_silence_is_sixty_milliseconds():
    assert silence(Kind.SLIN) == b"\x10\x03\xc0" + bytes(960)
    assert silence(Kind.SLIN16) == b"\x12\x07\x80" + bytes(1920)


def test_a_payload_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="65536"):
        encode(Kind.SLIN, bytes(0x10000))
