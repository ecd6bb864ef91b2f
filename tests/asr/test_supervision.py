"""Speech processes that crash, hang, stop or never start: real ones, killed by their ids."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from asr.errors import NoRecogniser
from asr.service import SpeechService
from core.clock import SystemClock
from core.transcript import StreamState

ROOT = Path(__file__).parents[2]


def pid_is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


async def until(condition, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a foreign process rings no bell
            await asyncio.sleep(0.02)


async def test_a_killed_speech_process_is_replaced_and_its_streams_are_lost(
    serve, sink, connect, make_tap, quick_settings, tone
):
    service = await serve(quick_settings())
    tap = make_tap()
    peer = await connect(await service.expect(tap))
    peer.identify(tap.tap_id)
    await sink.until_state(tap, StreamState.OPEN)
    old = service.pid
    os.kill(old, signal.SIGKILL)
    report = await sink.until_state(tap, StreamState.LOST)
    assert report.reason == "engine_died"
    await peer.until_closed()
    # The telephone side taps again at once, and that waits for the new process.
    again = make_tap()
    peer = await connect(await service.expect(again))
    assert service.pid != old
    peer.identify(again.tap_id)
    peer.audio(tone(0.5))
    peer.hang_up()
    await sink.until_state(again, StreamState.ENDED)
    assert len(sink.finals) == 1
    assert sink.engines[:2] == [("fake", ""), (None, "engine_died")]


async def test_a_stopped_speech_process_is_found_by_its_heartbeat(
    serve, sink, quick_settings, faulty_engines
):
    settings = quick_settings(
        engines=("fake", "faulty:second"), supervision={"missed_heartbeats": 10}
    )
    service = await serve(settings)
    old = service.pid
    os.kill(old, signal.SIGSTOP)
    await sink.until(lambda s: ("second", "") in s.engines)
    assert sink.engines[1] == (None, "engine_hung: no heartbeat")
    assert not pid_is_alive(old)
    assert service.engine == "second"


@pytest.mark.parametrize(
    ("engine", "reason"),
    [("crashing", "engine_died"), ("hanging", "engine_hung"), ("raising", "decoding_failed")],
)
async def test_an_engine_that_goes_wrong_on_audio_gives_way_to_the_next(
    engine, reason, serve, sink, connect, make_tap, quick_settings, faulty_engines, tone
):
    settings = quick_settings(
        engines=(f"faulty:{engine}", "fake"),
        supervision={"decoding_seconds": 0.5},
        decoding={"max_failures": 1},
    )
    service = await serve(settings)
    tap = make_tap()
    peer = await connect(await service.expect(tap))
    peer.identify(tap.tap_id)
    peer.audio(tone(0.2))
    lost = await sink.until_state(tap, StreamState.LOST)
    assert lost.reason == reason
    await sink.until(lambda s: ("fake", "") in s.engines)
    assert not any("words" in why for _, why in sink.engines)
    again = make_tap()
    peer = await connect(await service.expect(again))
    peer.identify(again.tap_id)
    peer.audio(tone(0.5))
    peer.hang_up()
    await sink.until_state(again, StreamState.ENDED)
    assert [segment.engine for segment in sink.finals] == ["fake"]


@pytest.mark.parametrize("engine", ["crashing_load", "hanging_load", "raising_load"])
async def test_an_engine_that_does_not_load_gives_way_to_the_next(
    engine, serve, sink, quick_settings, faulty_engines
):
    settings = quick_settings(
        engines=(f"faulty:{engine}", "fake"), supervision={"load_seconds": 5.0}
    )
    service = await serve(settings, wait=False)
    await sink.until(lambda s: any(name == "fake" for name, _ in s.engines), seconds=40)
    assert service.engine == "fake"
    if engine == "raising_load":
        assert sink.engines == [
            ("fake", f"faulty:{engine}: {sink.engines[0][1].split(': ', 1)[1]}")
        ]
        assert "no such library" in sink.engines[0][1]


async def test_one_failed_decoding_loses_one_stream_only(
    serve, sink, connect, make_tap, quick_settings, faulty_engines, tone
):
    service = await serve(quick_settings(engines=("faulty:raising",)))
    quiet, loud = make_tap(), make_tap()
    peers = [await connect(await service.expect(tap)) for tap in (quiet, loud)]
    for peer, tap in zip(peers, (quiet, loud), strict=True):
        peer.identify(tap.tap_id)
        await sink.until_state(tap, StreamState.OPEN)
    pid = service.pid
    peers[1].audio(tone(0.2))
    await sink.until_state(loud, StreamState.LOST)
    await peers[1].until_closed()
    assert not peers[0].closed.is_set()
    assert service.pid == pid


async def test_no_engine_is_stated_and_taken_back_when_one_can_run(
    serve, sink, make_tap, quick_settings, faulty_engines, tmp_path
):
    models = tmp_path / "models"
    settings = quick_settings(engines=("faulty:appearing", "nonsense"), models=models)
    service = await serve(settings, wait=False)
    await sink.until(lambda s: s.engines)
    name, reason = sink.engines[0]
    assert name is None
    assert "no models folder" in reason
    assert "nonsense" in reason
    with pytest.raises(NoRecogniser):
        await service.expect(make_tap())
    models.mkdir()
    await sink.until(lambda s: any(name == "fake" for name, _ in s.engines))
    await service.expect(make_tap())


async def test_a_taken_port_is_stated_and_blames_no_engine(
    serve, sink, quick_settings, faulty_engines
):
    blocker = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = blocker.sockets[0].getsockname()[1]
    settings = quick_settings(engines=("faulty:second", "fake"), audiosocket={"port": port})
    await serve(settings, wait=False)
    await sink.until(lambda s: s.engines)
    assert sink.engines[0][0] is None
    assert sink.engines[0][1].startswith("audio_port_taken")
    blocker.close()
    await blocker.wait_closed()
    await sink.until(lambda s: s.engines[-1][0])
    assert sink.engines[-1][0] == "second"


async def test_a_configured_port_stays_the_same_over_a_restart(
    serve, sink, make_tap, quick_settings
):
    finder = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = finder.sockets[0].getsockname()[1]
    finder.close()
    await finder.wait_closed()
    service = await serve(quick_settings(audiosocket={"port": port}))
    assert await service.expect(make_tap()) == ("127.0.0.1", port)
    os.kill(service.pid, signal.SIGKILL)
    await sink.until(lambda s: [name for name, _ in s.engines] == ["fake", None, "fake"])
    assert await service.expect(make_tap()) == ("127.0.0.1", port)


async def test_the_speech_process_ends_when_the_hotline_is_killed(tmp_path):
    script = """
import asyncio, sys
from asr.service import SpeechService
from asr.settings import AsrSettings
from core.clock import SystemClock

class Sink:
    async def engine(self, name, reason):
        print(service.pid, flush=True)

async def main():
    global service
    service = SpeechService(AsrSettings(engines=("fake",)), Sink(), SystemClock())
    await service.run()

asyncio.run(main())
"""
    hotline = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script), cwd=ROOT, stdout=subprocess.PIPE
    )
    assert hotline.stdout is not None
    pid = int(await asyncio.wait_for(hotline.stdout.readline(), 20))
    assert pid_is_alive(pid)
    hotline.kill()
    await hotline.wait()
    await until(lambda: not pid_is_alive(pid))


async def test_cancelling_leaves_no_process(quick_settings, sink):
    service = SpeechService(quick_settings(), sink, SystemClock())
    running = asyncio.create_task(service.run())
    await sink.until(lambda s: s.engines)
    pid = service.pid
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await until(lambda: not pid_is_alive(pid))
