from ipaddress import ip_address

import pytest

from pipeline.core.egress import Rules, is_public
from pipeline.core.errors import UrlRefused
from tests.support.private_urls import PRIVATE_ANSWERS, PRIVATE_URLS

HOUSE = Rules.read("10.1.0.0/16, fd00:1::/64, 127.0.0.0/8")


@pytest.mark.parametrize("url", PRIVATE_URLS, ids=ascii)
def test_what_leads_into_our_network_is_refused_by_its_text(url: str) -> None:
    with pytest.raises(UrlRefused) as refusal:
        Rules().admit(url)

    assert refusal.value.instance_code == PRIVATE_URLS[url]


@pytest.mark.parametrize("answer", PRIVATE_ANSWERS)
def test_no_private_answer_of_a_resolver_is_public(answer: str) -> None:
    assert not is_public(ip_address(answer))
    with pytest.raises(UrlRefused):
        Rules().judge(ip_address(answer), 443)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://films.example", "http://films.example/"),
        ("HTTPS://Films.Example:443/A%20b?c=%2F#d", "https://films.example/A%20b?c=%2F"),
        ("https://films.example.:8443/", "https://films.example:8443/"),
        ("http://8.8.8.8/film.mp4", "http://8.8.8.8/film.mp4"),
        ("http://films.example:/", "http://films.example/"),
        ("http://[2001:4860:4860::8888]:8080/x", "http://[2001:4860:4860::8888]:8080/x"),
        ("http://[::ffff:8.8.8.8]/", "http://[::ffff:808:808]/"),
        ("http://[64:ff9b::8.8.8.8]/", "http://[64:ff9b::808:808]/"),
        ("http://straße.example/ö", "http://xn--strae-oqa.example/%C3%B6"),
        ("http://영화.example/영화.mp4?제목=1", "http://xn--vj5bo21a.example/%EC%98"),
        ("http://r3---sn-4g5e6nz.cdn_1.example/", "http://r3---sn-4g5e6nz.cdn_1.example/"),
        ("http://films.example/a/../b;c?d=@e:f", "http://films.example/a/../b;c?d=@e:f"),
        ("http://127.0.0.1.films.example/", "http://127.0.0.1.films.example/"),
    ],
)
def test_a_public_address_is_taken_apart(url: str, asked: str) -> None:
    target = Rules().admit(url)

    assert str(target).startswith(asked)
    assert str(target).isascii()


def test_what_an_operator_allows_may_be_asked_at_any_port() -> None:
    assert HOUSE.admit("http://10.1.2.3:9/").port == 9
    assert HOUSE.admit("http://[fd00:1::7]:5000/").port == 5000
    assert str(HOUSE.judge(ip_address("::ffff:127.0.0.1"), 6)) == "127.0.0.1"
    # His names are his to give; what they stand for is judged.
    assert HOUSE.admit("http://nas:5000/").host == "nas"


@pytest.mark.parametrize("address", ["10.2.0.1", "fd00:2::1", "192.168.0.1", "::1"])
def test_what_he_does_not_allow_stays_refused(address: str) -> None:
    with pytest.raises(UrlRefused) as refusal:
        HOUSE.judge(ip_address(address), 80)
    assert refusal.value.instance_code == "url.private"


def test_a_public_address_keeps_its_ports_where_networks_are_allowed() -> None:
    with pytest.raises(UrlRefused) as refusal:
        HOUSE.judge(ip_address("8.8.8.8"), 22)
    assert refusal.value.instance_code == "url.port"
    assert str(HOUSE.judge(ip_address("8.8.8.8"), 8443)) == "8.8.8.8"


def test_a_refusal_does_not_tell_what_a_name_stands_for() -> None:
    with pytest.raises(UrlRefused) as refusal:
        Rules().judge(ip_address("10.9.8.7"), 80)
    assert "10.9" not in refusal.value.detail


@pytest.mark.parametrize("text", ["10.0.0.1/8", "nas", "10.0.0.0/33", "1.2.3.4-5.6.7.8"])
def test_networks_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Rules.read(text)


@pytest.mark.parametrize("text", ["x", "0", "70000", "90-80", "80;90"])
def test_ports_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Rules.read("", text)


def test_what_is_shown_of_an_address_has_no_secrets() -> None:
    target = Rules().admit("https://films.example/a.mp4?token=secret#x")

    assert target.shown == "https://films.example/a.mp4"
    assert str(target) == "https://films.example/a.mp4?token=secret"


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("b.mp4?x=1", "https://films.example/a/b.mp4?x=1"),
        ("/c", "https://films.example/c"),
        ("//cdn.example/d", "https://cdn.example/d"),
        ("http://cdn.example:8080/e", "http://cdn.example:8080/e"),
    ],
)
def test_a_redirect_is_taken_from_where_it_was_met(location: str, there: str) -> None:
    assert str(Rules().admit("https://films.example/a/x").leads_to(location)) == there
