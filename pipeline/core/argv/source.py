"""The flags that stand before every ``-i``: what a stranger's file may make ffmpeg do.

Used for ffmpeg and ffprobe alike. The same flags as a mapping serve ffmpeg-python's ``input``.
"""

#: Demuxers that read one local file and nothing else. A playlist, ffconcat script, SDP or text
#: file named ``.mp4`` would otherwise be opened by content and could read other files.
FORMATS = (
    "mov,matroska,webm,mpegts,mpeg,avi,flv,ogg,asf,mxf,gxf,dv,nut,ivf,obu,rm,wtv,gif,apng,webp_anim,"
    "m4v,mpegvideo,h264,hevc,wav,w64,aiff,caf,au,mp3,aac,flac,ac3,eac3,dts,truehd,amr,wv,tta,ape"
)

#: Largest picture decoded: 8K. A 650 kB PNG can otherwise ask for 700 MB.
MAX_PIXELS = 7680 * 4320

#: More than any honest recording has; each stream costs memory before we choose one.
MAX_STREAMS = 64

#: Sound of a transport stream may begin seconds late: look further than the usual 5 s.
PATIENCE = ("-analyzeduration", "15000000", "-probesize", "30000000")

#: Containers whose header names every track: nothing is gained by looking further.
_INDEXED = frozenset({"mov", "matroska"})


def patience(container: str) -> dict[str, str]:
    """Open what has no header as the probe did: as the same container, and looking as far.

    Else a sound that starts late is no stream at all, or what the probe forced is guessed anew.
    """
    if container in _INDEXED:
        return {"f": container}
    names = (name.removeprefix("-") for name in PATIENCE[::2])
    return {"f": container, **dict(zip(names, PATIENCE[1::2], strict=True))}


def input_options(
    *, max_pixels: int = MAX_PIXELS, max_streams: int = MAX_STREAMS
) -> dict[str, str]:
    """Name the options of an input and their values."""
    return {
        # Only the demuxers above, whatever the content claims to be.
        "format_whitelist": FORMATS,
        # Local files and standard input: no URL inside a file is ever followed.
        "protocol_whitelist": "file,pipe",
        # Decoders refuse larger pictures before they allocate them.
        "max_pixels": str(max_pixels),
        # Demuxers refuse to open more streams than this.
        "max_streams": str(max_streams),
    }


def input_flags(*, max_pixels: int = MAX_PIXELS, max_streams: int = MAX_STREAMS) -> list[str]:
    """List the flags to put before ``-i``, for ffmpeg and ffprobe."""
    return flags(input_options(max_pixels=max_pixels, max_streams=max_streams))


def flags(options: dict[str, str]) -> list[str]:
    """Write options as words of a command line."""
    return [word for name, value in options.items() for word in (f"-{name}", value)]
