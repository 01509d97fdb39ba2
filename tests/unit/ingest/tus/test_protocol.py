"""Headers in, decisions out; each refusal has its code."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from ingest.tus.concat import shown
from ingest.tus.door import PATH
from ingest.tus.metadata import MAX_PAIRS, decoded
from ingest.tus.protocol import Append, Creation, appending, creation, require_version
from pipeline.core.errors import InvalidRequest, TooLarge
from pipeline.core.upload_errors import MediaTypeRefused, VersionRefused
from schemas.uploads import UploadId, UploadKind

ID, OTHER = UploadId("0" * 28), UploadId("a" * 28)
BODY = {"Content-Type": "application/offset+octet-stream"}


def created(**headers: str) -> Creation:
    return creation(named(headers), path=PATH, max_bytes=1000)


def appended(**headers: str) -> Append:
    return appending(named({"Upload_Offset": "0", **BODY, **headers}), max_bytes=1000)


def named(headers: dict[str, str]) -> Headers:
    return Headers({name.replace("_", "-"): value for name, value in headers.items()})


def b64(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@pytest.mark.parametrize("sent", [None, "", "0.2.2", "1.0", "1.0.1", "1.0.0,1.0.0", "one"])
def test_other_versions_are_refused(sent: str | None) -> None:
    with pytest.raises(VersionRefused):
        require_version(Headers({} if sent is None else {"Tus-Resumable": sent}))


def test_our_version_goes_on() -> None:
    require_version(Headers({"Tus-Resumable": "1.0.0"}))


def test_a_length_or_its_deferral_opens_an_upload() -> None:
    assert created(Upload_Length="1000").length_bytes == 1000
    assert created(Upload_Length="0").length_bytes == 0
    assert created(Upload_Defer_Length="1").length_bytes is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload_Length": "5", "Upload_Defer_Length": "1"},
        {"Upload_Defer_Length": "0"},
        {"Upload_Defer_Length": "true"},
        {"Upload_Length": "-1"},
        {"Upload_Length": "+1"},
        {"Upload_Length": "0x10"},
        {"Upload_Length": "1e3"},
        {"Upload_Length": "5,5"},
        {"Upload_Length": "٥"},
        {"Upload_Length": ""},
        {"Upload_Length": "9" * 19},
        {"Upload_Length": "5", "Upload_Checksum": "md5 " + b64(b"0" * 16)},
        {"Upload_Length": "5", "Upload_Checksum": "sha1"},
        {"Upload_Length": "5", "Upload_Checksum": "sha1 !!!"},
        {"Upload_Length": "5", "Upload_Checksum": "sha1 " + b64(b"short")},
        {"Upload_Length": "5", "Upload_Concat": "whole"},
        {"Upload_Length": "5", "Upload_Concat": "partial;/x"},
        {"Upload_Concat": "final"},
        {"Upload_Concat": "final;"},
        {"Upload_Concat": f"final;{PATH}/nobody"},
        {"Upload_Concat": f"final;/api/elsewhere/{ID}"},
        {"Upload_Concat": f"final;{PATH}/../{ID}"},
        {"Upload_Concat": "final;http://[broken"},
        {"Upload_Concat": f"final;{PATH}/{ID}", "Upload_Length": "5"},
        {"Upload_Concat": f"final;{PATH}/{ID}", "Upload_Defer_Length": "1"},
    ],
)
def test_a_wrong_creation_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        created(**headers)

    assert refused.value.instance_code == "upload.header"


def test_more_than_is_allowed_is_refused_before_a_byte() -> None:
    with pytest.raises(TooLarge):
        created(Upload_Length="1001")
    with pytest.raises(TooLarge):
        appended(Upload_Length="1001")


def test_a_creation_may_bring_bytes_if_it_says_so() -> None:
    assert created(Upload_Length="5", Content_Length="5", **BODY).has_bytes
    assert not created(Upload_Length="5", Content_Length="0").has_bytes
    with pytest.raises(MediaTypeRefused):
        created(Upload_Length="5", Content_Length="5", Content_Type="video/mp4")
    with pytest.raises(MediaTypeRefused):
        created(Upload_Concat=f"final;{PATH}/{ID}", Content_Length="5", **BODY)


def test_a_final_upload_names_its_parts_in_order() -> None:
    said = created(
        Upload_Concat=f"final;{PATH}/{ID} https://other.example/front{PATH}/{OTHER} {PATH}/{ID}"
    ).concat

    assert (said.kind, said.parts) == (UploadKind.FINAL, (ID, OTHER, ID))
    again = shown(said.kind, said.parts, path=PATH)
    assert again == f"final;{PATH}/{ID} {PATH}/{OTHER} {PATH}/{ID}"
    assert created(Upload_Length="5", Upload_Concat="partial").concat.kind is UploadKind.PARTIAL


def test_an_append_needs_its_type_and_its_offset() -> None:
    assert appended(Upload_Offset="7").offset_bytes == 7
    assert appended(Upload_Length="9").length_bytes == 9
    assert appended(Content_Type="Application/Offset+Octet-Stream; x=y").offset_bytes == 0
    for kind in ("", "application/octet-stream", "video/mp4"):
        with pytest.raises(MediaTypeRefused):
            appended(Content_Type=kind)
    for offset in ("", "-1", "0x0", "1.0", "9" * 19):
        with pytest.raises(InvalidRequest):
            appended(Upload_Offset=offset)
    with pytest.raises(InvalidRequest):
        appending(Headers(BODY), max_bytes=1000)


def test_metadata_is_read() -> None:
    header = f"filename {b64('Größe 영화.mp4')},is_confidential,empty , name {b64('x')}"

    assert decoded(header) == {
        "filename": "Größe 영화.mp4",
        "is_confidential": "",
        "empty": "",
        "name": "x",
    }
    assert decoded(None) == decoded("") == decoded("  ") == {}


@pytest.mark.parametrize(
    "header",
    [
        ",",
        "name,",
        f"name {b64('x')},name {b64('y')}",
        "name ***",
        "name eA",
        "name e A==",
        "name " + b64(bytes((255, 254))),
        f"na\x00me {b64('x')}",
        f"näme {b64('x')}",
        "n" * 129,
        ",".join(f"n{n}" for n in range(MAX_PAIRS + 1)),
    ],
)
def test_wrong_metadata_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decoded(header)

    assert refused.value.instance_code == "upload.metadata"


def test_a_header_without_end_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        created(Upload_Length="5", Upload_Metadata=f"name {b64('x' * 9000)}")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.text(max_size=30)))
def test_what_clients_encode_is_what_we_read(pairs: dict[str, str]) -> None:
    header = ",".join(f"{name} {b64(value)}".rstrip() for name, value in pairs.items())

    assert decoded(header) == pairs


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "Upload-Length",
                "Upload-Offset",
                "Upload-Defer-Length",
                "Upload-Metadata",
                "Upload-Concat",
                "Upload-Checksum",
                "Content-Length",
                "Content-Type",
            ]
        ),
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40),
    )
)
def test_no_header_does_more_than_be_refused(headers: dict[str, str]) -> None:
    for read in (
        lambda: creation(Headers(headers), path=PATH, max_bytes=1000),
        lambda: appending(Headers(headers), max_bytes=1000),
    ):
        with suppress(InvalidRequest):
            read()
