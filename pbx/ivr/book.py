"""The flows in use, and the earlier versions that calls are still pinned to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from pbx.ivr.errors import FlowUnknown
from pbx.ivr.model import Flow

KEPT_VERSIONS = 8
DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """A flow as it was at one time; ``digest`` changes with anything but comments and layout."""

    flow: Flow
    digest: str

    @classmethod
    def of(cls, flow: Flow) -> FlowVersion:
        text = json.dumps(flow.model_dump(mode="json"), sort_keys=True)  # no order of steps
        return cls(flow, hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH])


class FlowBook:
    """Flow files by name; the last eight versions of each stay for the calls in them."""

    def __init__(self, flows: Iterable[FlowVersion] = ()) -> None:
        self._versions: dict[str, list[FlowVersion]] = {}
        self.publish(flows)

    def publish(self, flows: Iterable[FlowVersion]) -> None:
        """New calls walk these from now on. A flow that is not among them stays as it was, so a
        broken edit takes no line down."""
        for version in flows:
            versions = self._versions.setdefault(version.flow.flow, [])
            versions[:] = [old for old in versions if old.digest != version.digest]
            versions.append(version)
            del versions[:-KEPT_VERSIONS]

    def current(self, name: str) -> FlowVersion:
        """The version for a new call. Raises ``FlowUnknown``."""
        versions = self._versions.get(name)
        if not versions:
            raise FlowUnknown("no such flow", flow=name)
        return versions[-1]

    def pinned(self, name: str, digest: str) -> FlowVersion:
        """The version that a call started with. Raises ``FlowUnknown``."""
        for version in self._versions.get(name, ()):
            if version.digest == digest:
                return version
        raise FlowUnknown("no such version", flow=name, digest=digest)
