"""Turns a child's exit code and last words into our errors. Pure; a table read from the top.

The words are ffmpeg's and ffprobe's own (versions 5 to 9); what the box lacks comes before what
is wrong with the source, because a full disk or a missing GPU makes ffmpeg complain of both.
"""

import re
import signal
from collections.abc import Callable

from pipeline.core.errors import (
    EncoderUnavailable,
    MediaDamaged,
    MediaUnsupported,
    NotMedia,
    ReelmillError,
    ScratchFull,
    WorkFailed,
)

_Maker = Callable[[str], ReelmillError]


def _too_large(detail: str) -> ReelmillError:
    return WorkFailed(detail, code="work.output_too_large")


def _out_of_memory(detail: str) -> ReelmillError:
    return WorkFailed(detail, code="work.out_of_memory")


def _tool_missing(detail: str) -> ReelmillError:
    return WorkFailed(detail, code="work.tool_missing")


def _encoder_unknown(detail: str) -> ReelmillError:
    return EncoderUnavailable(detail, code="work.encoder_unknown")


def _playlist(detail: str) -> ReelmillError:
    return NotMedia(detail, code="media.playlist")


def _image(detail: str) -> ReelmillError:
    return NotMedia(detail, code="media.image")


def _too_many_pixels(detail: str) -> ReelmillError:
    return MediaUnsupported(detail, code="media.too_many_pixels")


def _undecodable(detail: str) -> ReelmillError:
    return MediaDamaged(detail, code="media.undecodable")


def _too_many_streams(detail: str) -> ReelmillError:
    return MediaUnsupported(detail, code="media.too_many_streams")


def _no_decoder(detail: str) -> ReelmillError:
    return MediaUnsupported(detail, code="media.codec_unsupported")


def _no_streams(detail: str) -> ReelmillError:
    return NotMedia(detail, code="media.no_streams")


def _moov_missing(detail: str) -> ReelmillError:
    return MediaDamaged(detail, code="media.moov_missing")


def _truncated(detail: str) -> ReelmillError:
    return MediaDamaged(detail, code="media.truncated")


_NO_DEVICE = (
    r"Cannot load (libcuda|libnvcuvid|libnvidia|nvcuda)",
    r"OpenEncodeSessionEx failed",
    r"No capable devices found",
    r"Driver does not support the required nvenc API",
    r"MFX session: ",
    r"No VA display found|Failed to initialise VAAPI|Device creation failed",
    r"No device available for (en|de)coder",
    r"dst: (vaapi|cuda|qsv)",
)

#: First match wins.
_WORDS: tuple[tuple[str, _Maker], ...] = (
    (r"No space left on device|Disk quota exceeded", ScratchFull),
    (r"File too large", _too_large),
    (r"error while loading shared libraries|^FileNotFoundError", _tool_missing),
    (r"Unknown encoder|Encoder not found", _encoder_unknown),
    ("|".join(_NO_DEVICE), EncoderUnavailable),
    (r"Cannot allocate memory|Resource temporarily unavailable|out of memory", _out_of_memory),
    # Demuxers of that name read still images.
    (r"\w+_pipe\b.*[Ff]ormat not on whitelist", _image),
    (r"[Ff]ormat not on whitelist|Protocol '\w+' not on whitelist", _playlist),
    (r"Picture size \d+x\d+ exceeds specified max pixel count", _too_many_pixels),
    (r"moov atom not found", _moov_missing),
    (r"no decoder found|Decoder .*not found|Decoding requested, but", _no_decoder),
    # No frame ever came out of the decoders, so no encoder was asked.
    (r"Could not open encoder before EOF|Nothing was written into output", _undecodable),
    (r"Could not find codec parameters|Stream map .* matches no streams", _no_streams),
    (r"Error reinitializing filters|No such filter", WorkFailed),
    (r"does not contain any stream", _no_streams),
    (r"Number of streams exceeds max_streams", _too_many_streams),
    (r"partial file|Truncating packet|File ended prematurely", _truncated),
    (r"Error opening input: Invalid data|EBML header parsing failed", NotMedia),
    (r"Error while opening encoder", EncoderUnavailable),
    (
        r"Invalid data found when processing input|Error while decoding|Decode error rate",
        MediaDamaged,
    ),
    (r"End of file", MediaDamaged),
)

_SIGNALS: dict[int, str] = {
    # Not by us: the out-of-memory killer, mostly, or an operator.
    signal.SIGKILL: "work.killed",
    signal.SIGTERM: "work.killed",
    signal.SIGXFSZ: "work.output_too_large",
}

#: What users of a message can do without: memory addresses, the rest of a line whose beginning
#: is lost, the path of the source, folders.
_UNWANTED = (
    (r" @ 0x[0-9a-f]+", ""),
    (r"^[^\[\]\s]*\] (?=\[)", ""),
    (r"\bfile:\S+?(?=[:,]? |[:,]?$)", "the file"),
    (r"(?<![\w./])/(?:[^\s/:]+/)+", ""),
)

#: What the entry answers when it cannot confine itself, or cannot execute the program.
_NOT_CONFINED, _NOT_STARTED = 125, 127


def failure(program: str, exit_code: int, stderr_tail: str) -> ReelmillError:
    """Make the error for a failed exit; a negative code is the signal that ended the child."""
    program = _plain(program)
    if exit_code < 0:
        return _by_signal(program, -exit_code, stderr_tail)
    if exit_code == _NOT_CONFINED and "not confined: " in stderr_tail:
        return WorkFailed(f"{program}: {_last_line(stderr_tail)}", code="work.not_confined")
    if exit_code == _NOT_STARTED and "not started: " in stderr_tail:
        return _tool_missing(f"{program} did not start: {_last_line(stderr_tail)}")
    for words, make in _WORDS:
        match = re.search(words, stderr_tail, re.MULTILINE)
        if match:
            return make(f"{program}: {_line_around(stderr_tail, match.start())}")
    return WorkFailed(f"{program} ended with exit code {exit_code}: {_last_line(stderr_tail)}")


def _by_signal(program: str, number: int, stderr_tail: str) -> ReelmillError:
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    detail = f"{program} was ended by {name}: {_last_line(stderr_tail)}"
    return WorkFailed(detail.rstrip(": "), code=_SIGNALS.get(number, "work.crashed"))


def _line_around(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    return _clean(text[start : end if end >= 0 else None])


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return _clean(lines[-1]) if lines else ""


def _clean(line: str) -> str:
    """Drop addresses and folders of ours and keep it short: the line is shown to users."""
    for unwanted, instead in _UNWANTED:
        line = re.sub(unwanted, instead, line)
    return line.strip()[:300]


def _plain(program: str) -> str:
    """Name a tool as everybody knows it, whatever its file is called."""
    return next((name for name in ("ffprobe", "ffmpeg") if program.startswith(name)), program)
