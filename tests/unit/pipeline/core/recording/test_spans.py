from pipeline.core.recording.spans import Span, joined, total_ms, without


def test_spans_that_meet_or_lie_within_the_slack_are_one() -> None:
    spans = [Span(50, 60), Span(0, 10), Span(10, 20), Span(25, 30)]

    assert joined(spans) == (Span(0, 20), Span(25, 30), Span(50, 60))
    assert joined(spans, slack_ms=5) == (Span(0, 30), Span(50, 60))


def test_one_within_another_changes_nothing() -> None:
    assert joined([Span(0, 100), Span(10, 20)]) == (Span(0, 100),)


def test_what_is_taken_out_leaves_what_lies_around_it() -> None:
    left = without([Span(0, 100)], [Span(10, 20), Span(15, 30), Span(90, 200)])

    assert left == (Span(0, 10), Span(30, 90))
    assert total_ms(left) == 70


def test_what_is_left_and_too_short_is_nothing() -> None:
    assert without([Span(0, 100)], [Span(10, 60)], least_ms=20) == (Span(60, 100),)
