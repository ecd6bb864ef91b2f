"""Speech models on disk: finding, checking, joining, fetching."""

from asr.models.fetch import FetchedModel, fetch_model
from asr.models.shelf import ModelState, ShelvedModel, shelf, vosk_on_shelf, whisper_on_shelf
from asr.models.vosk import check_vosk_folder, find_vosk_folder
from asr.models.whisper import join_whisper_base

__all__ = [
    "FetchedModel",
    "ModelState",
    "ShelvedModel",
    "check_vosk_folder",
    "fetch_model",
    "find_vosk_folder",
    "join_whisper_base",
    "shelf",
    "vosk_on_shelf",
    "whisper_on_shelf",
]
