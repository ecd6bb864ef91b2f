"""The AudioSocket server over real TCP, with engines that can be held up."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import statistics
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace

import pytest

from asr.audiosocket import Kind, encode
from asr.decoding import DecodingPool
from asr.engine import Hypothesis
from asr.engines.fake import FakeEngine
from asr.server import AudioSocketServer
from asr.settings import AsrSettings
from asr.streams import Streams
from core.clock import SystemClock
from core.transcript import StreamState


class HeldEngine:
    """Says of each stretch of audio how long it was, but only when it is let go."""

    name = "held"
    threads = None

    def __init__(self) -> None:
        self.go = threading.Event()

    def recogniser(self, sample_rate: int) -> HeldRecogniser:
        return HeldRecogniser(self.go)


class HeldRecogniser:
    def __init__(self, go: threading.Event) -> None:
        self._go = go
        self._samples = 0

    def accept(self, pcm: bytes) -> list[Hypothesis]:
        self._go.wait(20)
        self._samples += len(pcm) // 2
        return []

    def finish(self) -> list[Hypothesis]:
        return [Hypothesis(f"{self._samples} samples", 0, self._samples, final=True)]


@pytest.fixture
async def house(sink) -> AsyncIterator[Callable[..., object]]:
    """``await house(engine=..., **settings)``: a server in this very process."""
    running = []

    async def start(engine: object = None, **more: object) -> SimpleNamespace:
        settings = AsrSettings.model_validate(more)
        clock = SystemClock()
        pool = DecodingPool(engine or FakeEngine(settings), settings.decoding, clock)

        def say(segment):
            sink.segments.append(segment)
            sink._changed.set()

        def report(one):
            sink.reports.append(one)
            sink._changed.set()

        streams = Streams(pool, settings.audiosocket, clock, say, report)
        server = AudioSocketServer(settings.audiosocket, streams, clock)
        address = await server.start()
        running.append((server, pool, asyncio.create_task(server.run())))
        return SimpleNamespace(server=server, streams=streams, pool=pool, address=address)

    yield start
    for server, pool, ticking in running:
        server.close()
        pool.close()
        ticking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ticking


async def tapped(house, connect, tap):
    house.streams.expect(tap)
    peer = await connect(house.address)
    peer.identify(tap.tap_id)
    return peer


async def until_decoding(pool) -> None:
    async with asyncio.timeout(20):
        while pool.longest_turn() == 0:  # noqa: ASYNC110 - the thread rings no bell
            await asyncio.sleep(0.01)


async def test_as_much_silence_as_time_comes_back_from_the_first_frame(house, connect, make_tap):
    peer = await tapped(await house(), connect, make_tap())
    # Nothing but the id has been sent: Asterisk may not say anything before it hears something.
    await peer.until_heard(18)
    assert {(kind, payload) for _, kind, payload in peer.heard} == {(Kind.SLIN, bytes(960))}
    times = [at for at, _, _ in peer.heard]
    assert statistics.median(b - a for a, b in itertools.pairwise(times)) == pytest.approx(
        0.06, abs=0.02
    )
    assert times[17] - times[0] == pytest.approx(17 * 0.06, abs=0.3)


async def test_the_silence_of_half_a_second_is_made_good_after_a_stall(
    house, connect, make_tap, sink
):
    here = await house()
    tap = make_tap()
    peer = await tapped(here, connect, tap)
    await peer.until_heard(2)
    (connection,) = here.server.connections
    sent = connection._silence_due
    connection._feed_silence(sent + 0.31)
    assert connection._silence_due - sent == pytest.approx(6 * 0.06)
    connection._feed_silence(sent + 100)
    assert connection._silence_due - (sent + 100) == pytest.approx(0.04)
    await peer.until_heard(2 + 6 + 9)


async def test_silence_takes_the_form_of_the_audio(house, connect, make_tap, tone, sink):
    tap = make_tap()
    peer = await tapped(await house(), connect, tap)
    peer.audio(tone(0.5, rate=16000), Kind.SLIN16)
    async with asyncio.timeout(20):
        while not peer.heard or peer.heard[-1][1] is not Kind.SLIN16:
            await peer.until_heard(len(peer.heard) + 1)
    assert peer.heard[-1][2] == bytes(1920)
    peer.hang_up()
    await sink.until_state(tap, StreamState.ENDED)
    (final,) = sink.finals
    assert final.end_ms - final.start_ms == pytest.approx(500, abs=40)


async def test_keys_unknown_kinds_and_odd_sizes_do_no_harm(house, connect, make_tap, tone, sink):
    tap = make_tap()
    peer = await tapped(await house(), connect, tap)
    # Read one byte off, the quiet samples would be loud.
    quiet, speech = b"\x04\x00" * 160 * 30, tone(0.6)
    pcm = quiet + speech + quiet
    for at in range(0, len(pcm), 320):
        peer.writer.write(encode(Kind.DTMF, b"5"))
        peer.writer.write(b"\x42\x00\x05hello")
        peer.writer.write(encode(Kind.SLIN, pcm[at : at + 320] + b"\x04"))
        peer.writer.write(encode(Kind.SLIN))
    peer.hang_up()
    report = await sink.until_state(tap, StreamState.ENDED)
    assert report.frames == 90
    assert report.audio_seconds == pytest.approx(1.8)
    (final,) = sink.finals
    assert final.end_ms - final.start_ms == pytest.approx(600, abs=40)


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (encode(Kind.UUID, uuid.uuid4().bytes), "unknown_id"),
        (encode(Kind.SLIN, bytes(320)), "no_id"),
        (encode(Kind.DTMF, b"1"), "no_id"),
        (encode(Kind.HANGUP), "hangup"),
        (b"\x01\x00\x0fshort-of-an-id!", "audiosocket_frame_invalid"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 200, "junk"),
        (b"", "no_id"),
    ],
)
async def test_a_stranger_is_refused_and_counted(first, reason, house, connect):
    here = await house(audiosocket={"id_seconds": 0.3})
    peer = await connect(here.address)
    peer.writer.write(first)
    await peer.until_closed()
    if reason == "junk":  # a text is one unknown frame after another, or one of an enormous length
        assert sum(here.server.refused.values()) == 1
    else:
        assert here.server.refused == {reason: 1}


async def test_the_same_id_twice_is_refused_and_the_first_goes_on(
    house, connect, make_tap, tone, sink
):
    here = await house()
    tap = make_tap()
    first = await tapped(here, connect, tap)
    await sink.until_state(tap, StreamState.OPEN)
    second = await connect(here.address)
    second.identify(tap.tap_id)
    await second.until_closed()
    assert here.server.refused == {"unknown_id": 1}
    first.audio(tone(0.5))
    first.hang_up()
    await sink.until_state(tap, StreamState.ENDED)
    assert len(sink.finals) == 1
    third = await connect(here.address)
    third.identify(tap.tap_id)  # an id that has been used up
    await third.until_closed()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\x10\xff\xff", "audiosocket_frame_invalid"),
        (encode(Kind.ERROR, b"\x01"), "peer_error"),
        (encode(Kind.UUID, bytes(16)), "second_id"),
        (encode(Kind.SLIN16, bytes(640)), "rate_changed"),
        (encode(Kind.DTMF, b"1") * 101, "junk"),
        (b"\x77\x00\x00" * 101, "junk"),
    ],
)
async def test_a_broken_stream_is_lost_with_what_it_said_and_harms_no_other(
    bad, reason, house, connect, make_tap, tone, sink
):
    here = await house()
    good_tap, bad_tap = make_tap(), make_tap()
    good = await tapped(here, connect, good_tap)
    peer = await tapped(here, connect, bad_tap)
    peer.audio(tone(0.5))
    peer.writer.write(bad)
    report = await sink.until_state(bad_tap, StreamState.LOST)
    assert report.reason == reason
    assert len(sink.finals) == 1
    await peer.until_closed()
    good.audio(tone(0.5))
    good.hang_up()
    await sink.until_state(good_tap, StreamState.ENDED)
    assert len(sink.finals) == 2


async def test_a_telephone_may_be_silent_for_long(house, connect, make_tap, tone, sink):
    tap = make_tap()
    peer = await tapped(await house(audiosocket={"idle_seconds": 0.2}), connect, tap)
    await peer.until_heard(10)
    peer.audio(tone(0.5))
    peer.hang_up()
    report = await sink.until_state(tap, StreamState.ENDED)
    assert report.reason == "hangup"
    assert len(sink.finals) == 1


async def test_a_peer_that_neither_sends_nor_reads_is_lost_and_costs_no_memory(
    house, make_tap, sink
):
    here = await house(audiosocket={"idle_seconds": 0.2})
    tap = make_tap()
    here.streams.expect(tap)
    _, writer = await asyncio.open_connection(*here.address, limit=1024)
    writer.transport.pause_reading()
    writer.write(encode(Kind.UUID, uuid.UUID(tap.tap_id).bytes))
    await sink.until_state(tap, StreamState.OPEN)
    (connection,) = here.server.connections
    now = SystemClock().monotonic()
    for _ in range(60_000):  # an hour of silence, at once
        connection._silence_due = now
        connection._feed_silence(now)
    assert connection._transport.get_write_buffer_size() < 20_000
    report = await sink.until_state(tap, StreamState.LOST)
    assert report.reason == "idle"
    async with asyncio.timeout(20):
        while here.server.connections:  # noqa: ASYNC110 - no bell
            await asyncio.sleep(0.01)
    writer.transport.abort()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_held_up_engine_costs_the_older_half_once_and_is_counted(
    house, connect, make_tap, sink
):
    engine = HeldEngine()
    here = await house(engine, decoding={"buffer_seconds": 2.0, "chunk_ms": 20})
    tap = make_tap()
    peer = await tapped(here, connect, tap)
    peer.audio(bytes(320))
    await until_decoding(here.pool)
    peer.audio(bytes(320) * 149)  # 2.98 s into a buffer of 2 s
    await sink.until(lambda s: any(one.reason == "audio_dropped" for one in s.reports))
    engine.go.set()
    peer.hang_up()
    report = await sink.until_state(tap, StreamState.ENDED)
    assert report.frames == 150
    assert report.dropped_frames == 51  # at 2.02 s waiting, down to 1 s; the rest fits
    assert report.max_lag_ms > 0
    before, after = sink.finals  # a hole ends an utterance; times go on counting over it
    assert before.text == "160 samples"
    assert after.text == f"{98 * 160} samples"
    assert after.start_ms - before.start_ms == pytest.approx(52 * 20, abs=2)


async def test_a_held_up_leg_does_not_hold_up_another(house, connect, make_tap, sink, tone):
    engine = HeldEngine()
    here = await house(engine, decoding={"threads": 2})
    held_tap, tap = make_tap(), make_tap()
    held = await tapped(here, connect, held_tap)
    held.audio(bytes(3200))
    await until_decoding(here.pool)
    here.pool.engine = FakeEngine(AsrSettings())  # for recognisers made from now on
    peer = await tapped(here, connect, tap)
    peer.audio(tone(0.5))
    peer.hang_up()
    await sink.until_state(tap, StreamState.ENDED)
    assert len(sink.finals) == 1
    engine.go.set()


async def test_a_flood_is_taken_at_the_pace_of_speech(house, connect, make_tap, sink, tone):
    here = await house(audiosocket={"burst_seconds": 0.2})
    flooded, tap = make_tap(), make_tap()
    flood = await tapped(here, connect, flooded)
    for _ in range(60):
        flood.audio(bytes(320 * 500))  # ten minutes of audio at once
    await sink.until_state(flooded, StreamState.OPEN)
    (connection,) = here.server.connections
    async with asyncio.timeout(20):
        while not connection._paused:  # noqa: ASYNC110 - no bell
            await asyncio.sleep(0.01)
    peer = await tapped(here, connect, tap)
    peer.audio(tone(0.5))
    peer.hang_up()
    await sink.until_state(tap, StreamState.ENDED)
    assert len(sink.finals) == 1
    assert connection._received < 2_000_000  # of 9.7 million
    await flood.leave()


async def test_more_connections_than_twice_the_streams_are_turned_away(house, connect):
    here = await house(audiosocket={"max_streams": 1, "id_seconds": 10})
    peers = [await connect(here.address) for _ in range(3)]
    async with asyncio.timeout(20):
        while not any(peer.closed.is_set() for peer in peers):  # noqa: ASYNC110 - any of three
            await asyncio.sleep(0.01)
    assert here.server.refused == {"too_many_connections": 1}


async def test_a_leg_that_is_muted_for_a_while_keeps_the_time_of_the_call(
    house, connect, make_tap, sink, tone
):
    tap = make_tap()
    peer = await tapped(await house(), connect, tap)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await peer.speak(tone(0.4))
    await sink.until(lambda s: s.finals)  # the pause ends it: no more audio was needed
    await asyncio.sleep(max(began + 2.0 - loop.time(), 0))
    resumed = loop.time() - began
    await peer.speak(tone(0.4))
    peer.hang_up()
    await sink.until_state(tap, StreamState.ENDED)
    first, second = sink.finals
    assert first.end_ms - first.start_ms == pytest.approx(400, abs=40)
    assert second.end_ms - second.start_ms == pytest.approx(400, abs=40)
    assert second.start_ms - first.start_ms == pytest.approx(resumed * 1000, abs=100)
