"""Whose advice a remedy is: that of one code, or of a whole class of errors."""

from collections.abc import Iterator

from pipeline.core.errors import ReelmillError


def is_borrowed(code: str, remedy: str) -> bool:
    """Tell whether a remedy is a class's general one, under a code of its own.

    ``queue.not_found`` is raised as ``NotFound``, whose advice is to check the id: the words of the
    code know better.
    """
    lenders = {kind.code for kind in _tree(ReelmillError) if kind.default_remedy == remedy}
    return bool(lenders) and code not in lenders


def _tree(root: type[ReelmillError]) -> Iterator[type[ReelmillError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _tree(kind)
