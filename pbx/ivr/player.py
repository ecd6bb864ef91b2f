"""Plays prompts and reads keys over an AGI session, always with the watchdog ahead of the caller.

The dialplan's watchdog (``TIMEOUT(absolute)``) takes a caller away from a server that hangs. It is
moved before everything that takes time: to the end of that, plus a margin.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from pbx.agi.session import AgiSession, Heard
from pbx.ivr.effects import ReadKey, Say
from pbx.ivr.errors import PromptMissing
from pbx.ivr.model import ALL_KEYS
from pbx.ivr.prompts import Prompt, PromptBook

log = logging.getLogger(__name__)


class Player:
    """``watchdog_seconds`` is the margin. Methods raise ``AgiError``s only."""

    def __init__(self, session: AgiSession, prompts: PromptBook, watchdog_seconds: float) -> None:
        self._session = session
        self._prompts = prompts
        self._watchdog_seconds = watchdog_seconds

    async def say(self, effect: Say) -> str | None:
        """The key that cut the prompts short (``whole``: was pressed meanwhile), or None."""
        if effect.whole:
            return await self._play_whole(effect.prompts, effect.stop_keys)
        return await self._play(effect.prompts, effect.stop_keys)

    async def read_key(self, effect: ReadKey) -> str | None:
        """The first key, during the prompts or in the silence after them, or None."""
        *first, last = effect.prompts
        key = await self._play(first, effect.stop_keys)
        if key is not None:
            return key
        prompt = self._find(last)
        if prompt is None:
            return await self._wait(effect.seconds)
        if effect.stop_keys != ALL_KEYS:
            # GET OPTION would hear only the keys that may cut the prompt short.
            key = await self._play([last], effect.stop_keys)
            return key if key is not None else await self._wait(effect.seconds)
        await self._watch(prompt.seconds + effect.seconds)
        heard = await self._session.get_option(
            prompt.path, effect.stop_keys, effect.seconds, longest=prompt.seconds
        )
        if self._unheard(prompt, heard):
            return await self._wait(effect.seconds)
        return heard.key

    async def _play(self, names: Iterable[str], stop_keys: str) -> str | None:
        for name in names:
            prompt = self._find(name)
            if prompt is None:
                continue
            await self._watch(prompt.seconds)
            heard = await self._session.stream_file(prompt.path, stop_keys, longest=prompt.seconds)
            if not self._unheard(prompt, heard) and heard.key is not None:
                return heard.key
        return None

    async def _play_whole(self, names: Iterable[str], keys: str) -> str | None:
        """The first of ``keys``. Asterisk hears keys only where they may cut a file short, so the
        file goes on from where it was cut, and nothing can cut it again."""
        pressed: str | None = None
        for name in names:
            prompt = self._find(name)
            if prompt is None:
                continue
            await self._watch(prompt.seconds)
            listen = keys if pressed is None else ""
            heard = await self._session.stream_file(prompt.path, listen, longest=prompt.seconds)
            if self._unheard(prompt, heard) or heard.key is None:
                continue
            pressed = heard.key
            await self._watch(prompt.seconds)
            await self._session.stream_file(
                prompt.path, "", longest=prompt.seconds, begin=heard.position
            )
        return pressed

    async def _wait(self, seconds: float) -> str | None:
        await self._watch(seconds)
        return await self._session.wait_for_digit(seconds)

    async def _watch(self, seconds: float) -> None:
        await self._session.set_autohangup(seconds + self._watchdog_seconds)

    def _find(self, name: str) -> Prompt | None:
        try:
            return self._prompts.find(name)
        except PromptMissing as missing:
            log.error("%s: %s is not there, the step goes on", missing.error_id, name)
            return None

    def _unheard(self, prompt: Prompt, heard: Heard) -> bool:
        if heard.unplayable:
            log.error("%s: Asterisk cannot play %s", PromptMissing.error_id, prompt.name)
        return heard.unplayable
