"""The whole way: announced tap, real TCP, real child process, segments at the sink."""

from __future__ import annotations

import asyncio

import pytest

from asr.errors import NoRecogniser, TapInvalid, TapKnown, TooManyStreams
from core.calls import Leg
from core.transcript import StreamState, Tap


async def test_a_tap_becomes_segments_with_times_of_the_call(
    serve, sink, connect, make_tap, quick_settings, tone
):
    service = await serve(quick_settings(fake={"texts": ["路灯不亮", "谢谢"]}))
    tap = make_tap(age=60.0)
    peer = await connect(await service.expect(tap))
    peer.identify(tap.tap_id)
    peer.audio(bytes(8000) + tone(1.0) + bytes(16000) + tone(0.5) + bytes(8000))
    peer.hang_up()
    report = await sink.until_state(tap, StreamState.ENDED)
    first, second = sink.finals
    assert [first.text, second.text] == ["路灯不亮", "谢谢"]
    assert first.engine == "fake"
    assert (first.call_id, first.leg, first.party) == (tap.call_id, Leg.CALLER, "caller")
    assert first.segment_id != second.segment_id
    # 0.5 s of silence, 1 s of tone, 1 s of silence, 0.5 s of tone; each within a frame or two
    assert first.end_ms - first.start_ms == pytest.approx(1000, abs=40)
    assert second.start_ms - first.start_ms == pytest.approx(2000, abs=40)
    assert 60_500 <= first.start_ms < 70_000
    assert report.frames == 175
    assert report.dropped_frames == 0
    partials = [segment for segment in sink.segments if not segment.final]
    assert partials
    assert all(part.segment_id in (first.segment_id, second.segment_id) for part in partials)


async def test_a_hung_up_call_leaves_every_word_before_its_end(
    serve, sink, connect, make_tap, quick_settings, tone
):
    service = await serve(quick_settings())
    tap = make_tap()
    peer = await connect(await service.expect(tap))
    peer.identify(tap.tap_id)
    peer.audio(tone(0.5))
    await peer.writer.drain()
    peer.writer.close()  # in mid-sentence, no hangup frame
    await sink.until_state(tap, StreamState.ENDED)
    assert [segment.text for segment in sink.finals] == ["第1句"]


async def test_refusals_carry_their_own_errors(serve, make_tap, quick_settings):
    service = await serve(quick_settings(audiosocket={"max_streams": 1}))
    tap = make_tap()
    await service.expect(tap)
    with pytest.raises(TapKnown):
        await service.expect(tap)
    with pytest.raises(TooManyStreams):
        await service.expect(make_tap())
    with pytest.raises(TapInvalid):
        await service.expect(Tap("not-a-uuid", "c", Leg.AGENT, "001", 0.0))


async def test_a_forgotten_call_ends_its_streams(serve, sink, connect, make_tap, quick_settings):
    service = await serve(quick_settings(audiosocket={"forget_seconds": 0.1}))
    waiting, talking, other = make_tap("gone"), make_tap("gone"), make_tap("stays")
    await service.expect(waiting)
    peers = {}
    for tap in (talking, other):
        peers[tap.tap_id] = await connect(await service.expect(tap))
        peers[tap.tap_id].identify(tap.tap_id)
        await sink.until_state(tap, StreamState.OPEN)
    await service.forget("gone")
    await sink.until_state(waiting, StreamState.ENDED)
    await sink.until_state(talking, StreamState.ENDED)
    await peers[talking.tap_id].until_closed()
    assert not [one for one in sink.reports if one.tap_id == other.tap_id and one.reason]


async def test_an_announced_tap_that_never_comes_is_lost(serve, sink, make_tap, quick_settings):
    service = await serve(quick_settings(audiosocket={"expect_seconds": 0.2}))
    tap = make_tap()
    await service.expect(tap)
    report = await sink.until_state(tap, StreamState.LOST)
    assert report.reason == "never_connected"


async def test_stop_writes_what_was_heard_and_ends(
    serve, sink, connect, make_tap, quick_settings, tone
):
    service = await serve(quick_settings())
    tap = make_tap()
    peer = await connect(await service.expect(tap))
    peer.identify(tap.tap_id)
    peer.audio(tone(0.5))
    await sink.until(lambda s: s.segments)  # a partial: the audio has been heard
    await service.stop()
    report = await sink.until_state(tap, StreamState.ENDED)
    assert report.reason == "stopped"
    assert len(sink.finals) == 1
    await sink.until(lambda s: s.engines[-1][0] is None)
    assert service.pid is None
    with pytest.raises(NoRecogniser):
        await service.expect(make_tap())


async def test_a_slow_hotline_loses_partials_but_no_final(
    serve, sink, connect, make_tap, quick_settings, tone, monkeypatch
):
    gate = asyncio.Event()
    take = sink.segment

    async def slow(segment):
        await gate.wait()
        await take(segment)

    monkeypatch.setattr(sink, "segment", slow)
    monkeypatch.setattr("asr.outbox._PARTIALS_LIMIT", 3)
    service = await serve(quick_settings(fake={"partial_every_ms": 20, "pause_ms": 100}))
    tap = make_tap()
    peer = await connect(await service.expect(tap))
    peer.identify(tap.tap_id)
    for _ in range(20):
        peer.audio(tone(0.4) + bytes(6400))
    peer.hang_up()
    await asyncio.wait_for(peer.closed.wait(), 20)
    pid = service.pid
    async with asyncio.timeout(20):
        while service.health.streams:  # noqa: ASYNC110 - the speech process rings no bell
            await asyncio.sleep(0.02)
    gate.set()
    await sink.until_state(tap, StreamState.ENDED)
    assert [segment.text for segment in sink.finals] == [f"第{n}句" for n in range(1, 21)]
    assert sum(not segment.final for segment in sink.segments) < 20
    assert service.pid == pid
