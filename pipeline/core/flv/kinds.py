"""What a message of media carries."""

from enum import StrEnum


class MediaKind(StrEnum):
    """What a message carries; named as the tags of FLV are."""

    AUDIO = "audio"
    VIDEO = "video"
    DATA = "data"
