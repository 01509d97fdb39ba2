"""Reading ffmpeg's progress blocks."""

from workers.ffmpeg.progress import Progress, ProgressReader

BLOCK = b"""\
frame=100
fps=0.00
bitrate=N/A
total_size=2048
out_time_us=4000000
out_time_ms=4000000
out_time=00:00:04.000000
speed=7.99x
progress=continue
"""


def test_a_block_is_one_report_however_it_is_split() -> None:
    seen: list[Progress] = []
    reader = ProgressReader(seen.append)

    for position in range(len(BLOCK)):
        reader.feed(BLOCK[position : position + 1])

    assert seen == [Progress(frame=100, out_time_s=4.0, total_bytes=2048, speed=7.99)]


def test_values_ffmpeg_does_not_know_are_zero() -> None:
    reader = ProgressReader(None)

    reader.feed(b"frame=0\ntotal_size=N/A\nout_time_us=N/A\nspeed=N/A\nprogress=end\n")

    assert reader.last == Progress()


def test_the_mark_changes_only_with_the_work() -> None:
    reader = ProgressReader(None)
    reader.feed(BLOCK)
    before = reader.mark

    reader.feed(BLOCK.replace(b"7.99x", b"3.99x"))
    assert reader.mark == before

    reader.feed(BLOCK.replace(b"frame=100", b"frame=101"))
    assert reader.mark != before
