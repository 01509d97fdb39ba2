import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.cue_text import clean

TAG = re.compile(r"</?(b|i|u|ruby|rt|v|c|lang)(\.[\w-]+)*( [^<>]*)?>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<i>Hello</i> & <b>you</b>", "<i>Hello</i> &amp; <b>you</b>"),
        ("<v.loud Mary Ann>Hi", "<v.loud Mary Ann>Hi</v>"),
        ("<ruby>漢<rt>kan</rt></ruby>", "<ruby>漢<rt>kan</rt></ruby>"),
        ("<c.red.big>x</c> <lang ko>네</lang>", "<c.red.big>x</c> <lang ko>네</lang>"),
        ("<script>alert(1)</script>ok", "alert(1)ok"),
        ('<img src=x onerror="alert(1)">ok', "ok"),
        ("<b onclick=alert(1)>x</b>", "<b>x</b>"),
        ('<v Mary" onmouseover="x>y', '<v Mary" onmouseover="x>y</v>'),
        ("<b<script>>x", "&lt;b&gt;x"),
        ("1 < 2 --> 3", "1 &lt; 2 --&gt; 3"),
        ("&lt;b&gt; &amp; &copy; &#60;", "&lt;b&gt; &amp; &amp;copy; &amp;#60;"),
        ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
        ("</b>x", "x"),
        ("<00:00:02.000>now", "now"),
        (r"{\an8}up\hthere", "{\\an8}up\u00a0there"),
        (r"up\<x>hthere", "up\u00a0there"),
        ("m 0 0 l 100 0 100 100", ""),
        ("a\x00\x1b[31mb\n\n\nc", "a[31mb\nc"),
        ("\u202bשלום\u202c", "\u202bשלום\u202c"),
        ("x" * 5000, "x" * 2000),
    ],
)
def test_what_webvtt_knows_stays_and_the_rest_goes(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text(st.sampled_from("<>/&;bivcscript. =\"'\n-\\hm0"), max_size=60))
def test_nothing_is_left_that_could_be_markup(text: str) -> None:
    made = clean(text)

    bare = TAG.sub("", made)
    assert "<" not in bare
    assert ">" not in bare
    assert "\n\n" not in made
    # What is clean stays as it is.
    assert clean(made) == made
