"""The names in docs/glossary.md are those of the code."""

import re

from tests.helpers.wheels import CHECKOUT

FOLDERS = {"*.py": ("wavernn_tf", "export", "pipelines"), "*.[hc]*": ("export/native",)}


def names(pattern):
    """Every word of the sources in one language."""
    words = set()
    for folder in FOLDERS[pattern]:
        for path in (CHECKOUT / folder).rglob(pattern):
            words.update(re.findall(r"\w+", path.read_text(encoding="utf-8", errors="replace")))
    return words


def missing(text, known):
    """The names between backquotes of which a word is in no source."""
    return [
        name
        for name in re.findall(r"`([^`]+)`", text)
        if not set(re.findall(r"[A-Za-z_]\w*", name)) <= known
    ]


def test_every_name_of_the_glossary_is_in_the_code():
    known = names("*.py") | names("*.[hc]*") | {"py", "h", "16x1", "8x4", "4x4", "x1", "x4"}
    text = (CHECKOUT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert len(re.findall(r"`([^`]+)`", text)) > 80
    assert missing(text, known) == []
    assert missing("`Model::samples_per_stp`", known) == ["Model::samples_per_stp"]
