"""Put right when pictures are shown at the borders of what an encoder wrote.

ffmpeg ends a piece before it knows its next picture: it takes the last one to be shown for the
usual time, and begins the next piece there and not where its first picture lies. Where the source
has a hole at a border, that picture would come as much too early as the hole is long.

Source: libavformat/movenc.c, ff_mov_write_packet: "adjust the dts of this packet to be what the
previous packets duration implies".
"""

from fractions import Fraction
from itertools import pairwise

from pipeline.core.fmp4 import Init, Sample, boxes, read_samples
from pipeline.core.fragments import Frame, fragment


def retimed(data: bytes, init: Init, start_s: Fraction | None, end_s: Fraction | None) -> bytes:
    """Have a piece begin and end when it does; where it says so already, it is the same bytes.

    Args:
        data: a piece of one track.
        init: its init segment.
        start_s: when its first picture is shown, by the clock of the track; None: as it says.
        end_s: when the picture behind its last one is shown; None: as it says.
    """
    samples = read_samples(data, init)
    begins = [sample.decode_ticks for sample in samples]
    shifts = [one.present_ticks - one.decode_ticks for one in samples]
    ends = begins[-1] + samples[-1].duration_ticks
    late = 0 if start_s is None else round(start_s * init.timescale) - samples[0].present_ticks
    short = 0 if end_s is None else round(end_s * init.timescale) - _shown_until(samples)
    if late and len(samples) > 1 and begins[0] + late >= begins[1]:
        # Others wait for it to be decoded: it is decoded as before, and shown later.
        shifts[0] += late
    else:
        begins[0] += late
    # What is shown in another order than decoded ends by what follows.
    ends += 0 if _is_reordered(samples) else short
    lengths = [after - one for one, after in pairwise([*begins, ends])]
    is_same = not late and sum(lengths) == sum(sample.duration_ticks for sample in samples)
    if is_same or min(lengths) < 0 or not _is_first(samples, late):
        # What cannot be is better as it is.
        return data
    # Readers take the edit off again.
    return fragment(1, begins[0] + init.edit_ticks, _frames(data, samples, lengths, shifts))


def _shown_until(samples: tuple[Sample, ...]) -> int:
    last = max(samples, key=lambda sample: sample.present_ticks)
    return last.present_ticks + last.duration_ticks


def _is_reordered(samples: tuple[Sample, ...]) -> bool:
    return any(after.present_ticks < one.present_ticks for one, after in pairwise(samples))


def _is_first(samples: tuple[Sample, ...], late: int) -> bool:
    moved = samples[0].present_ticks + late
    return all(moved < sample.present_ticks for sample in samples[1:])


def _frames(
    data: bytes, samples: tuple[Sample, ...], lengths: list[int], shifts: list[int]
) -> list[Frame]:
    coded = b"".join(data[box.start : box.end] for box in boxes(data) if box.kind == b"mdat")
    frames, at = [], 0
    for sample, ticks, shift in zip(samples, lengths, shifts, strict=True):
        frames.append(Frame(ticks, shift, sample.is_sync, coded[at : at + sample.size_bytes]))
        at += sample.size_bytes
    return frames
