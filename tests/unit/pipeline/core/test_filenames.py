import pytest

from pipeline.core.filenames import harmless, of_disposition, of_path


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.mp4", "a.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.mp4", "a.mp4"),
        ("a\x00b\x1b[31m\u202e.mp4", "ab[31m.mp4"),
        ("..", ""),
        ("/", ""),
        ("   ", ""),
        ("<script>alert(1)</script>", "script>"),
        ("x" * 999, "x" * 255),
    ],
)
def test_a_name_is_made_harmless(name: str, shown: str) -> None:
    assert harmless(name) == shown


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/films/a%20b.mp4?token=x", "a b.mp4"),
        ("/%2e%2e%2f%2e%2e%2fpasswd", "passwd"),
        ("/%EC%98%81%ED%99%94.mp4", "영화.mp4"),
        ("/a%00.mp4", "a.mp4"),
        ("/", ""),
        ("/films/", ""),
    ],
)
def test_an_address_names_a_file(path: str, name: str) -> None:
    assert of_path(path) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=a.mp4", "a.mp4"),
        ("attachment; filename=x.mp4; filename*=UTF-8''%e2%82%ac.mp4", "€.mp4"),
        ("attachment; filename*=utf-8'en'..%2f..%2fa.mp4", "a.mp4"),
        ('attachment; filename="영화.mp4"'.encode().decode("latin-1"), "영화.mp4"),
        ('attachment; filename="\xe9t\xe9.mp4"', "été.mp4"),
        ("attachment; filename*=nonsense''%ff", "ÿ"),
        ("", ""),
        (";;;filename", ""),
    ],
)
def test_a_header_may_name_a_file(header: str, name: str) -> None:
    assert of_disposition(header) == name
