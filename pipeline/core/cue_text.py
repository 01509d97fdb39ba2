"""Makes the text of a cue fit to be shown: a stranger wrote it.

What stays is what WebVTT knows: bold, italic, underline, ruby, voice, class and language. Any
other tag goes, its content stays as text, and nothing is left that a careless player could take
for HTML.

Source: W3C WebVTT §4.2.2 (cue text) and §4.4 (entities).
"""

import re
from unicodedata import category

#: Longest text of one cue; a subtitle has two lines.
_MOST_CHARS = 2_000
_TOKEN = re.compile(r"<(/?)((?:[A-Za-z!?]|\d+:)[^<>\s./]*)((?:\.[^<>\s.]+)*)(?:[ \t]+([^<>]*))?/?>")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|nbsp|lrm|rlm);)")
_KEPT = frozenset({"b", "i", "u", "ruby", "rt", "v", "c", "lang"})
#: Only these have an annotation, e.g. the speaker's name.
_ANNOTATED = frozenset({"v", "lang"})
_CLASS = re.compile(r"[\w-]+")
#: Control, surrogate, private and unassigned; marks of direction and joining are text.
_UNSEEN = frozenset({"Cc", "Cs", "Co", "Cn"})
#: Pictures drawn with a pen, as ASS writes them: no text.
_DRAWING = re.compile(r"\s*m(?:\s+-?[\d.]+|\s+[mnlbspc])+\s*")


def clean(text: str) -> str:
    """Clean the text of a cue; empty where nothing readable is in it."""
    made, before = text[:_MOST_CHARS], None
    # A tag that goes may bring together what then means something.
    while made != before:
        made, before = _cleaned(made), made
    return made


def _cleaned(text: str) -> str:
    lines = (_plain(line) for line in text.splitlines())
    kept = [line for line in lines if line.strip() and not _DRAWING.fullmatch(line)]
    return _balanced("\n".join(kept))


def _plain(line: str) -> str:
    # ASS writes a hard blank so.
    spaced = line.replace(r"\h", "\N{NO-BREAK SPACE}").replace("\t", " ")
    return "".join(sign for sign in spaced if category(sign) not in _UNSEEN)


def _balanced(text: str) -> str:
    """Keep the tags that are known and closed; close what is left open."""
    made: list[str] = []
    opened: list[str] = []
    at = 0
    for token in _TOKEN.finditer(text):
        made.append(escaped(text[at : token.start()]))
        at = token.end()
        is_end, name = token[1] == "/", token[2].lower()
        if name not in _KEPT:
            continue
        if not is_end:
            opened.append(name)
            made.append(_tag(name, token[3], token[4]))
        elif name in opened:
            made.append(_closing(opened, name))
    made.append(escaped(text[at:]))
    made += [f"</{name}>" for name in reversed(opened)]
    return "".join(made).strip()


def _closing(opened: list[str], name: str) -> str:
    """Close a tag and every tag opened inside it."""
    closed: list[str] = []
    while not closed or closed[-1] != name:
        closed.append(opened.pop())
    return "".join(f"</{each}>" for each in closed)


def _tag(name: str, classes: str, annotation: str | None) -> str:
    named = "".join(f".{each}" for each in _CLASS.findall(classes))
    said = escaped(annotation.strip()) if annotation and name in _ANNOTATED else ""
    return f"<{name}{named} {said}>" if said else f"<{name}{named}>"


def escaped(text: str) -> str:
    """Escape what would begin a tag or an entity; entities WebVTT knows are left as they are."""
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
