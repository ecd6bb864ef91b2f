"""Everything that recognition can refuse, by stable id."""

from __future__ import annotations

from core.errors import Conflict, Invalid, Unavailable


class FrameInvalid(Invalid):
    """The AudioSocket peer broke the protocol; its stream cannot go on."""

    error_id = "audiosocket_frame_invalid"


class TapInvalid(Invalid):
    """The tap's id is not a UUID, which is all that AudioSocket can carry."""

    error_id = "tap_invalid"


class TapKnown(Conflict):
    """A tap of this id is expected or open already."""

    error_id = "tap_known"


class TooManyStreams(Unavailable):
    error_id = "too_many_streams"


class PortTaken(Unavailable):
    error_id = "audio_port_taken"


class NoRecogniser(Unavailable):
    """No engine runs at the moment: calls go on without a transcript."""

    error_id = "no_recogniser"


class EngineUnavailable(Unavailable):
    """An engine cannot be used here; the next one in the order is tried."""

    error_id = "engine_unavailable"


class ModelMissing(EngineUnavailable):
    error_id = "model_missing"


class ModelBroken(EngineUnavailable):
    """The model folder exists but does not hold what the engine needs."""

    error_id = "model_broken"


class ModelFetchFailed(Unavailable):
    error_id = "model_fetch_failed"


class DecodingFailed(Unavailable):
    """The engine raised on audio; the stream it happened on is lost."""

    error_id = "decoding_failed"
