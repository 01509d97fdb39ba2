from pipeline.core.errors import Conflict, NotFound, UrlRefused
from pipeline.core.remedies import is_borrowed


def test_a_class_lends_its_remedy_to_codes_that_are_not_its_own() -> None:
    assert is_borrowed("queue.not_found", NotFound.default_remedy)
    assert is_borrowed("profile.exists", Conflict.default_remedy)


def test_its_own_code_and_whoever_raised_it_keep_theirs() -> None:
    assert not is_borrowed("conflict", Conflict.default_remedy)
    assert not is_borrowed("url.invalid", UrlRefused.default_remedy)
    assert not is_borrowed("profile.unknown", "Use one of these: fast, mobile.")
