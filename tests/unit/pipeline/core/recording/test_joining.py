from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, TagReader
from pipeline.core.recording.joining import Joining, common_size_px, is_one_file, written
from pipeline.core.recording.spans import Span

AVC, OTHER_AVC = b"\x17\x00\x00\x00\x00one", b"\x17\x00\x00\x00\x00two"
AAC = b"\xaf\x00\x12\x10"
KEY, BETWEEN, SOUND = b"\x17\x01\x00\x00\x00k", b"\x27\x01\x00\x00\x00b", b"\xaf\x01s"
MP3 = b"\x2fs"


def video(ms: int, payload: bytes = KEY) -> Tag:
    return Tag(MediaKind.VIDEO, ms, payload)


def audio(ms: int, payload: bytes = SOUND) -> Tag:
    return Tag(MediaKind.AUDIO, ms, payload)


def placed(*sent: Tag) -> tuple[list[int | None], Joining]:
    joining = Joining()
    return [joining.place(tag) for tag in sent], joining


def test_headers_shown_again_change_nothing() -> None:
    numbers, joining = placed(video(0, AVC), audio(0, AAC), video(0), audio(5), video(9, AVC))

    assert numbers == [None, None, 0, 0, None]
    assert len(joining.parts) == 1
    assert is_one_file(joining.parts)


def test_other_parameters_begin_a_part_that_shows_what_is_in_force() -> None:
    numbers, joining = placed(
        *(video(0, AVC), audio(0, AAC), video(0), audio(5)),
        *(video(10, OTHER_AVC), video(10), audio(12)),
    )

    assert numbers == [None, None, 0, 0, None, 1, 1]
    assert joining.parts[1].headers == {MediaKind.VIDEO: OTHER_AVC, MediaKind.AUDIO: AAC}
    assert joining.parts[1].from_ms == 10
    assert not is_one_file(joining.parts)


def test_both_changed_at_once_are_one_new_part() -> None:
    _, joining = placed(
        *(video(0, AVC), audio(0, AAC), video(0), audio(5)),
        *(video(10, OTHER_AVC), audio(10, b"\xaf\x00\x11\x90"), video(10), audio(10)),
    )

    assert len(joining.parts) == 2


def test_a_codec_nothing_configures_begins_a_part_as_well() -> None:
    numbers, joining = placed(audio(0, AAC), audio(0), audio(20, MP3))

    assert numbers == [None, 0, 1]
    assert joining.parts[1].headers == {}
    assert joining.parts[1].codecs == {MediaKind.AUDIO: "mp3"}


def test_what_cannot_be_decoded_or_comes_late_is_left_out() -> None:
    numbers, _ = placed(
        *(video(0, AVC), video(0, BETWEEN), video(40), video(80, BETWEEN), video(50, BETWEEN)),
        *(Tag(MediaKind.DATA, 80, b"x"), video(90, b"")),
    )

    assert numbers == [None, None, 0, 0, None, None, None]


def test_a_codec_a_file_for_everybody_cannot_hold_is_not_one_file() -> None:
    _, joining = placed(audio(0, b"\xb2s"))

    assert joining.parts[0].codecs == {MediaKind.AUDIO: "speex"}
    assert not is_one_file(joining.parts)


def test_it_tells_when_there_was_anything() -> None:
    _, joining = placed(video(0), video(900, BETWEEN), video(5000), audio(5001))

    assert joining.sent[MediaKind.VIDEO] == [Span(0, 901), Span(5000, 5001)]
    assert joining.sent[MediaKind.AUDIO] == [Span(5001, 5002)]


def test_a_part_reads_back_as_it_was_sent() -> None:
    sent = [video(0, AVC), audio(0, AAC), video(0), audio(5), video(40, BETWEEN)]
    joining = Joining()

    body = b"".join(data for _, data in written(sent, joining))
    read = TagReader().receive_data(joining.parts[0].head() + body)

    assert read == sent


def test_sound_alone_says_so_in_the_header() -> None:
    _, joining = placed(audio(0, AAC), audio(0))

    assert joining.parts[0].head().startswith(tags.header(has_video=False))


def test_pictures_whose_size_nobody_knows_get_a_usual_one() -> None:
    _, joining = placed(video(0, AVC), video(0))

    assert common_size_px(joining.parts) == (1280, 720)
