"""Names of things and of the states they can be in."""

from enum import StrEnum
from typing import NewType

AssetId = NewType("AssetId", str)
JobId = NewType("JobId", str)
TaskId = NewType("TaskId", str)
WorkerId = NewType("WorkerId", str)


class AssetState(StrEnum):
    """How far an asset is on its way from a stored source to something that plays."""

    #: The source is stored, no job has started on it.
    WAITING = "waiting"
    #: A job works on it, nothing can be watched yet.
    PROCESSING = "processing"
    #: Something can already be watched; more is coming.
    PLAYABLE = "playable"
    #: Everything its job promised can be watched.
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobState(StrEnum):
    """A request for work, seen as a whole."""

    #: Accepted; no task of it has been claimed.
    WAITING = "waiting"
    #: At least one task has been claimed.
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskState(StrEnum):
    """The life of the unit that one worker runs."""

    #: Waits for other tasks of its job.
    BLOCKED = "blocked"
    #: May be claimed once its time has come.
    READY = "ready"
    #: Claimed under a lease.
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskKind(StrEnum):
    """What a worker is asked to do."""

    #: Bring the source into storage, or read it there for its digest.
    FETCH = "fetch"
    PROBE = "probe"
    #: Encode samples to learn which rungs are worth making.
    ANALYZE = "analyze"
    THUMBNAILS = "thumbnails"
    ENCODE = "encode"
    #: Cut a source that is fit as it is into segments, encoding nothing.
    COPY = "copy"
    ENCODE_AUDIO = "encode_audio"
    EXTRACT_SUBTITLES = "extract_subtitles"
    #: One MP4 of the best rendition and all sound, to download.
    MUX = "mux"
    PACKAGE = "package"
    #: Compares what was made with the source, after the asset is ready.
    PROVE = "prove"
    #: A broadcast, into segments of every rung while it comes.
    LIVE = "live"
    #: Makes the recording of a broadcast whole, once it is over.
    RECORD = "record"
    #: Does nothing for a given time: the engine's own benchmark and drills.
    IDLE = "idle"


class QueueName(StrEnum):
    """Where workers listen; on RabbitMQ the name carries a version in front."""

    FETCH = "fetch"
    PROBE = "probe"
    THUMBNAILS = "thumbnails"
    ENCODE_CPU = "encode.cpu"
    ENCODE_GPU = "encode.gpu"
    PACKAGE = "package"
    PROVE = "prove"
    LIVE = "live"
    RECORD = "record"


class OnDamage(StrEnum):
    """What becomes of a source that decodes, but not cleanly."""

    #: It is published with a warning that counts the damage.
    PUBLISH = "publish"
    #: Its job fails.
    REFUSE = "refuse"


class VideoCodec(StrEnum):
    """Codecs a rendition can be encoded to."""

    H264 = "h264"
    HEVC = "hevc"
    VP9 = "vp9"
    AV1 = "av1"


class LadderMode(StrEnum):
    """How the rungs of a source are chosen."""

    #: Every rung that the source reaches.
    FIXED = "fixed"
    #: Of those, what samples show to be worth its bytes; never more than the fixed ladder.
    AUTO = "auto"


class Encryption(StrEnum):
    """How segments are encrypted."""

    #: HLS AES-128: whole segments; HLS players only.
    AES_128 = "aes-128"


class Medium(StrEnum):
    """What a rendition is for."""

    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"


class AudioCodec(StrEnum):
    """Codecs a sound rendition can be encoded to."""

    AAC = "aac"
    OPUS = "opus"


class FieldOrder(StrEnum):
    """Which field of an interlaced frame was taken first."""

    TOP_FIRST = "tff"
    BOTTOM_FIRST = "bff"


class Telecine(StrEnum):
    """How film at 24000/1001 was stretched to 30000/1001."""

    #: Frames are whole; flags tell a player to repeat fields.
    SOFT = "soft"
    #: Two of five coded frames mix fields of two film frames (3:2 pulldown).
    HARD = "hard"


class Deinterlace(StrEnum):
    """What becomes of the two fields of an interlaced frame."""

    #: One whole picture: the rate stays.
    FRAME = "frame"
    #: Two whole pictures: the rate doubles, motion stays as smooth as it was taken.
    FIELD = "field"


class DynamicRange(StrEnum):
    """What becomes of HDR pictures."""

    #: Brought down to BT.709, which every screen shows.
    SDR = "sdr"
    #: Kept, in ten bits, where the codec can (HEVC, AV1).
    KEEP = "keep"


class VideoRange(StrEnum):
    """Transfer curve of a rendition, in the words of HLS."""

    SDR = "SDR"
    PQ = "PQ"
    HLG = "HLG"


class Preset(StrEnum):
    """Presets of x264, fastest first; other encoders' steps are mapped onto them."""

    ULTRAFAST = "ultrafast"
    SUPERFAST = "superfast"
    VERYFAST = "veryfast"
    FASTER = "faster"
    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"
    SLOWER = "slower"
    VERYSLOW = "veryslow"
    PLACEBO = "placebo"


class Place(StrEnum):
    """Where in the picture something is laid over it."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    CENTER = "center"
