from dataclasses import replace
from fractions import Fraction

from pipeline.core.losses import summed, warnings
from pipeline.core.survey import PictureSurvey, Window, sound_damage
from schemas.media import Damage

#: Ten frames of 1/10 s from 2 s on, the asset's zero being at 2 s.
WINDOW = Window(Fraction(2), Fraction(3), Fraction(2), Fraction(1, 10))


def packet(tick: int | str, dts: int | str | None = None) -> str:
    dts = tick if dts is None else dts
    return (
        f"[vist#0:0/h264 @ 0x1] [info] demuxer -> ist_index:0:0 type:video pkt_pts:{tick}"
        f" pkt_pts_time:0 pkt_dts:{dts} pkt_dts_time:0 duration:1 duration_time:0.1"
    )


def frame(tick: int, *, kind: int = 2) -> str:
    return (
        f"[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [info] decoder -> pts:{tick} pts_time:0"
        f" pkt_dts:{tick} pkt_dts_time:0 duration:1 duration_time:0.1"
        f" keyframe:{int(kind == 1)} frame_type:{kind} time_base:1/10"
    )


CORRUPT = "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame"


def surveyed(*lines: str) -> PictureSurvey:
    survey = PictureSurvey()
    for line in lines:
        survey.line(line)
    return survey


def test_all_that_decodes_is_no_damage() -> None:
    lines = [line for tick in range(20, 30) for line in (packet(tick), frame(tick))]

    assert surveyed(*lines).damage(WINDOW) is None


def test_what_a_bad_picture_spoils_ends_at_the_next_keyframe() -> None:
    kinds = {tick: 1 if tick in (20, 26) else 2 for tick in range(20, 30)}
    lines = [packet(tick) for tick in kinds]
    for tick, kind in kinds.items():
        lines += [CORRUPT] * (tick == 23)
        # 28 gives no picture at all.
        lines += [frame(tick, kind=kind)] * (tick != 28)

    damage = surveyed(*lines).damage(WINDOW)

    assert damage == Damage(
        medium="video",
        n_concealed=1,
        n_missing=1,
        spans_s=((0.3, 0.6), (0.8, 1.0)),
        affected_s=0.5,
    )


def test_a_picture_that_no_other_builds_on_spoils_itself_alone() -> None:
    lines = [packet(tick) for tick in range(20, 24)]
    lines += [frame(20, kind=1), CORRUPT, frame(21, kind=3), frame(22, kind=2), frame(23)]

    damage = surveyed(*lines).damage(WINDOW)

    assert damage is not None
    assert damage.spans_s == ((0.1, 0.2),)


def test_what_lies_before_the_window_is_seen_in_it_but_counted_elsewhere() -> None:
    lines = [*map(packet, (18, 19, 20)), frame(18, kind=1), CORRUPT, frame(19), frame(20)]

    damage = surveyed(*lines).damage(WINDOW)

    assert damage is not None
    assert (damage.n_concealed, damage.n_missing) == (0, 0)
    assert damage.spans_s == ((0.0, 1.0),)


def test_lines_glued_together_by_threads_are_read_all_the_same() -> None:
    survey = surveyed(packet(20) + packet(21) + frame(20, kind=1))

    damage = survey.damage(WINDOW)

    assert damage is not None
    assert damage.n_missing == 1


def test_without_presentation_times_failed_packets_are_counted() -> None:
    failed = "[dec:mpeg4 @ 0x2] [error] Error submitting packet to decoder: Invalid data found"

    damage = surveyed(packet("NOPTS", 20), failed, packet("NOPTS", 21), frame(21)).damage(WINDOW)

    assert damage is not None
    assert damage.n_missing == 1


def test_a_held_end_is_missing_even_if_no_packet_was_lost() -> None:
    lines = [line for tick in range(20, 26) for line in (packet(tick), frame(tick, kind=1))]

    damage = surveyed(*lines).damage(WINDOW, is_held=True)

    assert damage is not None
    assert (damage.n_missing, damage.spans_s) == (4, ((0.6, 1.0),))


def test_sound_is_lost_where_no_decoded_frame_covers_its_packet() -> None:
    step = Fraction(1024, 48_000)
    packets = [(n * step, (n + 1) * step) for n in range(10)]
    # Clocks round: frames lie a quarter of a millisecond off.
    off_s = Fraction(1, 4000)
    frames = [(a + off_s, b + off_s) for n, (a, b) in enumerate(packets) if n not in (4, 5)]

    damage = sound_damage(packets, frames, zero_s=Fraction(0))

    assert damage is not None
    assert damage.n_missing == 2
    assert damage.spans_s == ((0.085, 0.128),)
    assert sound_damage(packets, packets, zero_s=Fraction(0)) is None


COMPLAINT = "[h264 @ 0x2] [error] mmco: unref short failure"


def test_complaints_count_where_all_of_it_decodes_all_the_same() -> None:
    lines = [line for tick in range(20, 30) for line in (packet(tick), frame(tick))]
    # Two glued together, another, and one behind the window's end.
    lines[9:9] = [COMPLAINT + COMPLAINT]
    lines[15:15] = [COMPLAINT.replace("[error]", "[warning]"), COMPLAINT]
    lines += [packet(30), frame(30), COMPLAINT]

    damage = surveyed(*lines).damage(WINDOW)

    assert damage == Damage(medium="video", n_complaints=3)
    assert not damage.is_shown


def test_what_a_decoder_complains_of_at_an_entrance_is_no_damage() -> None:
    far, near = (f"{COMPLAINT} {where}" for where in ("far", "near"))
    lines = [COMPLAINT, packet(0), frame(0, kind=1), far, packet(1), frame(1), packet(19)]
    from_seek = replace(WINDOW, is_from_start=False)

    assert surveyed(*lines, frame(19)).damage(WINDOW) is not None
    assert surveyed(*lines, frame(19)).damage(from_seek) is None
    # The packet complained of comes out some frames later, in the window.
    late = surveyed(*lines, frame(19), near, frame(20)).damage(from_seek)
    assert late is not None
    assert late.n_complaints == 1


def test_the_damage_of_chunks_adds_up_to_one_warning_per_medium() -> None:
    one = Damage(medium="video", n_concealed=1, n_missing=2, spans_s=((5, 6),), affected_s=1)
    other = Damage(medium="video", n_concealed=3, spans_s=((1, 2),), affected_s=1)
    quiet = Damage(medium="audio", n_missing=4, spans_s=((0, 1),), affected_s=1)

    found = warnings([one, quiet, other])

    assert [warning.code for warning in found] == ["media.concealed", "media.silenced"]
    assert found[0].damage == summed([other, one])
    assert found[0].damage.n_concealed == 4
    assert found[0].damage.spans_s == ((1, 2), (5, 6))


def test_each_sound_has_a_warning_that_names_it() -> None:
    hurt = Damage(medium="audio", n_missing=4, rendition="audio-2", n_complaints=9)
    noisy = Damage(medium="audio", n_complaints=3, rendition="audio-1")
    pictures = Damage(medium="video", n_complaints=2)

    found = warnings([hurt, pictures, noisy, pictures])

    assert [warning.code for warning in found] == [
        "media.complaints",
        "media.complaints",
        "media.silenced",
    ]
    assert "4 errors" in found[0].detail
    assert "3 errors" in found[1].detail
    assert "[audio-1]" in found[1].detail
    assert "[audio-2]" in found[2].detail
