from datetime import UTC, datetime

from ingest.tus import answers
from ingest.tus.checksum import ALGORITHMS

AT = datetime(2026, 11, 6, 8, 49, 37, 250_000, tzinfo=UTC)


def test_options_say_what_is_there() -> None:
    assert answers.options(max_bytes=7) == {
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,creation-with-upload,creation-defer-length,expiration,"
        "checksum,termination,concatenation",
        "Tus-Max-Size": "7",
        "Tus-Checksum-Algorithm": "sha1,sha256",
    }
    assert "sha1" in ALGORITHMS


def test_a_standing_upload_shows_all_it_was_given() -> None:
    assert answers.head(answers.Standing(3, 9, "name eA==", "partial", AT)) == {
        "Upload-Offset": "3",
        "Upload-Length": "9",
        "Upload-Metadata": "name eA==",
        "Upload-Concat": "partial",
        "Upload-Expires": "Fri, 06 Nov 2026 08:49:37 GMT",
        "Cache-Control": "no-store",
    }


def test_an_unknown_length_is_said_to_be_deferred() -> None:
    said = answers.head(answers.Standing(3, None))

    assert said == {
        "Upload-Offset": "3",
        "Upload-Defer-Length": "1",
        "Cache-Control": "no-store",
    }


def test_a_whole_that_is_not_together_has_no_offset() -> None:
    said = answers.head(answers.Standing(None, None, concat="final;/a"))

    assert said == {"Upload-Concat": "final;/a", "Cache-Control": "no-store"}
